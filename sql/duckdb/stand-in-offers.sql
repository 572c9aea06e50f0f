-- For each key whose greatest offer is of an overruled event: the greatest of the others. Only keys are ordered; the rows
-- are looked up by them. Expects temp: overruled.
CREATE OR REPLACE TEMP TABLE stand_in_keys_{{table}} AS
SELECT event_id, _offered_by, _raw_object, _raw_row
FROM (
  SELECT
    event_id, _offered_by, _raw_object, _raw_row,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY {{greatest_offer_first}}, _offered_by, _raw_object, _raw_row
    ) AS place
  FROM {{beaten}} AS s
  WHERE _offered_by NOT IN (SELECT event_id FROM overruled)
    AND event_id IN (SELECT event_id FROM settled_{{table}} WHERE _offered_by IN (SELECT event_id FROM overruled))
) AS ranked
WHERE place = 1;
CREATE OR REPLACE TEMP VIEW stand_in_{{table}} AS
SELECT * FROM {{beaten}} SEMI JOIN stand_in_keys_{{table}} USING (event_id, _offered_by, _raw_object, _raw_row);
