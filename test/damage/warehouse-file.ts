// The warehouse file, and what Reprise keeps in it beside the tables.

import { copyFileSync, renameSync } from 'node:fs';
import type { Damage } from './damage.ts';

const ALL = [
  'reprise backfill shop --from 2026-06-01 --to 2026-06-07',
  'reprise backfill shop --from 2026-06-08 --to 2026-06-09',
];
const CORRECTED = ['reprise backfill shop --from 2026-06-02 --to 2026-06-03'];
const TABLES_BACK = ['reprise schema apply shop', 'reprise backfill shop --all --repair'];

const byDoctor = (
  kind: string,
  done: Damage['done'],
  names: readonly (string | RegExp)[],
  prints: readonly string[],
): Damage => ({ kind, done, found: { by: 'reprise doctor', exit: 1, names }, prints });

const damaged = (kind: string, done: Damage['done']): readonly Damage[] => [
  {
    ...byDoctor(
      `${kind}, and put back`,
      done,
      [/the file is damaged, or no database of DuckDB/],
      ['reprise backfill <pipeline> --all'],
    ),
    types: [],
    byHand: { advice: 'restore it from a backup', does: (home, intact) => intact.putBack(home, 'warehouse.duckdb') },
  },
  {
    ...byDoctor(
      `${kind}, and made anew`,
      done,
      [/the file is damaged, or no database of DuckDB/],
      ['reprise backfill <pipeline> --all'],
    ),
    byHand: {
      advice: 'If there is none: move it away, and replay all there is',
      does: (home) => renameSync(home.warehouse, `${home.warehouse}.damaged`),
    },
  },
];

export const warehouseFile: readonly Damage[] = [
  byDoctor(
    'the warehouse file is removed',
    (home) => home.remove('warehouse.duckdb'),
    [/lacks 2 transactions of shop/],
    ALL,
  ),
  byDoctor(
    'the warehouse file is an older copy',
    (home, intact) => copyFileSync(intact.olderWarehouse, home.warehouse),
    [/lacks 1 transaction of shop \(\S+\), at 2026-06-02: its file was deleted, restored from an older copy/],
    CORRECTED,
  ),
  ...damaged('the warehouse file is garbage', (home) => home.garbage('warehouse.duckdb')),
  ...damaged('the warehouse file is cut', (home) => home.cut('warehouse.duckdb')),
  ...damaged('the warehouse file is empty', (home) => home.write('warehouse.duckdb', '')),
  ...['events', 'sales', 'lines', 'marks', 'quarantine'].map((table) =>
    byDoctor(
      `the table ${table} is dropped`,
      (home) => home.sql(`DROP TABLE shop.${table}`),
      [`lacks the table shop.${table}, which was there and was removed`],
      TABLES_BACK,
    ),
  ),
  byDoctor(
    'all tables of the pipeline are dropped',
    (home) => home.sql('DROP SCHEMA shop CASCADE'),
    ['lacks the table shop.events, the table shop.sales'],
    TABLES_BACK,
  ),
  byDoctor(
    'the fences are emptied',
    (home) => home.sql('DELETE FROM reprise.fences'),
    [/does not say who published shop at 2026-06-01, .*: rows of reprise\.fences were removed/],
    ALL,
  ),
  byDoctor(
    'the fence of a date is removed',
    (home) => home.sql("DELETE FROM reprise.fences WHERE event_date = DATE '2026-06-02'"),
    [/does not say who published shop at 2026-06-02: rows/],
    CORRECTED,
  ),
  byDoctor(
    'the commit tokens are emptied',
    (home) => home.sql('DELETE FROM reprise.commits'),
    [/lacks 2 transactions of shop/],
    ALL,
  ),
  byDoctor(
    'what Reprise keeps there is dropped',
    (home) => home.sql('DROP SCHEMA reprise CASCADE'),
    [/lacks 2 transactions of shop/],
    ALL,
  ),
  byDoctor(
    'the warehouse has another id',
    (home) => home.sql("UPDATE reprise.identity SET warehouse_id = 'x'"),
    [/lacks 2 transactions of shop/],
    ALL,
  ),
];
