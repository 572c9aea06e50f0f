-- Why each changed row of an offered table changes: as causes.sql, by the delivery that offers it; a row that comes has
-- the cause of the event that offers it, where the same group decides that. Expects temp: decided_{{table}},
-- decided_causes, stand_in_{{table}}.
CREATE OR REPLACE TEMP TABLE causes_{{table}} AS
WITH
  c AS (SELECT * FROM decided_{{table}} WHERE action IN ('insert', 'update', 'delete')),
  t AS (
    SELECT event_id, event_date, received_at, source, schema_version, _delivery, _raw_object, _raw_row, _transform_version,
      _run_id, _offered_by, _offer_index, _row_hash AS stored_hash, {{target_row_hash}} AS _row_hash
    FROM {{schema}}.{{table}} AS target
    WHERE event_date IN (SELECT old_date FROM c) AND event_id IN (SELECT event_id FROM c WHERE action <> 'insert')
  ),
  s AS (
    SELECT event_id, event_date, received_at, source, schema_version, _delivery, _raw_object, _raw_row, _offered_by,
      _offer_index, _row_hash
    FROM (
      SELECT * FROM settled_{{table}} ANTI JOIN stand_in_{{table}} USING (event_id)
      UNION ALL
      SELECT * FROM stand_in_{{table}}
    ) AS offers
    WHERE event_id IN (SELECT event_id FROM c WHERE action <> 'delete')
  ),
  -- The delivery that the offering event has today, and the one it has in the warehouse.
  offerers AS (
    SELECT event_id, received_at, source, _delivery FROM settled_events WHERE event_id IN (SELECT _offered_by FROM t)
    UNION ALL
    SELECT event_id, received_at, source, _delivery FROM {{schema}}.events
    WHERE event_id IN (SELECT event_id FROM overruled) AND event_id IN (SELECT _offered_by FROM t)
  ),
  superseded AS (
    SELECT DISTINCT t.event_id
    FROM t JOIN offerers AS o ON o.event_id = t._offered_by
    WHERE (o.received_at, o.source, o._delivery) <> (t.received_at, t.source, t._delivery)
  ),
  unreadable AS (SELECT DISTINCT _raw_object FROM {{schema}}.quarantine WHERE _raw_row < 0),
  pairs AS (
    SELECT
      c.event_id, c.action, c.new_date, c.old_date,
      t._raw_object AS old_object, t._raw_row AS old_row, t._transform_version AS old_transform, t._run_id AS old_run,
      s._raw_object AS new_object, s._raw_row AS new_row, s._offered_by AS offered_by,
      s.schema_version IS DISTINCT FROM t.schema_version AS other_version,
      s._row_hash = t._row_hash AND s._offered_by = t._offered_by AND s._offer_index = t._offer_index AS same_content,
      s._row_hash = t.stored_hash AND s._row_hash <> t._row_hash AS was_edited,
      s._delivery = t._delivery AND s.source = t.source AND s.received_at = t.received_at AS same_delivery,
      s._raw_object = t._raw_object AND s._raw_row = t._raw_row AS same_place,
      {{offer_order_s}}
        >= {{offer_order_t}} AS upward
    FROM c
    LEFT JOIN t ON t.event_id = c.event_id AND c.action <> 'insert'
    LEFT JOIN s ON s.event_id = c.event_id AND c.action <> 'delete'
  )
SELECT
  c.event_id, c.action, c.new_date, c.old_date, coalesce(c.old_transform, o.old_transform) AS old_transform,
  CASE
    WHEN (c.action = 'insert' OR (c.upward AND NOT c.same_delivery))
      AND (q._raw_object IS NOT NULL OR u._raw_object IS NOT NULL) THEN 'repaired_quarantine'
    WHEN c.action = 'insert' AND o.cause <> 'lineage' THEN o.cause
    WHEN c.action = 'insert' AND c.new_date IN (SELECT event_date FROM lost_dates) THEN 'republished'
    WHEN c.action = 'insert' THEN CASE WHEN f.event_date IS NULL THEN 'first_load' ELSE 'late_arrival' END
    WHEN c.upward AND NOT c.same_delivery AND NOT c.same_place THEN 'correction'
    WHEN c.same_content AND c.same_delivery AND c.new_date = c.old_date THEN 'lineage'
    WHEN c.was_edited THEN 'repaired'
    WHEN c.old_transform <> '{{transform}}' AND p._raw_object IS NOT NULL THEN 'rejected_today'
    WHEN v.event_id IS NOT NULL THEN 'correction'
    WHEN c.old_transform <> '{{transform}}' THEN
      CASE WHEN c.same_delivery AND c.other_version THEN 'schema_version' ELSE 'transform_changed' END
    WHEN NOT regexp_full_match(c.old_run, '{{run_id}}') THEN 'live_row'
    WHEN x.raw_object IS NOT NULL AND (c.action = 'delete' OR NOT c.same_delivery) THEN 'raw_changed'
    WHEN coalesce(c.new_date, c.old_date) IN (SELECT event_date FROM lost_dates) THEN 'republished'
    WHEN {{repair}} THEN 'repaired'
    ELSE 'unexplained'
  END AS cause
FROM pairs AS c
LEFT JOIN decided_causes AS o ON o.event_id = c.offered_by
LEFT JOIN superseded AS v ON v.event_id = c.event_id
LEFT JOIN {{schema}}.quarantine AS q ON q._raw_object = c.new_object AND q._raw_row = c.new_row
LEFT JOIN unreadable AS u ON u._raw_object = c.new_object
LEFT JOIN settled_quarantine AS p ON p._raw_object = c.old_object AND p._raw_row = c.old_row
LEFT JOIN changed_objects AS x ON x.raw_object = c.old_object
LEFT JOIN known_dates AS f ON f.event_date = c.new_date;
