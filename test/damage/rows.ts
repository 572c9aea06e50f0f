// Rows and columns that somebody changes by SQL.

import { expect } from 'vitest';
import type { Damage } from './damage.ts';
import type { Home } from './home.ts';

const DATE = '2026-06-01';
const EVENT = `a-${DATE}`;
/** Nothing happened on this one. */
const ELSEWHERE = '2026-06-07';
const REPLAY = `reprise backfill shop --from ${DATE} --to 2026-06-02`;
const REPAIR = `${REPLAY} --repair`;
const REPAIR_ELSEWHERE = `reprise backfill shop --from ${ELSEWHERE} --to 2026-06-08 --repair`;

/** A difference as `verify` shows it. */
const difference = (table: string, event: string, kind: string, date = DATE): RegExp =>
  new RegExp(`${table} +${date} +${event} +${kind}`);

function byVerify(
  kind: string,
  statement: string | readonly string[],
  names: readonly RegExp[],
  prints: readonly string[] = [REPAIR],
): Damage {
  return {
    kind,
    done: async (home: Home) => {
      for (const one of typeof statement === 'string' ? [statement] : statement) await home.sql(one);
    },
    found: { by: 'reprise verify shop', exit: 4, names },
    prints,
  };
}

interface Rows {
  readonly table: string;
  /** The row, by its key and by a condition. */
  readonly event: string;
  readonly where: string;
  /** A column of the table's own. */
  readonly column: string;
  /** Offered rows have a cause to come back: another event may offer them again. */
  readonly isOffered: boolean;
  /** Parts are repaired at the date of their event. */
  readonly isPart: boolean;
}

const damagedRows = ({ table, event, where, column, isOffered, isPart }: Rows): Damage[] => [
  byVerify(`a row of ${table} is changed`, `UPDATE shop.${table} SET ${column} = 'by hand' WHERE ${where}`, [
    difference(table, event, 'differs'),
  ]),
  byVerify(
    `a row of ${table} is deleted`,
    `DELETE FROM shop.${table} WHERE ${where}`,
    [difference(table, event, 'missing')],
    [isOffered ? REPLAY : REPAIR],
  ),
  byVerify(`a row of ${table} is there twice`, `INSERT INTO shop.${table} FROM shop.${table} WHERE ${where}`, [
    difference(table, event, 'duplicate'),
  ]),
  byVerify(
    `a row of ${table} is moved to another date`,
    `UPDATE shop.${table} SET event_date = DATE '${ELSEWHERE}' WHERE ${where}`,
    [difference(table, event, 'differs', ELSEWHERE)],
    [isPart ? REPAIR : REPAIR_ELSEWHERE],
  ),
  byVerify(`a row of ${table} has another id`, `UPDATE shop.${table} SET event_id = 'nobody' WHERE ${where}`, [
    difference(table, event, 'missing'),
    difference(table, 'nobody', 'unexpected'),
  ]),
  byVerify(
    `a row of ${table} that nobody sent`,
    `INSERT INTO shop.${table} SELECT * REPLACE ('nobody' AS event_id) FROM shop.${table} WHERE ${where}`,
    [difference(table, 'nobody', 'unexpected')],
  ),
  byVerify(
    `a row of ${table} says another delivery`,
    `UPDATE shop.${table} SET _delivery = 'by hand' WHERE ${where}`,
    [difference(table, event, 'differs')],
    [isOffered ? REPLAY : REPAIR],
  ),
];

const TABLES = ['events', 'sales', 'lines', 'marks', 'quarantine'];
/** An entry is called by its raw object and its row there. */
const entry = (kind: string, row: string, date = DATE): RegExp => difference('quarantine', `\\S+#${row}`, kind, date);
const IN_QUARANTINE = `FROM shop.quarantine WHERE event_date = DATE '${DATE}'`;

function quarantined(kind: string, change: string, names: readonly RegExp[], prints?: readonly string[]): Damage {
  return byVerify(`an entry of the quarantine ${kind}`, change, names, prints);
}

const ROW = '12';

const quarantine: readonly Damage[] = [
  ...['reason', 'detail'].map((column) =>
    quarantined(
      `has another ${column}`,
      `UPDATE shop.quarantine SET ${column} = 'by hand' WHERE event_date = DATE '${DATE}'`,
      [entry('differs', ROW)],
    ),
  ),
  quarantined('is deleted', `DELETE ${IN_QUARANTINE}`, [entry('missing', ROW)], [REPLAY]),
  quarantined('is there twice', `INSERT INTO shop.quarantine ${IN_QUARANTINE}`, [entry('duplicate', ROW)]),
  quarantined(
    'is moved to another date',
    `UPDATE shop.quarantine SET event_date = DATE '${ELSEWHERE}' WHERE event_date = DATE '${DATE}'`,
    [entry('differs', ROW, ELSEWHERE)],
  ),
  quarantined('is of another row', `UPDATE shop.quarantine SET _raw_row = 77 WHERE event_date = DATE '${DATE}'`, [
    entry('missing', ROW),
    entry('unexpected', '77'),
  ]),
  quarantined('that nobody sent', `INSERT INTO shop.quarantine SELECT * REPLACE (77 AS _raw_row) ${IN_QUARANTINE}`, [
    entry('unexpected', '77'),
  ]),
];

const many: readonly Damage[] = [
  byVerify(
    'all rows of a date are deleted',
    TABLES.map((table) => `DELETE FROM shop.${table} WHERE event_date = DATE '${DATE}'`),
    TABLES.map((table) => difference(table, '.*', 'missing')),
  ),
  byVerify(
    'a table is emptied',
    'DELETE FROM shop.sales',
    [difference('sales', EVENT, 'missing'), difference('sales', 'a-2026-06-08', 'missing', '2026-06-08')],
    [
      'reprise backfill shop --from 2026-06-01 --to 2026-06-07 --repair',
      'reprise backfill shop --from 2026-06-08 --to 2026-06-09 --repair',
    ],
  ),
  byVerify('an event is there without its parts', `DELETE FROM shop.lines WHERE event_id = '${EVENT}'`, [
    difference('lines', EVENT, 'missing'),
  ]),
  byVerify(
    'parts are there without their event',
    [`DELETE FROM shop.events WHERE event_id = '${EVENT}'`, `DELETE FROM shop.sales WHERE event_id = '${EVENT}'`],
    [difference('events', EVENT, 'missing'), difference('sales', EVENT, 'missing')],
  ),
  byVerify(
    'a part has another number',
    `UPDATE shop.lines SET line_no = 9 WHERE event_id = '${EVENT}' AND line_no = 2`,
    [difference('lines', EVENT, 'missing'), difference('lines', EVENT, 'unexpected')],
  ),
  byVerify(
    'an event says that it was received later',
    `UPDATE shop.events SET received_at = received_at + INTERVAL 1 DAY WHERE event_id = '${EVENT}'`,
    [difference('events', EVENT, 'differs')],
  ),
];

const COLUMNS_BACK = ['reprise schema apply shop', 'reprise backfill shop --all --repair'];
const byDoctor = (kind: string, statement: string, names: readonly RegExp[]): Damage => ({
  kind,
  done: (home) => home.sql(statement),
  found: { by: 'reprise doctor', exit: 1, names },
  prints: COLUMNS_BACK,
});

const columns: readonly Damage[] = [
  byDoctor('a column is dropped', 'ALTER TABLE shop.sales DROP COLUMN note', [
    /lacks the column note of shop\.sales, which was there and was removed/,
  ]),
  byDoctor('a column of the lineage is dropped', 'ALTER TABLE shop.marks DROP COLUMN _offered_by', [
    /lacks the column _offered_by of shop\.marks/,
  ]),
  {
    ...byDoctor('a column has another name', 'ALTER TABLE shop.lines RENAME COLUMN sku TO article', [
      /lacks the column sku of shop\.lines/,
    ]),
    byHand: (home) => home.sql('ALTER TABLE shop.lines DROP COLUMN article'),
  },
  {
    ...byDoctor('a column has another type', 'ALTER TABLE shop.sales ALTER COLUMN memo TYPE BLOB', [
      /shop\.sales\.memo is BLOB, declared as VARCHAR/,
    ]),
    prints: ['reprise schema apply shop --dry-run'],
    types: [],
    byHand: async (home) => {
      const { exit, out } = await home.type('reprise schema apply shop --dry-run');
      const statement = /ALTER TABLE [^;]*;/.exec(out)?.[0] ?? '';
      expect([exit, statement]).toEqual([3, 'ALTER TABLE shop.sales ALTER COLUMN "memo" SET DATA TYPE VARCHAR;']);
      await home.sql(statement);
    },
  },
  {
    kind: 'a column is added by hand, and holds values',
    done: async (home) => {
      await home.sql('ALTER TABLE shop.sales ADD COLUMN extra VARCHAR');
      await home.sql(`UPDATE shop.sales SET extra = 'by hand' WHERE event_date = DATE '${DATE}'`);
    },
    found: {
      by: 'reprise verify shop',
      exit: 0,
      names: [/sales\.extra is not declared; its 12 values: not compared/],
    },
    advice: /is not declared/,
    byHand: (home) => home.sql('ALTER TABLE shop.sales DROP COLUMN extra'),
    prints: [],
  },
];

export const rows: readonly Damage[] = [
  ...damagedRows({
    ...{ table: 'events', event: EVENT, where: `event_id = '${EVENT}'` },
    ...{ column: 'event_type', isOffered: false, isPart: false },
  }),
  ...damagedRows({
    ...{ table: 'sales', event: EVENT, where: `event_id = '${EVENT}'` },
    ...{ column: 'note', isOffered: false, isPart: true },
  }),
  ...damagedRows({
    ...{ table: 'lines', event: EVENT, where: `event_id = '${EVENT}' AND line_no = 2` },
    ...{ column: 'sku', isOffered: false, isPart: true },
  }),
  ...damagedRows({
    ...{ table: 'marks', event: `mark a ${DATE}`, where: `event_id = 'mark a ${DATE}'` },
    ...{ column: 'mark', isOffered: true, isPart: false },
  }),
  ...quarantine,
  ...many,
  ...columns,
];
