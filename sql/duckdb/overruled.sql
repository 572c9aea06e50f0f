-- Settled events whose row in the warehouse is newer live data: what they offer does not compete. Expects temp:
-- settled_events, judged_objects.
CREATE OR REPLACE TEMP TABLE overruled AS
SELECT s.event_id
FROM settled_events AS s
JOIN {{schema}}.events AS t ON t.event_id = s.event_id
LEFT JOIN judged_objects AS j ON j.raw_object = t._raw_object
WHERE j.raw_object IS NULL
  AND ({{precedence_s}}, s.received_at, {{delivery_s}}, s.source) < ({{precedence_t}}, t.received_at, {{delivery_t}}, t.source);
