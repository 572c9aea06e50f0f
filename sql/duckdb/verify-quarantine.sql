-- Compares what is rejected today, and the objects that cannot be read, with the quarantine, in the form of
-- verify-table.sql. Entries of objects that no plan reads are left out. Expects temp: settled_quarantine,
-- unreadable_entries, judged_objects, plan_dates.
CREATE OR REPLACE TEMP TABLE compared AS
WITH
  d AS (
    SELECT {{columns}} FROM settled_quarantine
    WHERE {{bucket}} AND event_date >= DATE '{{from}}' AND event_date < DATE '{{to}}'
    UNION ALL
    SELECT {{columns}} FROM unreadable_entries WHERE {{bucket}} AND EXISTS (FROM plan_dates)
  ),
  w AS (
    SELECT {{columns}},
      _raw_object IN (SELECT raw_object FROM judged_objects) AS judged,
      count(*) OVER (PARTITION BY _raw_object, _raw_row) > 1 AS doubled
    FROM {{schema}}.quarantine AS target
    WHERE {{bucket}} AND (event_date >= DATE '{{from}}' AND event_date < DATE '{{to}}'
      OR (_raw_object, _raw_row) IN (SELECT (_raw_object, _raw_row) FROM d))
  )
SELECT
  coalesce(d._raw_object, w._raw_object) || '#' || coalesce(d._raw_row, w._raw_row) AS event_id,
  {{key_text}} AS key_text,
  d.event_date AS expected_date,
  coalesce(w.event_date, d.event_date) AS event_date,
  CASE WHEN d._raw_object IS NOT NULL THEN {{hash_d}} END AS expected_hash,
  CASE WHEN w._raw_object IS NOT NULL THEN {{hash_w}} END AS found_hash,
  CASE
    WHEN w.doubled THEN 'duplicate'
    WHEN w._raw_object IS NULL THEN 'missing'
    WHEN d._raw_object IS NULL AND NOT w.judged THEN 'live'
    WHEN d._raw_object IS NULL THEN 'unexpected'
    WHEN {{hash_d}} = {{hash_w}} THEN 'same'
    ELSE 'differs'
  END AS kind
FROM d FULL JOIN w ON d._raw_object = w._raw_object AND d._raw_row = w._raw_row;
