-- Events of which another row stands than the plan's objects give: theirs is none to compare with. Expects temp:
-- judged_objects, overruled.
CREATE OR REPLACE TEMP TABLE live_events AS
SELECT event_id FROM {{schema}}.events WHERE _raw_object NOT IN (SELECT raw_object FROM judged_objects)
UNION
SELECT event_id FROM overruled;
