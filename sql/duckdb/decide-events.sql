-- What happens to each event that one date group decides: a row for every event whose settled delivery falls into the
-- group, or whose row in the warehouse does. An event is decided once: by the group of its settled date when that is
-- in the window, else by the group of the date at which it stands.
-- Expects temp: plan_dates, judged_objects, gone_objects, settled_events. Placeholders: schema, group, from, to, the order
-- of copies, and the content hash of a target row (stored, or recomputed to find rows edited by hand).
CREATE OR REPLACE TEMP TABLE decided AS
WITH
  group_dates AS (SELECT event_date FROM plan_dates WHERE group_no = {{group}}),
  staged_here AS (
    SELECT event_id, event_date, received_at, source, _delivery, _raw_object, _raw_row, _content_hash, false AS elsewhere
    FROM settled_events
    WHERE event_date IN (SELECT event_date FROM group_dates)
  ),
  target_here AS (
    SELECT event_id, event_date, received_at, source, _delivery, _raw_object, _transform_version,
      {{target_content_hash}} AS _content_hash
    FROM {{schema}}.events AS target
    WHERE event_date IN (SELECT event_date FROM group_dates) OR event_id IN (SELECT event_id FROM staged_here)
  ),
  staged AS (
    SELECT * FROM staged_here
    UNION ALL
    SELECT event_id, event_date, received_at, source, _delivery, _raw_object, _raw_row, _content_hash, true
    FROM settled_events
    WHERE event_date NOT IN (SELECT event_date FROM group_dates) AND event_id IN (SELECT event_id FROM target_here)
  ),
  pairs AS (
    SELECT
      coalesce(s.event_id, t.event_id) AS event_id,
      s.event_date AS new_date,
      t.event_date AS old_date,
      s.event_id IS NOT NULL AS is_staged,
      t.event_id IS NOT NULL AS is_target,
      coalesce(s.elsewhere, false) AS elsewhere,
      s._raw_object AS new_object,
      s._raw_row AS new_row,
      s._content_hash = t._content_hash AS same_content,
      s._delivery = t._delivery AND s.source = t.source AND s.received_at = t.received_at AS same_delivery,
      s._raw_object = t._raw_object OR j.raw_object IS NOT NULL AS known_object,
      j.raw_object IS NOT NULL AS judged,
      CASE WHEN g.raw_object IS NOT NULL THEN 'raw_gone' WHEN j.raw_object IS NOT NULL THEN 'not_whole' ELSE 'kept_newer' END AS kept,
      {{order_s}}
        >= {{order_t}} AS upward
    FROM staged AS s
    FULL JOIN target_here AS t ON s.event_id = t.event_id
    LEFT JOIN judged_objects AS j ON j.raw_object = t._raw_object
    LEFT JOIN gone_objects AS g ON g.raw_object = t._raw_object
  )
SELECT
  event_id, new_date, old_date, same_content, same_delivery, upward, judged, new_object, new_row,
  CASE
    WHEN coalesce(n.held, false) OR coalesce(o.held, false) THEN 'held'
    WHEN NOT is_target THEN 'insert'
    WHEN NOT is_staged THEN CASE WHEN judged AND whole_dates THEN 'delete' ELSE kept END
    WHEN same_content AND same_delivery AND new_date = old_date AND known_object THEN 'unchanged'
    WHEN upward THEN 'update'
    WHEN judged AND whole_dates THEN 'update'
    ELSE kept
  END AS action
FROM (
  SELECT pairs.*, coalesce(n.takes_back, true) AND coalesce(o.takes_back, true) AS whole_dates
  FROM pairs
  LEFT JOIN plan_dates AS n ON n.event_date = pairs.new_date
  LEFT JOIN plan_dates AS o ON o.event_date = pairs.old_date
) AS judged_pairs
LEFT JOIN plan_dates AS n ON n.event_date = new_date
LEFT JOIN plan_dates AS o ON o.event_date = old_date
WHERE NOT elsewhere OR new_date < DATE '{{from}}' OR new_date >= DATE '{{to}}';
