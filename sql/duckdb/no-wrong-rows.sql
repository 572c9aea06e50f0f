-- Rows that are not as raw gives them. event_date: where the row is decided; other_date: where raw has it; found_date: where
-- it is reported.
CREATE OR REPLACE TEMP TABLE wrong_rows (
  tbl VARCHAR, key_text VARCHAR, event_date DATE, other_date DATE, event_id VARCHAR, found_date DATE, kind VARCHAR
);
