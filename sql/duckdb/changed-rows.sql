-- The rows of one table that a run changes, each with the cause of its event, from the files that publishing keeps.
CREATE OR REPLACE TEMP VIEW changed AS
SELECT {{keys}}, d.action, d.new_date, d.old_date, {{cause}} AS cause
FROM read_parquet([{{decided}}]) AS d
{{join_causes}};
