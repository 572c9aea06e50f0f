-- What happens to each quarantine entry of the group's dates. Entries of objects that were read are replaced by what
-- today's rules reject; an object that cannot be read has one entry of its own, decided by the first group.
CREATE OR REPLACE TEMP TABLE decided_quarantine AS
WITH
  group_dates AS (SELECT event_date FROM plan_dates WHERE group_no = {{group}}),
  s AS (
    SELECT {{columns}} FROM settled_quarantine WHERE event_date IN (SELECT event_date FROM group_dates)
    UNION ALL
    SELECT {{columns}} FROM unreadable_entries WHERE {{group}} = 0
  ),
  t AS (
    SELECT {{columns}}, {{doubled}} AS doubled
    FROM {{schema}}.quarantine AS target
    WHERE (_raw_row >= 0 AND event_date IN (SELECT event_date FROM group_dates)
        AND _raw_object IN (SELECT raw_object FROM judged_objects))
      OR ({{group}} = 0 AND _raw_row < 0 AND _raw_object IN (SELECT raw_object FROM judged_objects))
      OR (_raw_object, _raw_row) IN (SELECT (_raw_object, _raw_row) FROM s)
  )
SELECT
  coalesce(s._raw_object, t._raw_object) AS _raw_object,
  coalesce(s._raw_row, t._raw_row) AS _raw_row,
  s.event_date AS new_date,
  t.event_date AS old_date,
  CASE
    WHEN t._raw_object IS NULL THEN 'insert'
    WHEN s._raw_object IS NULL THEN 'delete'
    WHEN NOT t.doubled AND {{same_rest}} AND s.reason = t.reason AND s.detail IS NOT DISTINCT FROM t.detail
      AND s.source IS NOT DISTINCT FROM t.source
      AND s.event_date IS NOT DISTINCT FROM t.event_date THEN 'unchanged'
    ELSE 'update'
  END AS action
FROM s FULL JOIN t ON s._raw_object = t._raw_object AND s._raw_row = t._raw_row;
