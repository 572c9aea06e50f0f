-- Why each changed quarantine entry changes, in the terms of causes.sql. Expects temp: decided_quarantine,
-- settled_quarantine, known_dates.
CREATE OR REPLACE TEMP TABLE causes_quarantine AS
WITH
  c AS (SELECT * FROM decided_quarantine WHERE action IN ('insert', 'update', 'delete')),
  t AS (
    SELECT _raw_object, _raw_row, _transform_version, _run_id
    FROM {{schema}}.quarantine
    WHERE _raw_object IN (SELECT _raw_object FROM c WHERE action <> 'insert')
  ),
  -- What the delivery gave until today.
  e AS (
    SELECT _raw_object, _raw_row, min(_transform_version) AS _transform_version
    FROM {{schema}}.events
    WHERE _raw_object IN (SELECT _raw_object FROM c WHERE action = 'insert') AND _transform_version <> '{{transform}}'
    GROUP BY _raw_object, _raw_row
  )
SELECT
  c._raw_object, c._raw_row, c.action, c.new_date, c.old_date,
  coalesce(t._transform_version, e._transform_version) AS old_transform,
  CASE
    WHEN c._raw_row < 0 THEN CASE WHEN c.action = 'delete' THEN 'repaired_quarantine' ELSE 'unreadable_object' END
    WHEN c.action = 'insert' THEN
      CASE
        WHEN e._raw_object IS NOT NULL THEN 'rejected_today'
        WHEN c.new_date IN (SELECT event_date FROM lost_dates) THEN 'republished'
        WHEN f.event_date IS NULL THEN 'first_load'
        ELSE 'late_arrival'
      END
    WHEN t._transform_version <> '{{transform}}' THEN
      CASE WHEN c.action = 'delete' AND p._raw_object IS NULL THEN 'repaired_quarantine' ELSE 'transform_changed' END
    WHEN NOT regexp_full_match(t._run_id, '{{run_id}}') THEN 'live_row'
    WHEN x.raw_object IS NOT NULL THEN 'raw_changed'
    WHEN coalesce(c.new_date, c.old_date) IN (SELECT event_date FROM lost_dates) THEN 'republished'
    WHEN {{repair}} THEN 'repaired'
    ELSE 'unexplained'
  END AS cause
FROM c
LEFT JOIN t ON t._raw_object = c._raw_object AND t._raw_row = c._raw_row AND c.action <> 'insert'
LEFT JOIN e ON e._raw_object = c._raw_object AND e._raw_row = c._raw_row AND c.action = 'insert'
LEFT JOIN settled_quarantine AS p ON p._raw_object = c._raw_object AND p._raw_row = c._raw_row
LEFT JOIN changed_objects AS x ON x.raw_object = t._raw_object
LEFT JOIN known_dates AS f ON f.event_date = c.new_date;
