-- Events of which a part is not as the undone run left it: changed, gone, there again, or one that it did not know.
INSERT INTO parts_changed
SELECT u.event_id
FROM undone_{{table}} AS u
LEFT JOIN standing_{{table}} AS t ON {{standing_equal}}
WHERE CASE WHEN u.action = 'delete' THEN t.event_id IS NOT NULL ELSE t.as_left IS NOT TRUE END
UNION
SELECT target.event_id
FROM {{schema}}.{{table}} AS target
JOIN undone_events AS e ON e.event_id = target.event_id AND e.action = 'insert'
ANTI JOIN undone_{{table}} AS u ON {{undone_equal}};
