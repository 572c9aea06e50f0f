-- How late the winning copies of events came, received_at − occurred_at, counted by source, by whole dates late, and by
-- sixteenths of powers of two in microseconds: exact counts in bounded memory, whatever the number of events. An event that
-- was received before it occurred is not late. Placeholders: schema, where.
WITH lateness AS (
  SELECT
    source,
    greatest(date_diff('day', event_date, CAST(received_at AS DATE)), 0) AS dates_late,
    greatest(epoch_us(received_at) - epoch_us(occurred_at), 0) AS late_us
  FROM {{schema}}.events
  WHERE {{where}}
)
SELECT
  source,
  dates_late,
  CASE WHEN late_us = 0 THEN -1 ELSE CAST(floor(log2(late_us) * 16) AS INTEGER) END AS sixteenth,
  count(*) AS events,
  max(late_us) AS latest_us,
  count(*) FILTER (late_us > 3600000000) AS later_than_1_hour,
  count(*) FILTER (late_us > 86400000000) AS later_than_24_hours,
  count(*) FILTER (late_us > 604800000000) AS later_than_7_days
FROM lateness
GROUP BY source, dates_late, sixteenth
ORDER BY source, dates_late, sixteenth;
