// What every warehouse decides and writes, held against the simulated one, which decides by engine/publish/rule.ts:
// random small states are published, previewed, verified and taken back through both.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CompiledPipeline } from '../../engine/model/compile.ts';
import { Evaluator } from '../../engine/model/evaluate.ts';
import { type Random, randomFrom } from '../../generator/random.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type {
  DateChange,
  GroupOutcome,
  ObjectRows,
  PublishScope,
  UndoScope,
  Warehouse,
} from '../../ports/warehouse.ts';
import { dateOf, deliveryOf, randomDraft } from '../../simulator/deliveries.ts';
import { type LiveChange, liveChange, withLiveChange } from '../../simulator/live-load.ts';
import { DELIVERY_KEY, type Landed } from '../../simulator/model.ts';
import { rawRow } from '../../simulator/raw.ts';
import { type Row, rowsOf, type Tables } from '../../simulator/rows.ts';
import { SimStager } from '../../simulator/stager.ts';
import type { Disk } from '../../simulator/store.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { emptyWarehouse, SimWarehouse, SOUND_BEHAVIOUR } from '../../simulator/warehouse.ts';

/** A warehouse with the tables of the tiny pipeline, and what stages rows for it. */
export interface WarehouseUnderTest {
  readonly warehouse: Warehouse;
  stager(name: string): { readonly stager: Stager; readonly folder: string };
  /** Where the changes of a run are kept. */
  changesFolder(runId: string): string;
  load(change: LiveChange): Promise<void>;
  /** Writes into NOTE, a column that people added to every table, of the rows with the keys. */
  annotate(table: string, keys: readonly Row[], note: string): Promise<void>;
  /** Replaces all rows of a table, as a hand with SQL does; NOTE is left empty. */
  write(table: string, rows: readonly Row[]): Promise<void>;
  /** All columns but those that publishing adds; NOTE too. */
  tables(): Promise<Tables>;
  /** Empties all tables. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** A column of every table under test that no declaration has. */
export const NOTE = 'note_by_hand';

const OBJECTS_MAX = 4;
const DELIVERIES_MAX = 5;
const PUBLISHES = 3;
const GROUPS_MAX = 2;

/** `seeds`: how many random states. */
export function describeWarehouse(name: string, seeds: number, open: () => Promise<WarehouseUnderTest>): void {
  describe(`${name} decides as the rule says`, () => {
    let real: WarehouseUnderTest;
    let damageable: PublishScope;
    beforeAll(async () => {
      real = await open();
      damageable = await damageScope(real);
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
    it.each(DAMAGES)('finds a row of %s that is %s, and names what removes just that', (table, damage) =>
      playDamage(real, damageable, table, damage),
    );
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
      expect(told(previews[0] as GroupOutcome)).toEqual(told(previews[1] as GroupOutcome));
      const before = await real.tables();
      const outcome = await real.warehouse.publish(a, group, folders[0], commit);
      expect(told(outcome)).toEqual(told(await simulated.warehouse.publish(b, group, folders[1], commit)));
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
    judgedObjects,
    readBefore: judgedObjects.flatMap((rawObject) => DAYS.map((date) => ({ rawObject, date, sameTransforms: true }))),
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
  await publish({ ...scope, readBefore: [] }, 1);
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

function landedObject(random: Random, number: number): Landed[] {
  const day = random.integer(0, 2);
  const object = `raw/tiny/dt=${dateOf(day)}/hour=12/${number}.parquet`;
  return Array.from({ length: random.integer(1, DELIVERIES_MAX) }, (_, row) => ({
    object,
    raw: rawRow(deliveryOf(randomDraft(random), day, 0), row),
  }));
}

const groupsOf = ({ dates }: { dates: PublishScope['dates'] }): number[] => [
  ...new Set(dates.map(({ group }) => group)),
];

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
    judgedObjects: judged.map(keyOf),
    goneObjects: gone.map(keyOf),
    unreadable: unread.map((object) => ({ key: keyOf(object), detail: 'corrupt', date: dateOf(0) })),
    settled: await settled(under, pipeline, read, `run-${number}`),
    repair: false,
  });
}

/** In two slices. */
async function settled(
  under: WarehouseUnderTest,
  pipeline: CompiledPipeline,
  objects: readonly (readonly Landed[])[],
  runId: string,
): Promise<readonly StagedFile[]> {
  const evaluator = new Evaluator(pipeline, DELIVERY_KEY);
  const files: StagedFile[] = [];
  for (const number of [0, 1]) {
    const slice = await under.stager(`${runId}-slice-${number}`).stager.openSlice(pipeline);
    for (const { object, raw } of objects.filter((_, place) => place % 2 === number).flat())
      slice.add(object, raw, evaluator.evaluate(raw));
    files.push(...(await slice.finish()));
  }
  const { stager, folder } = under.stager(`${runId}-settled`);
  return stager.settle(pipeline, files, folder);
}

/** Causes are for people, and are tested where they are made. */
const told = ({ group, changes, rowsBefore, heldDates, lost = [] }: GroupOutcome) => ({
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

const texts = (rows: readonly Row[]): string[] =>
  rows
    .map(({ _run_id, _published_at, ...row }) =>
      JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
    )
    .sort();

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
  const asked = a.goneObjects ?? [];
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
    expect(told(found)).toEqual(told(wanted));
    const alone = ({ leftAlone }: typeof found): string[] =>
      leftAlone.map((one) => `${one.table} ${one.date} ${one.reason} ${one.runId} ${one.rows}`).sort();
    expect(alone(found)).toEqual(alone(wanted));
    await expectSameTables(real, simulated);
    expectNotesKept(pipeline, before, await real.tables(), found);
  }
}
