-- Adds what was compared in a bucket. A row that nobody here judges counts as a row, and in no digest.
INSERT INTO compared_dates
SELECT
  event_date,
  count(*) FILTER (is_judged),
  count(*) FILTER (is_judged AND kind <> 'same'),
  count(*) FILTER (kind = 'raw_gone'),
  count(*) FILTER (kind = 'live'),
  count(found_hash),
  count(found_hash) FILTER (is_judged),
  sum({{found_1}}) FILTER (is_judged),
  sum({{found_2}}) FILTER (is_judged),
  count(expected_hash) FILTER (is_judged),
  sum({{expected_1}}) FILTER (is_judged),
  sum({{expected_2}}) FILTER (is_judged)
FROM (SELECT *, kind NOT IN ('live', 'raw_gone') AS is_judged FROM compared)
GROUP BY event_date;
