// Columns that the declaration does not have, because they were removed from it or because somebody added them, keep their
// values when rows are rewritten; what goes with rows that go is shown and asked about, and an undo brings it back.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from './shop.ts';

const shop = new Shop();
const KEPT = `SELECT table_name, event_id, line_no, memo, my_note FROM (
  SELECT 'sales' AS table_name, event_id, 0 AS line_no, memo, my_note FROM shop.sales
  UNION ALL SELECT 'lines', event_id, line_no, NULL, my_note FROM shop.lines
  UNION ALL SELECT 'marks', event_id, 0, NULL, my_note FROM shop.marks
  UNION ALL SELECT 'quarantine', _raw_object, _raw_row, NULL, my_note FROM shop.quarantine) ORDER BY ALL`;

interface Run {
  readonly runId: string;
  readonly state: string;
  readonly lost: readonly { readonly table: string; readonly column: string; readonly values: number }[];
}

const sale = (id: string, day: number, lines: readonly string[]) => ({
  id,
  at: `2026-06-0${day}T10:00:00Z`,
  note: `note ${id}`,
  memo: `memo ${id}`,
  lines,
  marks: [`mark ${id}`],
});

beforeAll(async () => {
  shop.declare();
  await shop.land(sale('a', 1, ['x', 'y']), sale('b', 1, ['x']), sale('c', 3, ['z']));
  await shop.land({ ...sale('r', 1, []), isRejected: true });
  expect((await shop.json<Run>('reprise backfill shop --all')).state).toBe('succeeded');
  for (const table of ['sales', 'lines', 'marks', 'quarantine']) {
    await shop.sql(`ALTER TABLE shop.${table} ADD COLUMN my_note VARCHAR`);
    await shop.sql(`UPDATE shop.${table} SET my_note = 'kept ' || _raw_row`);
  }
}, 120_000);
afterAll(() => shop.remove());

it('a replay that rewrites every row leaves them as they stood', async () => {
  const before = await shop.sql(KEPT);
  shop.declare("{ note: column.text(compute({ note: input.text('note') }, ({ note }) => '<' + note + '>')) }");
  const applied = await shop.type('reprise schema apply shop');
  expect(applied.exit, applied.err).toBe(0);
  const plan = await shop.type('reprise plan shop --all');
  expect(plan.out).toContain(
    'sales.memo is not declared; its 3 values: kept in rows that stay, lost with rows that go',
  );
  expect(plan.out).toContain('lines.my_note is not declared; its 4 values');
  const run = await shop.json<Run>('reprise backfill shop --all');
  expect(run).toMatchObject({ state: 'succeeded', lost: [] });
  expect(await shop.sql(KEPT)).toEqual(before);
  expect(await shop.sql("SELECT count(*)::INT AS n FROM shop.sales WHERE note LIKE '<%>'")).toEqual([{ n: 3 }]);
  const verified = await shop.type('reprise verify shop');
  expect(verified.exit, verified.out).toBe(0);
  expect(verified.out).toContain('sales.memo is not declared; its 3 values: not compared');
});

it('what goes with rows that go needs approval, and comes back by an undo', async () => {
  const before = await shop.sql(KEPT);
  // The event moves to another date with one line less.
  await shop.land({ ...sale('a', 2, ['x']), arrives: '2026-06-04T00:00:00Z' });
  const asked = await shop.type('reprise backfill shop --all');
  expect(asked.exit).toBe(3);
  expect(asked.out).toContain('1 value of lines.my_note, which the declaration does not have, would be lost');
  expect(await shop.sql(KEPT)).toEqual(before);
  const runId = /^run (\S+)/.exec(asked.out)?.[1] ?? '';
  const diff = await shop.type(`reprise diff ${runId}`);
  expect(diff.out).toContain('1 value of lines.my_note, which the declaration does not have, gone with their rows');
  const run = await shop.json<Run>(`reprise resume ${runId} --yes`);
  expect(run).toMatchObject({ state: 'succeeded', lost: [{ table: 'lines', column: 'my_note', values: 1 }] });
  const isGone = (row: Record<string, unknown>): boolean =>
    row.table_name === 'lines' && row.event_id === 'a' && Number(row.line_no) === 2;
  expect(await shop.sql(KEPT)).toEqual(before.filter((row) => !isGone(row)));
  await shop.sql("UPDATE shop.sales SET my_note = 'since' WHERE event_id = 'a'");
  const undo = await shop.json<Run>(`reprise undo ${runId} --yes`);
  expect(undo).toMatchObject({ state: 'succeeded', lost: [] });
  const since = (row: Record<string, unknown>) =>
    row.table_name === 'sales' && row.event_id === 'a' ? { ...row, my_note: 'since' } : row;
  expect(await shop.sql(KEPT)).toEqual(before.map(since));
});
