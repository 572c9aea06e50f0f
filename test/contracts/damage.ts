// A contract of every warehouse: damage done to its rows by hand is found, and what verification says removes it removes
// just that, in every kind of table.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomFrom } from '../../generator/random.ts';
import type { GroupOutcome, PublishScope } from '../../ports/warehouse.ts';
import { dateOf } from '../../simulator/deliveries.ts';
import { type Row, rowsOf } from '../../simulator/rows.ts';
import { readScope, scopeObjects } from '../../simulator/scope.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { groupsOf, landedObject, settled, texts, type WarehouseUnderTest } from './under-test.ts';

export function describeDamage(name: string, open: () => Promise<WarehouseUnderTest>): void {
  describe(`${name} is repaired`, () => {
    let real: WarehouseUnderTest;
    let damageable: PublishScope;
    beforeAll(async () => {
      real = await open();
      damageable = await damageScope(real);
    });
    beforeEach(() => real.clear());
    afterAll(() => real.close());
    it.each(DAMAGES)('of a row of %s that is %s, by what verify says, and of nothing else', (table, damage) =>
      playDamage(real, damageable, table, damage),
    );
  });
}

const DAMAGE = {
  'there twice': (row: Row) => [row, row],
  'under another key': (row: Row) => [
    'event_id' in row ? { ...row, event_id: 'another' } : { ...row, _raw_row: String(Number(row._raw_row) + 1000) },
  ],
  'at another date': (row: Row) => [{ ...row, event_date: row.event_date === dateOf(1) ? dateOf(2) : dateOf(1) }],
  'at a date of its own': (row: Row) => [{ ...row, event_date: dateOf(60) }],
  gone: () => [],
  edited: (row: Row) => [{ ...row, [EDITED.find((column) => (row[column] ?? null) !== null) as string]: '7' }],
} as const satisfies Record<string, (row: Row) => Row[]>;
const EDITED = ['amount', 'item', 'word', 'text', 'reason', 'event_type'];
const DAMAGES = ['events', 'sales', 'sale_lines', 'marks', 'quarantine'].flatMap((table) =>
  (Object.keys(DAMAGE) as (keyof typeof DAMAGE)[]).map((damage) => [table, damage] as const),
);

const DAYS = Array.from({ length: 70 }, (_, day) => dateOf(day - 5));

/** A plan of some raw objects, all of it read by the same transforms before. */
async function damageScope(real: WarehouseUnderTest): Promise<PublishScope> {
  const pipeline = tinyPipeline(0);
  const random = randomFrom('damage');
  const landed = Array.from({ length: 8 }, (_, number) => landedObject(random, number));
  const judgedObjects = landed.map((object) => object[0]?.object as string);
  return {
    pipeline,
    runId: 'aaaaaaaaaaaa-1',
    window: { from: DAYS[0] as string, to: DAYS.at(-1) as string },
    dates: DAYS.slice(0, -1).map((date, place) => ({ date, group: place < 6 ? 0 : 1, whole: true })),
    partial: false,
    epoch: 1,
    objects: scopeObjects(
      judgedObjects.map((rawObject) => ({
        ...{ rawObject, judged: true },
        readBefore: Object.fromEntries(DAYS.map((date) => [date, true])),
      })),
    ),
    unreadable: [],
    settled: await settled(real, pipeline, landed, 'damaged'),
    repair: false,
  };
}

/** Publishes, does the damage to one row, and follows what verify says until nothing differs. */
async function playDamage(
  real: WarehouseUnderTest,
  scope: PublishScope,
  table: string,
  damage: keyof typeof DAMAGE,
): Promise<void> {
  const publish = async (one: PublishScope, lease: number): Promise<GroupOutcome[]> => {
    const outcomes: GroupOutcome[] = [];
    for (const group of groupsOf(one)) {
      const commit = { token: `${one.runId}/${group}`, lease, publishedAt: '2026-02-01T00:00:00.000Z' };
      outcomes.push(await real.warehouse.publish(one, group, real.changesFolder(one.runId), commit));
    }
    return outcomes;
  };
  // Nothing had been read before the first one.
  const { judgedObjects } = await readScope(scope);
  const unread = scopeObjects([...judgedObjects].map((rawObject) => ({ rawObject, judged: true })));
  await publish({ ...scope, objects: unread }, 1);
  expect((await real.warehouse.verify(scope, 10)).differencesTotal).toBe(0);
  const before = await real.tables();
  const rows = rowsOf(before, table);
  const [row, ...others] = [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  await real.write(table, [...others, ...DAMAGE[damage](row as Row)]);
  const found = await real.warehouse.verify(scope, 10);
  expect(found.differences.map((one) => one.table)).toContain(table);
  expect(found.needs.map(({ needs }) => needs)).not.toContain('by_hand');
  expect(found.needs.length).toBeLessThanOrEqual(2);
  for (const [place, { date, needs }] of found.needs.entries()) {
    const dates = scope.dates.filter((one) => one.date === date).map((one) => ({ ...one, group: 0 }));
    const window = { from: date, to: DAYS[DAYS.indexOf(date) + 1] as string };
    const again = { ...scope, runId: `bbbbbbbbbbbb-${place}`, window, dates, repair: needs === 'repair' };
    const outcomes = await publish(again, 2 + place);
    expect(outcomes.flatMap(({ unexplained = [] }) => unexplained)).toEqual([]);
    const changed = outcomes.flatMap(({ changes }) => changes).filter((change) => change.table === 'events');
    expect(changed.reduce((sum, one) => sum + one.inserted + one.updated + one.deleted, 0)).toBeLessThanOrEqual(2);
  }
  for (const name of before.keys())
    expect(texts(rowsOf(await real.tables(), name)), name).toEqual(texts(rowsOf(before, name)));
  expect((await real.warehouse.verify(scope, 10)).differencesTotal).toBe(0);
}
