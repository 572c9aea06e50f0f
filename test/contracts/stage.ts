// What every stager promises, held against the model, which knows no slices: of random deliveries, in random slices, settling
// leaves what the model says of all of them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, randomFrom } from '../../generator/random.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { Evaluator } from '../../model/evaluate.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import { DELIVERY_KEY, evaluateAll, expectedTables, type Landed } from '../../simulator/model.ts';
import type { Row } from '../../simulator/rows.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { landedObject } from './under-test.ts';

export interface StagerUnderTest {
  /** A stager, and the folder in which its files are. */
  open(name: string): { readonly stager: Stager; readonly folder: string };
  /** The rows of a file in their order, every cell as text, as the simulator's rows have them. */
  rows(pipeline: CompiledPipeline, file: StagedFile): Promise<readonly Row[]>;
  /** Files below the folder. */
  files(folder: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

const OBJECTS_MAX = 6;
const SLICES_MAX = 3;
const VARIANTS = 512;
const NOTHING_GONE = { objects: new Set<string>(), dates: new Set<string>() };
/** Offers of winning events that lost to those of others are kept under such a name. */
const BEATEN = /^beaten_/;

/** `seeds`: how many random states. */
export function describeStager(name: string, seeds: number, open: () => Promise<StagerUnderTest>): void {
  describe(`${name}: stager`, () => {
    let under: StagerUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    it.each(Array.from({ length: seeds }, (_, seed) => seed))('settles state %i as the model says', async (seed) => {
      const random = randomFrom(`stage/${seed}`);
      const pipeline = tinyPipeline(random.integer(0, VARIANTS - 1));
      const landed = randomLanded(random);
      const staged: StagedFile[] = [];
      for (const [number, slice] of slicesOf(random, landed).entries())
        staged.push(...(await stage(under, pipeline, slice, `${seed}-${number}`)));
      await expectSound(under, pipeline, staged);
      const { stager, folder } = under.open(`${seed}-settle`);
      const settled = await stager.settle(pipeline, staged, folder);
      await expectSound(under, pipeline, settled);
      const winners = settled.filter(({ table }) => !BEATEN.test(table));
      const wanted = expectedTables(pipeline, landed, new Map(), NOTHING_GONE);
      for (const [table, rows] of wanted)
        expect(texts(await rowsOf(under, pipeline, winners, table)), table).toEqual(texts(rows));
      const again = under.open(`${seed}-again`);
      const unchanged = await again.stager.settle(pipeline, winners, again.folder);
      expect(unchanged.toSorted(byPath)).toEqual(winners.toSorted(byPath));
    });

    it('stages every rejected delivery, and nothing where nothing is', async () => {
      const pipeline = tinyPipeline(0);
      const landed = randomLanded(randomFrom('stage/rejected'));
      const { quarantine } = evaluateAll(pipeline, landed);
      expect(quarantine.length).toBeGreaterThan(0);
      const staged = await stage(under, pipeline, landed, 'rejected');
      expect(texts(await rowsOf(under, pipeline, staged, 'quarantine'))).toEqual(texts(quarantine));
      expect(await stage(under, pipeline, [], 'nothing')).toEqual([]);
      const { stager, folder } = under.open('settle-nothing');
      expect(await stager.settle(pipeline, [], folder)).toEqual([]);
    });

    it('leaves nothing behind when it gives up', async () => {
      const pipeline = tinyPipeline(0);
      const { stager, folder } = under.open('discarded');
      const writer = await stager.openSlice(pipeline);
      const evaluator = new Evaluator(pipeline, DELIVERY_KEY);
      for (const { object, raw } of randomLanded(randomFrom('stage/discarded')))
        writer.add(object, raw, evaluator.evaluate(raw));
      await writer.drain();
      await writer.discard();
      expect(await under.files(folder)).toEqual([]);
    });
  });
}

/** In the order of their places, of which the first counts among equal deliveries. */
const randomLanded = (random: Random): Landed[] =>
  Array.from({ length: random.integer(1, OBJECTS_MAX) }, (_, number) => landedObject(random, number))
    .flat()
    .sort((a, b) => (a.object === b.object ? a.raw.row - b.raw.row : a.object < b.object ? -1 : 1));

/** Each delivery in one of the slices, as row groups of objects are. */
function slicesOf(random: Random, landed: readonly Landed[]): Landed[][] {
  const slices = Array.from({ length: random.integer(1, SLICES_MAX) }, (): Landed[] => []);
  for (const one of landed) random.pick(slices).push(one);
  return slices;
}

async function stage(
  under: StagerUnderTest,
  pipeline: CompiledPipeline,
  landed: readonly Landed[],
  name: string,
): Promise<readonly StagedFile[]> {
  const writer = await under.open(name).stager.openSlice(pipeline);
  const evaluator = new Evaluator(pipeline, DELIVERY_KEY);
  for (const { object, raw } of landed) {
    writer.add(object, raw, evaluator.evaluate(raw));
    await writer.drain();
  }
  return writer.finish();
}

/** Every file is of a table, has as many rows as it says, ascending by date, and no longer text than it says. */
async function expectSound(
  under: StagerUnderTest,
  pipeline: CompiledPipeline,
  files: readonly StagedFile[],
): Promise<void> {
  const names = [...pipeline.tables.map(({ name }) => name), 'quarantine'];
  for (const file of files) {
    expect(names).toContain(file.table.replace(BEATEN, ''));
    const rows = await under.rows(pipeline, file);
    expect(file.rows).toBeGreaterThan(0);
    expect(rows).toHaveLength(file.rows);
    const dates = rows.map(({ event_date }) => event_date ?? '');
    expect(dates).toEqual([...dates].sort());
    const longest = Math.max(...rows.flatMap((row) => Object.values(row)).map((cell) => Buffer.byteLength(cell ?? '')));
    if (file.longestText !== undefined) expect(file.longestText).toBeGreaterThanOrEqual(longest);
  }
}

async function rowsOf(
  under: StagerUnderTest,
  pipeline: CompiledPipeline,
  files: readonly StagedFile[],
  table: string,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const file of files) if (file.table === table) rows.push(...(await under.rows(pipeline, file)));
  return rows;
}

const byPath = (a: StagedFile, b: StagedFile): number => (a.path < b.path ? -1 : 1);

/** Rows without the transforms' own digest, which the model does not add. */
const texts = (rows: readonly Row[]): string[] =>
  rows
    .map(({ _transform_version, ...row }) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
    .sort();
