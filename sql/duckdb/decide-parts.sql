-- What happens to each row of a table of an event's parts: it follows its event. Rows of an updated event that did not
-- change, of the same delivery, are left alone. Where rows are repaired, a row that is under its key more than once
-- changes, and one whose event is not there goes. Expects temp: decided, settled_{{table}}, plan_dates, judged_objects.
CREATE OR REPLACE TEMP TABLE decided_{{table}} AS
WITH
  touched AS (SELECT event_id, action FROM decided WHERE action IN ('insert', 'update', 'delete')),
  s AS (
    SELECT {{keys}}, event_date, _row_hash, _delivery, _raw_object, _raw_row
    FROM settled_{{table}}
    WHERE event_id IN (SELECT event_id FROM touched WHERE action <> 'delete')
  ),
  t AS (
    SELECT {{keys}}, event_date, {{target_row_hash}} AS _row_hash, _delivery, _raw_object, _raw_row, {{doubled}} AS doubled
    FROM {{schema}}.{{table}} AS target
    WHERE event_id IN (SELECT event_id FROM touched)
  )
SELECT
  {{coalesced_keys}},
  s.event_date AS new_date,
  t.event_date AS old_date,
  CASE
    WHEN t.event_id IS NULL THEN 'insert'
    WHEN s.event_id IS NULL THEN 'delete'
    WHEN NOT t.doubled AND s._row_hash = t._row_hash AND s.event_date = t.event_date AND s._delivery = t._delivery
      AND s._raw_object = t._raw_object AND s._raw_row = t._raw_row THEN 'unchanged'
    ELSE 'update'
  END AS action
FROM s FULL JOIN t ON {{keys_equal}}
UNION ALL
SELECT {{keys_prefixed}}, rest.event_date, rest.event_date, d.action
FROM {{schema}}.{{table}} AS rest
JOIN decided AS d ON d.event_id = rest.event_id AND d.action IN ('unchanged', 'kept_newer', 'raw_gone', 'not_whole', 'held')
UNION ALL
SELECT {{keys_of_lone}}, NULL, lone.event_date, 'delete'
FROM {{schema}}.{{table}} AS lone
WHERE {{repair}}
  AND lone.event_date IN (SELECT event_date FROM plan_dates WHERE group_no = {{group}} AND takes_back AND NOT held)
  AND lone._raw_object IN (SELECT raw_object FROM judged_objects)
  AND lone.event_id NOT IN (SELECT event_id FROM decided)
  AND lone.event_id NOT IN (SELECT event_id FROM {{schema}}.events);
