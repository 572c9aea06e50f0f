// What every warehouse decides and writes, held against the simulated one, which decides by engine/publish/rule.ts:
// random small states are published, previewed, verified and taken back through both.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Random, randomFrom } from '../../generator/random.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import type {
  DateChange,
  GroupOutcome,
  ObjectRows,
  PublishScope,
  UndoScope,
  Warehouse,
} from '../../ports/warehouse.ts';
import { dateOf } from '../../simulator/deliveries.ts';
import { liveChange, withLiveChange } from '../../simulator/live-load.ts';
import type { Landed } from '../../simulator/model.ts';
import { type Row, rowsOf, type Tables } from '../../simulator/rows.ts';
import { readScope, scopeObjects } from '../../simulator/scope.ts';
import { SimStager } from '../../simulator/stager.ts';
import type { Disk } from '../../simulator/store.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { emptyWarehouse, SimWarehouse, SOUND_BEHAVIOUR } from '../../simulator/warehouse.ts';
import { groupsOf, landedObject, NOTE, OBJECTS_MAX, settled, texts, type WarehouseUnderTest } from './under-test.ts';

const PUBLISHES = 3;
const GROUPS_MAX = 2;

/** `seeds`: how many random states. */
export function describeWarehouse(name: string, seeds: number, open: () => Promise<WarehouseUnderTest>): void {
  describe(`${name} decides as the rule says`, () => {
    let real: WarehouseUnderTest;
    beforeAll(async () => {
      real = await open();
    });
    beforeEach(() => real.clear());
    afterAll(() => real.close());
    it('refuses an older lease wherever a fence was raised, whether anything stands there or not', async () => {
      const random = randomFrom('fence');
      const pipeline = tinyPipeline(0);
      const drawn = await randomScope(random, pipeline, [landedObject(random, 0)], 0)(real);
      // A plan without dates has a group all the same, for objects that cannot be read.
      const scope = { ...drawn, dates: [] };
      const commit = { token: 'late/0', lease: 3, publishedAt: '2026-02-01T00:00:00.000Z' };
      await real.warehouse.raiseFence(pipeline, { from: dateOf(-9), to: dateOf(9) }, 4);
      const late = real.warehouse.publish(scope, 0, real.changesFolder('late'), commit);
      await expect(late).rejects.toMatchObject({ code: 'LeaseLost' });
      await expect(real.warehouse.raiseFence(pipeline, scope.window, 3)).rejects.toMatchObject({ code: 'LeaseLost' });
      await real.warehouse.raiseFence(pipeline, scope.window, 5);
      await real.warehouse.publish(scope, 0, real.changesFolder('newer'), { ...commit, lease: 5 });
    });
    it.each(Array.from({ length: seeds }, (_, seed) => seed))('state %i', (seed) =>
      playState(randomFrom(`warehouse/${seed}`), real, openSimulated()),
    );
  });
}

function openSimulated(): WarehouseUnderTest {
  const disk: Disk = new Map();
  const state = emptyWarehouse(tinyPipeline(0));
  const call = <T>(_: string, effect: () => Promise<T>): Promise<T> => effect();
  const warehouse = new SimWarehouse({ state, disk, behaviour: SOUND_BEHAVIOUR, call, onApplied: () => {} });
  return {
    warehouse,
    stager: (folder) => ({ stager: new SimStager(disk, folder), folder }),
    changesFolder: (runId) => `changes/${runId}`,
    load: async (change) => {
      for (const [table, rows] of withLiveChange(state.tables, change, '2026-01-01')) state.tables.set(table, rows);
    },
    annotate: async (table, keys, note) => {
      const isIt = (row: Row): boolean =>
        keys.some((key) => Object.entries(key).every(([column, value]) => row[column] === value));
      const rows = (state.tables.get(table) ?? []).map((row) => (isIt(row) ? { ...row, [NOTE]: note } : row));
      state.tables.set(table, rows);
    },
    write: async (table, rows) => void state.tables.set(table, rows),
    tables: async () =>
      new Map([...state.tables].map(([name, rows]) => [name, rows.map((row) => ({ [NOTE]: null, ...row }))])),
    clear: async () => state.tables.clear(),
    close: async () => {},
  };
}

async function playState(random: Random, real: WarehouseUnderTest, simulated: WarehouseUnderTest): Promise<void> {
  const landed = Array.from({ length: random.integer(1, OBJECTS_MAX) }, (_, number) => landedObject(random, number));
  for (let number = 0; number < PUBLISHES; number++) {
    const pipeline = tinyPipeline(random.chance(0.5) ? 0 : random.integer(0, 511));
    if (random.chance(0.6)) {
      const change = liveChange(pipeline, random.pick(landed), await simulated.tables(), random.chance(0.5));
      for (const under of [real, simulated]) await under.load(change);
    }
    await annotateSome(random, pipeline, [real, simulated], `before run ${number}`);
    const scopeOf = randomScope(random, pipeline, landed, number);
    const [a, b] = [await scopeOf(real), await scopeOf(simulated)];
    for (const group of groupsOf(a)) {
      const folders = [real, simulated].map((under) => under.changesFolder(a.runId)) as [string, string];
      const commit = {
        token: `${a.runId}/${group}`,
        lease: 2 * number + 1,
        publishedAt: `2026-02-0${number + 1}T00:00:00.000Z`,
      };
      const previews = [
        await real.warehouse.preview(a, group, folders[0]),
        await simulated.warehouse.preview(b, group, folders[1]),
      ];
      expect(shown(previews[0] as GroupOutcome)).toEqual(shown(previews[1] as GroupOutcome));
      const before = await real.tables();
      const outcome = await real.warehouse.publish(a, group, folders[0], commit);
      expect(shown(outcome)).toEqual(shown(await simulated.warehouse.publish(b, group, folders[1], commit)));
      expect(await real.warehouse.committed(commit.token)).toEqual(outcome);
      await expectSameTables(real, simulated);
      expectNotesKept(pipeline, before, await real.tables(), outcome);
    }
    await expectSameAnswers(real, a, simulated, b);
    if (random.chance(0.4)) await undoBoth(random, real, simulated, a, landed, number);
  }
}

const keyOf = (pipeline: CompiledPipeline, table: string, row: Row): Row => {
  const columns = pipeline.tables.find(({ name }) => name === table)?.key ?? ['_raw_object', '_raw_row'];
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
};

/** The same notes in both, on rows of all tables. */
async function annotateSome(
  random: Random,
  pipeline: CompiledPipeline,
  both: readonly WarehouseUnderTest[],
  note: string,
): Promise<void> {
  for (const [table, rows] of await (both.at(-1) as WarehouseUnderTest).tables()) {
    const keys = rows.filter(() => random.chance(0.5)).map((row) => keyOf(pipeline, table, row));
    if (keys.length > 0) for (const under of both) await under.annotate(table, keys, `${note}, ${table}`);
  }
}

/** Whatever changed of a row, what people wrote into it is there as long as its key is; what went was counted. */
function expectNotesKept(pipeline: CompiledPipeline, before: Tables, after: Tables, { lost = [] }: GroupOutcome): void {
  for (const [table, rows] of before) {
    const textOf = (row: Row): string => JSON.stringify(keyOf(pipeline, table, row));
    const now = new Map(rowsOf(after, table).map((row) => [textOf(row), row[NOTE] ?? null]));
    const noted = rows.filter((row) => row[NOTE] !== null);
    const gone = noted.filter((row) => !now.has(textOf(row)));
    for (const row of noted.filter((row) => now.has(textOf(row)))) expect(now.get(textOf(row))).toBe(row[NOTE]);
    expect(lost.find((one) => one.table === table)?.values ?? 0).toBe(gone.length);
  }
}

/** A scope that a plan may have, or that is stranger: which dates are whole and what is judged are drawn apart. */
function randomScope(
  random: Random,
  pipeline: CompiledPipeline,
  landed: readonly Landed[][],
  number: number,
): (under: WarehouseUnderTest) => Promise<PublishScope> {
  const from = random.integer(-3, 1);
  const to = from + random.integer(2, 7);
  const cut = random.integer(from, to);
  const cuts = random.integer(1, GROUPS_MAX) > 1;
  const wholeness = random.pick([0, 0.7, 1, 1]);
  const dates = Array.from({ length: to - from }, (_, place) => ({
    date: dateOf(from + place),
    group: cuts && from + place > cut ? 1 : 0,
    whole: random.chance(wholeness),
  })).filter(() => random.chance(0.9));
  const read = landed.filter(() => random.chance(0.8));
  const judged = random.chance(0.8) ? read : landed.filter(() => random.chance(0.5));
  const gone = landed.filter((object) => !judged.includes(object) && random.chance(0.5));
  const unread = landed.filter((object) => !read.includes(object) && !judged.includes(object));
  const partial = number > 0 && random.chance(0.25);
  const epoch = random.pick([1, 1, 2]);
  const keyOf = (object: readonly Landed[]): string => object[0]?.object as string;
  return async (under) => ({
    pipeline,
    runId: `run-${number}`,
    window: { from: dateOf(from), to: dateOf(to) },
    dates,
    partial,
    epoch,
    objects: scopeObjects([
      ...judged.map((object) => ({ rawObject: keyOf(object), judged: true as const })),
      ...gone.map((object) => ({ rawObject: keyOf(object), gone: true as const })),
    ]),
    unreadable: unread.map((object) => ({ key: keyOf(object), detail: 'corrupt', date: dateOf(0) })),
    settled: await settled(under, pipeline, read, `run-${number}`),
    repair: false,
  });
}

/** Causes are for people, and are tested where they are made. */
const shown = ({ group, changes, rowsBefore, heldDates, lost = [] }: GroupOutcome) => ({
  group,
  changes: [...changes].sort(byPlace),
  rowsBefore,
  heldDates: [...heldDates].sort(),
  lost: lost.map(({ table, column, values }) => `${table} ${column} ${values}`).sort(),
});

const byPlace = (a: DateChange, b: DateChange): number => (`${a.table} ${a.date}` < `${b.table} ${b.date}` ? -1 : 1);

async function expectSameTables(real: WarehouseUnderTest, simulated: WarehouseUnderTest): Promise<void> {
  const [found, wanted] = [await real.tables(), await simulated.tables()];
  for (const name of wanted.keys()) expect(texts(rowsOf(found, name)), name).toEqual(texts(rowsOf(wanted, name)));
}

async function expectSameAnswers(
  real: WarehouseUnderTest,
  a: PublishScope,
  simulated: WarehouseUnderTest,
  b: PublishScope,
): Promise<void> {
  const [one, other] = [real.warehouse, simulated.warehouse];
  const { pipeline, window } = a;
  const sorted = async (keys: Promise<readonly string[]>): Promise<string[]> => [...(await keys)].sort();
  expect(await one.rejected(a)).toEqual(await other.rejected(b));
  expect(await one.datesWithRows(pipeline, window)).toEqual(await other.datesWithRows(pipeline, window));
  const undeclared = async (under: Warehouse, within: typeof window | undefined): Promise<string[]> =>
    (await under.undeclared(pipeline, within))
      .filter(({ values }) => values > 0)
      .map(({ table, column, values }) => `${table} ${column} ${values}`)
      .sort();
  for (const within of [window, undefined])
    expect(await undeclared(one, within)).toEqual(await undeclared(other, within));
  expect(await sorted(one.objectsWithRows(pipeline, window))).toEqual(
    await sorted(other.objectsWithRows(pipeline, window)),
  );
  const rows = ({ table, date, rows }: { table: string; date: string; rows: number }): string =>
    `${table} ${date} ${rows}`;
  expect((await one.digests(pipeline, undefined)).map(rows)).toEqual(
    (await other.digests(pipeline, undefined)).map(rows),
  );
  const [found, wanted] = [await one.verify(a, 100), await other.verify(b, 100)];
  const differences = ({ differences }: typeof found): string[] =>
    differences.map(({ table, date, eventId, kind }) => `${table} ${date} ${eventId} ${kind}`).sort();
  expect(differences(found)).toEqual(differences(wanted));
  const counts = ({ checked, notJudged, rawGone }: typeof found): unknown => ({ checked, notJudged, rawGone });
  expect(counts(found)).toEqual(counts(wanted));
  const asked = [...(await readScope(a)).goneObjects];
  expect((await one.rowsOfObjects(pipeline, window, asked)).map(withoutRuns)).toEqual(
    (await other.rowsOfObjects(pipeline, window, asked)).map(withoutRuns),
  );
}

/** The ids of runs are shorter here. */
const withoutRuns = ({ rawObject, date, rows }: ObjectRows): unknown => ({ rawObject, date, rows });

/** Takes the run back, in both, last group first. */
async function undoBoth(
  random: Random,
  real: WarehouseUnderTest,
  simulated: WarehouseUnderTest,
  { pipeline, runId, window, dates }: PublishScope,
  landed: readonly Landed[][],
  number: number,
): Promise<void> {
  if (random.chance(0.5)) {
    const change = liveChange(pipeline, random.pick(landed), await simulated.tables(), true);
    for (const under of [real, simulated]) await under.load(change);
  }
  await annotateSome(random, pipeline, [real, simulated], `after ${runId}`);
  const lost = landed.filter(() => random.chance(0.2)).map((object) => object[0]?.object as string);
  const undo = `undo-of-${runId}`;
  const scopeOf = (under: WarehouseUnderTest): UndoScope => ({
    pipeline,
    runId: undo,
    undone: { runId, isUndo: false, folder: under.changesFolder(runId) },
    window,
    dates,
    sameColumns: true,
    restorable: { except: lost },
  });
  for (const group of groupsOf({ dates }).reverse()) {
    const commit = { token: `${undo}/${group}`, lease: 2 * number + 2, publishedAt: '2026-02-09T00:00:00.000Z' };
    const take = (under: WarehouseUnderTest) =>
      under.warehouse.undo(scopeOf(under), group, under.changesFolder(undo), commit);
    const before = await real.tables();
    const [found, wanted] = [await take(real), await take(simulated)];
    expect(shown(found)).toEqual(shown(wanted));
    const alone = ({ leftAlone }: typeof found): string[] =>
      leftAlone.map((one) => `${one.table} ${one.date} ${one.reason} ${one.runId} ${one.rows}`).sort();
    expect(alone(found)).toEqual(alone(wanted));
    await expectSameTables(real, simulated);
    expectNotesKept(pipeline, before, await real.tables(), found);
  }
}
