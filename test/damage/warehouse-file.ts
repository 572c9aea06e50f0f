// The warehouse file, and what Reprise keeps in it beside the tables.

import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import type { Damage } from './damage.ts';
import type { Home } from './home.ts';

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
    advice: 'restore it from a backup',
    byHand: (home, intact) => intact.putBack(home, 'warehouse.duckdb'),
  },
  {
    ...byDoctor(
      `${kind}, and made anew`,
      done,
      [/the file is damaged, or no database of DuckDB/],
      ['reprise backfill <pipeline> --all'],
    ),
    advice: 'If there is none: move it away, and replay all there is',
    byHand: (home) => renameSync(home.warehouse, `${home.warehouse}.damaged`),
  },
];

/** Of every block, some bytes in its middle. */
function flip(home: Home): void {
  const content = readFileSync(home.warehouse);
  for (let at = HEADERS_BYTES + BLOCK_BYTES / 64; at < content.length; at += BLOCK_BYTES)
    for (let byte = at; byte < at + 64; byte++) content[byte] = (content[byte] ?? 0) ^ 1;
  home.write('warehouse.duckdb', content);
}
const BLOCK_BYTES = 256 * 1024;
const HEADERS_BYTES = 3 * 4096;

export const warehouseFile: readonly Damage[] = [
  ...damaged('bytes of the warehouse file are flipped', flip),
  ...(['epoch', 'lease'] as const).map((column) =>
    byDoctor(
      `a fence has a later ${column}`,
      (home) => home.sql(`UPDATE reprise.fences SET ${column} = 99 WHERE event_date = DATE '2026-06-02'`),
      [/the warehouse knows (?:epoch|lease) \d+.* of shop, and the ledger gave none after/],
      ['reprise ledger accept shop --reason …'],
    ),
  ),
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
