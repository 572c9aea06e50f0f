-- What an undo does to each part of the events that the undone run changed: it goes with its event. Expects temp: decided,
-- undone_{{table}}, image_{{table}}, standing_{{table}}.
CREATE OR REPLACE TEMP TABLE decided_{{table}} AS
SELECT
  {{undone_keys}},
  t._run_id AS now_run,
  CASE
    WHEN e.action IN ('changed_since', 'raw_gone') THEN e.action
    WHEN u.action = 'insert' THEN 'delete'
    WHEN u.action = 'delete' THEN 'insert'
    ELSE 'update'
  END AS action,
  CASE WHEN e.action NOT IN ('changed_since', 'raw_gone') THEN i.event_date END AS new_date,
  CASE WHEN e.action IN ('changed_since', 'raw_gone') THEN coalesce(t.event_date, u.new_date, u.old_date)
    ELSE t.event_date END AS old_date
FROM undone_{{table}} AS u
JOIN decided AS e ON e.event_id = u.event_id
LEFT JOIN standing_{{table}} AS t ON {{standing_equal}}
LEFT JOIN image_{{table}} AS i ON {{image_equal}};
