// Damage done by SQL: verify finds it, names the dates that differ and no others, and the very commands that it prints
// remove it and leave everything else as it was.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from './shop.ts';

const shop = new Shop();
const DAYS = ['2026-06-01', '2026-06-02', '2026-06-03', '2026-06-05', '2026-06-08'];
const TABLES = ['events', 'sales', 'lines', 'marks', 'quarantine'];

interface Verified {
  readonly ok: boolean;
  readonly differences: readonly { readonly table: string; readonly date: string; readonly kind: string }[];
  readonly next: readonly string[];
}

/** Every row of every table, all columns; `but`: those of other rows than these events' are left out of the second look. */
const everything = async (columns: string): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for (const table of TABLES)
    rows.push(...(await shop.sql(`SELECT '${table}' AS t, ${columns} FROM shop.${table} ORDER BY ALL`)));
  return rows;
};
const CONTENT = '* EXCLUDE (_run_id, _published_at)';

beforeAll(async () => {
  shop.declare();
  await shop.land(
    ...DAYS.flatMap((day) =>
      Array.from({ length: 12 }, (_, number) => ({
        id: `${day}-${String(number).padStart(2, '0')}`,
        at: `${day}T10:00:00Z`,
        note: 'n',
        memo: 'm',
        lines: ['x', 'y'],
        marks: [`mark ${day} ${number}`],
      })),
    ),
    ...DAYS.map((day) => ({ id: `r${day}`, at: `${day}T10:00:00Z`, note: '', memo: '', lines: [], isRejected: true })),
  );
  const { exit, out } = await shop.type('reprise backfill shop --all');
  expect(exit, out).toBe(0);
}, 120_000);
afterAll(() => shop.remove());

it('is found, and what verify prints removes just that', async () => {
  const before = await everything(CONTENT);
  const untouched = await everything("* REPLACE ('' AS _raw_object)");
  const damages = [
    "INSERT INTO shop.events FROM shop.events WHERE event_id = '2026-06-01-00'",
    "INSERT INTO shop.lines FROM shop.lines WHERE event_id = '2026-06-01-01' AND line_no = 2",
    "UPDATE shop.lines SET event_id = 'nobody' WHERE event_id = '2026-06-01-02' AND line_no = 1",
    "UPDATE shop.sales SET note = 'by hand' WHERE event_id = '2026-06-02-00'",
    "INSERT INTO shop.quarantine FROM shop.quarantine WHERE event_date = DATE '2026-06-02'",
    "UPDATE shop.marks SET event_date = DATE '2026-06-04' WHERE event_id = 'mark 2026-06-03 0'",
    // Other transforms made this one: raw gives another row.
    "UPDATE shop.events SET _transform_version = 'a1', _content_hash = 'c' WHERE event_id = '2026-06-08-00'",
    "UPDATE shop.sales SET note = 'as it was', _transform_version = 'a1', _row_hash = 'h' WHERE event_id = '2026-06-08-00'",
  ];
  for (const damage of damages) await shop.sql(damage);
  const typed = await shop.type('reprise verify shop');
  expect(typed.exit, typed.err).toBe(4);
  const found = await shop.json<Verified>('reprise verify shop');
  const kinds = found.differences.map(({ table, date, kind }) => `${table} ${date} ${kind}`);
  expect([...new Set(kinds)].sort()).toEqual([
    'events 2026-06-01 duplicate',
    'lines 2026-06-01 duplicate',
    'lines 2026-06-01 missing',
    'lines 2026-06-01 unexpected',
    'marks 2026-06-04 differs',
    'quarantine 2026-06-02 duplicate',
    'sales 2026-06-02 differs',
    'sales 2026-06-08 differs',
  ]);
  expect(found.next).toEqual([
    'reprise backfill shop --from 2026-06-01 --to 2026-06-03 --repair',
    'reprise backfill shop --from 2026-06-04 --to 2026-06-05 --repair',
    'reprise backfill shop --from 2026-06-08 --to 2026-06-09',
  ]);
  expect(typed.out.match(/^next: .*$/gm)).toEqual(found.next.map((command) => `next: ${command}`));
  for (const command of found.next) {
    const { exit, out, err } = await shop.type(command);
    expect(exit, `${command}\n${out}\n${err}`).toBe(0);
  }
  expect(await everything(CONTENT)).toEqual(before);
  const after = await shop.type('reprise verify shop');
  expect(after.exit, after.out).toBe(0);
  // Rows that were as they should be bear the run that wrote them first.
  const now = new Set((await everything("* REPLACE ('' AS _raw_object)")).map((row) => JSON.stringify(row, text)));
  const rewritten = untouched.filter((row) => !now.has(JSON.stringify(row, text)));
  const events = new Set(
    rewritten.map((row) => (row as { event_id?: string }).event_id).filter((id) => id !== undefined),
  );
  expect([...events].sort()).toEqual([
    '2026-06-01-00',
    '2026-06-01-01',
    '2026-06-01-02',
    '2026-06-02-00',
    '2026-06-08-00',
    'mark 2026-06-03 0',
  ]);
});

const text = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
