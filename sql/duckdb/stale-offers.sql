-- Dates at which offered rows stand that are not of the delivery by which their event stands, for events that stand by a
-- delivery of one of the objects. Expects temp: looked_at.
SELECT DISTINCT CAST(offered.event_date AS VARCHAR) AS date
FROM {{schema}}.events AS event
JOIN {{schema}}.{{table}} AS offered ON offered._offered_by = event.event_id
WHERE event._raw_object IN (SELECT raw_object FROM looked_at)
  AND (offered._delivery <> event._delivery OR offered.received_at <> event.received_at OR offered.source <> event.source)
ORDER BY 1;
