-- Of the rows that the undone run changed, those that stand under the same key, and whether each is as the run left it.
-- Expects temp: undone_{{table}}; for the undo of an undo also left_{{table}}, the rows that it put back.
CREATE OR REPLACE TEMP TABLE standing_{{table}} AS
SELECT {{target_keys}}, target.event_date, target._run_id, coalesce({{as_left}}, false) AS as_left
FROM {{schema}}.{{table}} AS target
JOIN undone_{{table}} AS u ON {{undone_equal}}
{{join_left}};
