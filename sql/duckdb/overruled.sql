-- Settled events whose row in the warehouse is greater, and stays: newer live data, or a row at a date where nothing
-- is deleted or overruled. What they offer does not compete. Expects temp: settled_events, judged_objects, plan_dates.
CREATE OR REPLACE TEMP TABLE overruled AS
SELECT s.event_id
FROM settled_events AS s
JOIN {{schema}}.events AS t ON t.event_id = s.event_id
LEFT JOIN judged_objects AS j ON j.raw_object = t._raw_object
LEFT JOIN plan_dates AS n ON n.event_date = s.event_date
LEFT JOIN plan_dates AS o ON o.event_date = t.event_date
WHERE NOT (j.raw_object IS NOT NULL AND coalesce(n.takes_back, true) AND coalesce(o.takes_back, true))
  AND {{order_s}} < {{order_t}};
