-- The rows that winning events offer under a key which another offer wins: the greatest offering delivery counts,
-- within one event the later in its list.
CREATE OR REPLACE TEMP TABLE losing_{{table}} AS
WITH
  offers AS (
    SELECT staged.event_id, staged.received_at, staged.source, staged._delivery, staged._raw_object, staged._raw_row,
      staged._offered_by, staged._offer_index
    {{from}}
  ),
  doubled AS (SELECT event_id FROM offers GROUP BY event_id HAVING count(*) > 1)
SELECT event_id, _offered_by, _raw_object, _raw_row
FROM (
  SELECT
    event_id, _offered_by, _raw_object, _raw_row,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY {{greatest_offer_first}}, _offered_by, _raw_object, _raw_row
    ) AS place
  FROM offers AS staged
  WHERE event_id IN (SELECT event_id FROM doubled)
) AS ranked
WHERE place > 1;
