-- Why each changed event changes: the first condition that is true of the row. What none of them is true of is
-- `unexplained`: the same transforms made something else of the same delivery, or the row was edited. Expects temp:
-- decided, known_dates, settled_events, settled_quarantine; reads tables and quarantine before they are changed.
-- lost_dates: those of which the warehouse lost what was published. known_dates: those that had been published before
-- the run. read_before: whether a date was published from an object before, and by the same transforms; what it gives now
-- cannot have come late. changed_objects: raw with other content than when it was read. {{transform}}: the digest of the
-- run's transforms.
CREATE OR REPLACE TEMP TABLE decided_causes AS
WITH
  c AS (SELECT * FROM decided WHERE action IN ('insert', 'update', 'delete')),
  t AS (
    SELECT event_id, schema_version, _raw_object, _raw_row, _transform_version, _run_id, _content_hash
    FROM {{schema}}.events
    WHERE event_date IN (SELECT old_date FROM c) AND event_id IN (SELECT event_id FROM c WHERE action <> 'insert')
  ),
  s AS (
    SELECT event_id, schema_version, _content_hash
    FROM settled_events
    WHERE event_id IN (SELECT event_id FROM c WHERE action = 'update')
  ),
  -- What stood at a place in raw under other transforms.
  r AS (
    SELECT _raw_object, _raw_row, min(_transform_version) AS _transform_version
    FROM t WHERE _transform_version <> '{{transform}}' GROUP BY _raw_object, _raw_row
  ),
  unreadable AS (SELECT DISTINCT _raw_object FROM {{schema}}.quarantine WHERE _raw_row < 0)
SELECT
  c.event_id, c.action, c.new_date, c.old_date,
  coalesce(t._transform_version, r._transform_version) AS old_transform,
  CASE
    WHEN (c.action = 'insert' OR (c.upward AND NOT c.same_delivery))
      AND (q._raw_object IS NOT NULL OR u._raw_object IS NOT NULL) THEN 'repaired_quarantine'
    WHEN c.action = 'insert' THEN
      CASE
        WHEN r._raw_object IS NOT NULL THEN 'transform_changed'
        WHEN c.new_date IN (SELECT event_date FROM lost_dates) THEN 'republished'
        WHEN f.event_date IS NULL THEN 'first_load'
        WHEN b.raw_object IS NULL THEN 'late_arrival'
        WHEN NOT b.same_transforms THEN 'transform_changed'
        WHEN {{repair}} THEN 'repaired'
        ELSE 'unexplained'
      END
    WHEN c.upward AND NOT c.same_delivery AND NOT (t._raw_object = c.new_object AND t._raw_row = c.new_row) THEN 'correction'
    WHEN c.same_content AND c.same_delivery AND c.new_date = c.old_date THEN 'lineage'
    WHEN s._content_hash = t._content_hash AND NOT c.same_content THEN 'repaired'
    WHEN t._transform_version <> '{{transform}}' THEN
      CASE
        WHEN p._raw_object IS NOT NULL THEN 'rejected_today'
        WHEN c.same_delivery AND s.schema_version IS DISTINCT FROM t.schema_version THEN 'schema_version'
        ELSE 'transform_changed'
      END
    WHEN NOT regexp_full_match(t._run_id, '{{run_id}}') THEN 'live_row'
    WHEN x.raw_object IS NOT NULL AND (c.action = 'delete' OR NOT c.same_delivery) THEN 'raw_changed'
    WHEN coalesce(c.new_date, c.old_date) IN (SELECT event_date FROM lost_dates) THEN 'republished'
    WHEN {{repair}} THEN 'repaired'
    ELSE 'unexplained'
  END AS cause
FROM c
LEFT JOIN t ON t.event_id = c.event_id AND c.action <> 'insert'
LEFT JOIN s ON s.event_id = c.event_id AND c.action = 'update'
LEFT JOIN r ON r._raw_object = c.new_object AND r._raw_row = c.new_row AND c.action = 'insert'
LEFT JOIN {{schema}}.quarantine AS q ON q._raw_object = c.new_object AND q._raw_row = c.new_row
LEFT JOIN unreadable AS u ON u._raw_object = c.new_object
LEFT JOIN settled_quarantine AS p ON p._raw_object = t._raw_object AND p._raw_row = t._raw_row
LEFT JOIN changed_objects AS x ON x.raw_object = t._raw_object
LEFT JOIN known_dates AS f ON f.event_date = c.new_date
LEFT JOIN read_before AS b ON b.raw_object = c.new_object AND b.event_date = c.new_date;
