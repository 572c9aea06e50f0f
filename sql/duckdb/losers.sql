-- The deliveries that are not the greatest of their event. Of the very same delivery at several places the first place
-- counts.
CREATE OR REPLACE TEMP TABLE losers AS
SELECT event_id, _raw_object, _raw_row
FROM (
  SELECT
    event_id, _raw_object, _raw_row,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY {{greatest_first}}, _raw_object, _raw_row
    ) AS place
  FROM staged_events AS staged
  WHERE event_id IN (SELECT event_id FROM staged_events GROUP BY event_id HAVING count(*) > 1)
) AS ranked
WHERE place > 1;
