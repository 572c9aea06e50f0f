-- Says at which dates of the plan rows may be overruled by something less, or deleted: at whole ones, where no event stays
-- whose raw is gone. An event stays when the plan has nothing as great to say of it. Expects temp: plan_dates,
-- gone_objects, settled_events.
UPDATE plan_dates SET takes_back = whole AND event_date NOT IN (
  SELECT t.event_date
  FROM {{schema}}.events AS t
  JOIN gone_objects AS g ON g.raw_object = t._raw_object
  LEFT JOIN settled_events AS s ON s.event_id = t.event_id
  WHERE t.event_date >= DATE '{{from}}' AND t.event_date < DATE '{{to}}'
    AND (s.event_id IS NULL
      OR {{order_s}}
        < {{order_t}})
);
