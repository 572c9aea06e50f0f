-- What an undo does to each row that goes by its own key: events, offered rows, quarantine entries. Expects temp:
-- undone_{{table}}, image_{{table}} (the rows as they were before the undone run), standing_{{table}}.
CREATE OR REPLACE TEMP TABLE {{decided}} AS
SELECT
  {{keys}}, now_run, action,
  CASE WHEN action IN ('insert', 'update') THEN image_date END AS new_date,
  CASE WHEN action IN ('changed_since', 'raw_gone') THEN coalesce(standing_date, left_date, date_before)
    ELSE standing_date END AS old_date
FROM (
  SELECT
    {{undone_keys}}, u.new_date AS left_date, u.old_date AS date_before,
    i.event_date AS image_date, t.event_date AS standing_date, t._run_id AS now_run,
    CASE
      WHEN {{set_changed}} THEN 'changed_since'
      WHEN u.action <> 'delete' AND t.as_left IS NULL THEN 'changed_since'
      WHEN NOT t.as_left THEN 'changed_since'
      WHEN u.action = 'insert' THEN 'delete'
      WHEN {{raw_gone}} THEN 'raw_gone'
      WHEN t.as_left IS NULL THEN 'insert'
      ELSE 'update'
    END AS action
  FROM undone_{{table}} AS u
  LEFT JOIN standing_{{table}} AS t ON {{standing_equal}}
  LEFT JOIN image_{{table}} AS i ON {{image_equal}}
) AS pairs;
