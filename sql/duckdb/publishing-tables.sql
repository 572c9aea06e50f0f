-- What publishing keeps beside the rows: the lock and epoch of each date, and the tokens of finished transactions. Columns
-- that older warehouses lack are added.
CREATE SCHEMA IF NOT EXISTS reprise;
CREATE TABLE IF NOT EXISTS reprise.fences (
  pipeline VARCHAR NOT NULL,
  event_date DATE NOT NULL,
  lease BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  -- Epoch of the last publish that held everything of the date; null when there was none.
  whole_epoch BIGINT,
  run_id VARCHAR NOT NULL,
  published_at TIMESTAMP NOT NULL
);
-- Digest of the transforms of that publish: going back to older transforms is a new epoch, but they are the same.
ALTER TABLE reprise.fences ADD COLUMN IF NOT EXISTS whole_transforms VARCHAR;
-- What tells this warehouse from any other, and a new file from the one that it took the place of.
CREATE TABLE IF NOT EXISTS reprise.identity (warehouse_id VARCHAR NOT NULL);
INSERT INTO reprise.identity SELECT CAST(uuid() AS VARCHAR) WHERE NOT EXISTS (FROM reprise.identity);
-- Windows in which no older lease may publish, at dates without a row in reprise.fences too.
CREATE TABLE IF NOT EXISTS reprise.fenced_windows (
  pipeline VARCHAR NOT NULL,
  from_date DATE NOT NULL,
  to_date DATE NOT NULL,
  lease BIGINT NOT NULL
);
-- The last entry of the ledger when the dates were taken: a ledger that ends before it was cut.
ALTER TABLE reprise.fences ADD COLUMN IF NOT EXISTS ledger_sequence BIGINT;
ALTER TABLE reprise.fences ADD COLUMN IF NOT EXISTS ledger_hash VARCHAR;
ALTER TABLE reprise.fenced_windows ADD COLUMN IF NOT EXISTS ledger_sequence BIGINT;
ALTER TABLE reprise.fenced_windows ADD COLUMN IF NOT EXISTS ledger_hash VARCHAR;
CREATE TABLE IF NOT EXISTS reprise.commits (
  token VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  committed_at TIMESTAMP NOT NULL,
  outcome VARCHAR NOT NULL
);
