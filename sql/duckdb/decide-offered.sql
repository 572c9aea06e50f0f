-- What happens to each row that several events may offer, by its own key and the order of the offering delivery. Offers
-- of an event whose row in the warehouse is newer live data do not compete. Otherwise as decide-events.sql. Expects temp:
-- overruled, stand_in_{{table}}. {{doubled}}: whether a row is under its key more than once, where that is looked at.
CREATE OR REPLACE TEMP TABLE decided_{{table}} AS
WITH
  group_dates AS (SELECT event_date FROM plan_dates WHERE group_no = {{group}}),
  offers AS (
    SELECT event_id, event_date, received_at, source, _delivery, _raw_object, _row_hash, _offered_by, _offer_index
    FROM settled_{{table}}
    WHERE _offered_by NOT IN (SELECT event_id FROM overruled)
    UNION ALL
    SELECT event_id, event_date, received_at, source, _delivery, _raw_object, _row_hash, _offered_by, _offer_index
    FROM stand_in_{{table}}
  ),
  staged_here AS (SELECT *, false AS elsewhere FROM offers WHERE event_date IN (SELECT event_date FROM group_dates)),
  target_here AS (
    SELECT event_id, event_date, received_at, source, _delivery, _raw_object, _offered_by, _offer_index,
      {{target_row_hash}} AS _row_hash, {{doubled}} AS doubled
    FROM {{schema}}.{{table}} AS target
    WHERE event_date IN (SELECT event_date FROM group_dates) OR event_id IN (SELECT event_id FROM staged_here)
  ),
  staged AS (
    SELECT * FROM staged_here
    UNION ALL
    SELECT *, true FROM offers
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
      NOT t.doubled AND s._row_hash = t._row_hash AND s._offered_by = t._offered_by AND s._offer_index = t._offer_index AS same_content,
      s._delivery = t._delivery AND s.source = t.source AND s.received_at = t.received_at AS same_delivery,
      s._raw_object = t._raw_object OR j.raw_object IS NOT NULL AS known_object,
      j.raw_object IS NOT NULL AS judged,
      CASE WHEN g.raw_object IS NOT NULL THEN 'raw_gone' WHEN j.raw_object IS NOT NULL THEN 'not_whole' ELSE 'kept_newer' END AS kept,
      {{offer_order_s}}
        >= {{offer_order_t}} AS upward
    FROM staged AS s
    FULL JOIN target_here AS t ON s.event_id = t.event_id
    LEFT JOIN judged_objects AS j ON j.raw_object = t._raw_object
    LEFT JOIN gone_objects AS g ON g.raw_object = t._raw_object
  )
SELECT
  event_id, new_date, old_date,
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
