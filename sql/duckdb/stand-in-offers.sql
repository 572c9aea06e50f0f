-- For each key whose greatest offer is of an overruled event: the greatest of the others. Expects temp: overruled.
CREATE OR REPLACE TEMP TABLE stand_in_{{table}} AS
SELECT * EXCLUDE (place)
FROM (
  SELECT
    s.*,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY {{precedence_s}} DESC, received_at DESC, {{delivery}} DESC, source DESC, _offer_index DESC, _offered_by, _raw_object, _raw_row
    ) AS place
  FROM {{beaten}} AS s
  WHERE _offered_by NOT IN (SELECT event_id FROM overruled)
    AND event_id IN (SELECT event_id FROM settled_{{table}} WHERE _offered_by IN (SELECT event_id FROM overruled))
) AS ranked
WHERE place = 1;
