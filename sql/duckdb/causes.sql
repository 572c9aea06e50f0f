-- Why each changed event changes. Expects temp: decided, known_dates; reads the quarantine before it
-- is changed. known_dates: those that had been published before the run.
CREATE OR REPLACE TEMP TABLE decided_causes AS
SELECT
  d.event_id, d.action, d.new_date, d.old_date,
  CASE
    WHEN d.action = 'delete' THEN 'newly_rejected'
    WHEN d.action = 'insert' AND q._raw_object IS NOT NULL THEN 'repaired_quarantine'
    WHEN d.action = 'insert' AND f.event_date IS NOT NULL THEN 'late_arrival'
    WHEN d.action = 'insert' THEN 'first_load'
    WHEN NOT d.upward THEN 'newly_rejected'
    WHEN NOT d.same_delivery THEN 'correction'
    WHEN NOT d.same_content OR d.new_date <> d.old_date THEN 'transform_changed'
    ELSE 'lineage'
  END AS cause
FROM decided AS d
LEFT JOIN {{schema}}.quarantine AS q ON q._raw_object = d.new_object AND q._raw_row = d.new_row
LEFT JOIN known_dates AS f ON f.event_date = d.new_date
WHERE d.action IN ('insert', 'update', 'delete');
