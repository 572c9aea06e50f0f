-- The rows of one table that a run changes, each with its cause and, where other transforms made the row before, their
-- digest, from the files that publishing keeps.
CREATE OR REPLACE TEMP VIEW changed AS
SELECT {{keys}}, d.action, d.new_date, d.old_date, {{cause}} AS cause,
  CASE WHEN {{cause}} IN ('transform_changed', 'schema_version', 'rejected_today') THEN {{old_transform}} END AS from_transform
FROM {{decided}} AS d
{{join_causes}};
