-- Compares what raw gives with what stands in one table, for the dates of the window. The hash of a warehouse row is
-- made from its columns. Left out are rows that no pinned object judges, live ones and those whose raw is gone; and what
-- stays at dates where nothing may be deleted or overruled: judged rows that raw does not give, or gives as something less. Dates
-- that are held from a partial plan are left out too: it did not publish there. Looks at one bucket of keys, so that what it
-- holds does not grow with the table. Expects temp: live_events.
CREATE OR REPLACE TEMP TABLE compared AS
WITH
  -- A key that a live event offers in raw: which offer stands is not for this plan to say.
  contested AS (SELECT event_id FROM settled_{{table}} WHERE {{bucket}} AND {{owner}} IN (SELECT event_id FROM live_events)),
  d AS (
    SELECT {{keys}}, event_date, _row_hash, _delivery{{order_columns}}
    FROM settled_{{table}}
    WHERE {{bucket}} AND event_date >= DATE '{{from}}' AND event_date < DATE '{{to}}' AND {{owner}} NOT IN (SELECT event_id FROM live_events)
      AND event_date NOT IN (SELECT event_date FROM plan_dates WHERE held)
  ),
  w AS (
    SELECT {{keys}}, event_date, {{row_hash}} AS _row_hash, _delivery{{order_columns}},
      _raw_object IN (SELECT raw_object FROM judged_objects) AS judged,
      _raw_object IN (SELECT raw_object FROM gone_objects) AS gone,
      count(*) OVER (PARTITION BY {{keys}}) > 1 AS doubled
    FROM {{schema}}.{{table}} AS target
    WHERE {{bucket}} AND event_date >= DATE '{{from}}' AND event_date < DATE '{{to}}'
  )
SELECT
  coalesce(d.event_id, w.event_id) AS event_id,
  {{key_text}} AS key_text,
  d.event_date AS expected_date,
  coalesce(w.event_date, d.event_date) AS event_date,
  d._row_hash AS expected_hash,
  w._row_hash AS found_hash,
  CASE
    WHEN w.doubled THEN 'duplicate'
    WHEN w.event_id IS NULL THEN 'missing'
    WHEN w.gone AND NOT w.judged THEN 'raw_gone'
    WHEN NOT w.judged OR w.event_id IN (SELECT event_id FROM contested) THEN 'live'
    WHEN {{follows_event}} AND w.event_id IN (SELECT event_id FROM live_events) THEN 'live'
    WHEN d.event_id IS NULL THEN CASE WHEN coalesce(p.takes_back, true) THEN 'unexpected' ELSE 'live' END
    WHEN d._row_hash = w._row_hash AND d.event_date = w.event_date AND d._delivery = w._delivery THEN 'same'
    WHEN NOT (coalesce(p.takes_back, true) AND coalesce(n.takes_back, true)) AND {{is_less}} THEN 'live'
    ELSE 'differs'
  END AS kind
FROM d
FULL JOIN w ON {{keys_equal}}
LEFT JOIN plan_dates AS p ON p.event_date = w.event_date
LEFT JOIN plan_dates AS n ON n.event_date = d.event_date;
