-- What the buckets of a table add up to, by date.
CREATE OR REPLACE TEMP TABLE compared_dates (
  event_date DATE, checked BIGINT, wrong BIGINT, gone BIGINT, live BIGINT, rows BIGINT,
  found BIGINT, found_1 HUGEINT, found_2 HUGEINT, expected BIGINT, expected_1 HUGEINT, expected_2 HUGEINT
);
