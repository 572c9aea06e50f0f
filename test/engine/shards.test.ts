// Lists of a plan as documents of lines: whoever reads them holds a piece at a time, and finds whatever was changed.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { encodedLines, readLines, readLinesBackwards } from '../../engine/ledger/lines.ts';
import { type PinnedObject, type Plan, planIdOf, type Shard, type Slice } from '../../engine/plan/plan-document.ts';
import { checkShards, objectsOf, shardKey, slicesBackwards, slicesOf, writeShard } from '../../engine/plan/shards.ts';
import { cutSlices, type SliceableObject } from '../../engine/plan/slices.ts';
import { type SliceLine, sliceOf, workOfLine, writeSliceLines } from '../../engine/replay/slice-lines.ts';
import type { Runs } from '../../engine/run/runs.ts';
import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { newFolder, STORES } from './control-world.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const LIMITS = { bytes: 1000, rows: 100 };
const objectOf = (number: number, rowGroups: SliceableObject['rowGroups'] = [[1, 1]]): PinnedObject => ({
  key: `raw/p/dt=2026-06-01/é-${String(number).padStart(6, '0')}.parquet`,
  bytes: rowGroups.reduce((sum, [, bytes]) => sum + bytes, 0),
  version: `v-${number}`,
  rows: rowGroups.reduce((sum, [rows]) => sum + rows, 0),
  rowsInWindow: 1,
  dates: ['2026-06-01'],
  rowGroups,
  because: 'holds the window',
});

async function planIn(control: ObjectStore, objects: readonly PinnedObject[]): Promise<Plan> {
  const body = {
    format: 2,
    pipeline: 'p',
    window: { from: '2026-06-01', to: '2026-06-02' },
    objects: { ...(await writeShard(control, objects)), unreadable: 0 },
    slices: await writeShard(control, cutSlices(objects, LIMITS)),
  };
  return { id: 'the-plan-of-a-test', body, reason: '', createdAt: '' } as unknown as Plan;
}

describe.each(Object.entries(STORES))('documents of lines in %s', (_, open) => {
  const stores = (): { control: ObjectStore; stage: ObjectStore } => {
    const folder = newFolder();
    folders.push(folder);
    return { control: open(join(folder, 'control')), stage: open(join(folder, 'stage')) };
  };

  it('are read as they were written, forwards and backwards, whatever their length', async () => {
    const { control } = stores();
    for (const lengths of [[], [1], [5_000_000, 3, 0, 4_194_303], Array.from({ length: 70_000 }, (__, n) => n % 200)]) {
      const items = lengths.map((length, number) => ({ number, text: 'é'.repeat(length) }));
      const { key } = await control.writeNamed(encodedLines(items), (sha256) => `lines/${sha256}`);
      const forwards = (await all(readLines(control, key))).map((line) => JSON.parse(line) as unknown);
      expect(forwards).toEqual(items);
      const backwards = (await all(readLinesBackwards(control, key))).map((line) => JSON.parse(line) as unknown);
      expect(backwards).toEqual(items.toReversed());
    }
    expect(await all(readLines(control, 'lines/none'))).toEqual([]);
  });

  it('give a plan its objects and slices back, in both orders', async () => {
    const { control } = stores();
    const objects = Array.from({ length: 300 }, (__, number) => objectOf(number, [[number % 7, 20 + number]]));
    const plan = await planIn(control, objects);
    expect(await all(objectsOf(control, plan))).toEqual(objects);
    const slices = await all(slicesOf(control, plan));
    expect(slices.map(({ slice }) => slice)).toEqual(slices.map((__, place) => place));
    expect(slices.flatMap(({ parts }) => parts.map(({ key }) => key))).toEqual(objects.map(({ key }) => key));
    expect(await all(slicesBackwards(control, plan))).toEqual(slices.toReversed());
    await checkShards(control, plan);
  });

  it('are refused when they are not what the root names', async () => {
    const { control } = stores();
    const plan = await planIn(control, [objectOf(1), objectOf(2)]);
    const key = shardKey(plan.body.objects.sha256);
    const text = Buffer.from((await control.read(key)) ?? []).toString();
    for (const damaged of [text.slice(0, text.indexOf('\n') + 1), text.replace('v-1', 'v-9'), text.slice(0, 30), '']) {
      await control.write(key, Buffer.from(damaged), { if: 'always' });
      await expect(all(objectsOf(control, plan))).rejects.toMatchObject({ code: 'NotAsRecorded' });
    }
    await control.remove(key);
    await expect(checkShards(control, plan)).rejects.toMatchObject({ code: 'NotAsRecorded' });
    await control.remove(shardKey(plan.body.slices.sha256));
    await expect(all(slicesBackwards(control, plan))).rejects.toMatchObject({ code: 'NotAsRecorded' });
  });

  it('tell a task its slice, and a line that was changed gives way to the plan', async () => {
    const { control, stage } = stores();
    const plan = await planIn(
      control,
      Array.from({ length: 9 }, (__, number) => objectOf(number, [[10, 400]])),
    );
    const deps = {
      control,
      stage,
      deliveryKey: Buffer.alloc(32, 1),
      runs: { plan: async () => plan } as unknown as Runs,
    };
    const run = { runId: 'abc-1', planId: plan.id };
    const left = new Set([1, 2, 4]);
    for (const newestFirst of [false, true]) {
      const key = await writeSliceLines(deps, plan, run.runId, { left, newestFirst });
      const lines = (await all(readLines(stage, key))).map((line) => JSON.parse(line) as SliceLine);
      expect(lines.map(({ slice }) => slice)).toEqual(newestFirst ? [4, 2, 1] : [1, 2, 4]);
      for (const line of lines) {
        const planned = await sliceOf(control, plan, line.slice);
        expect(line).toMatchObject(planned);
        expect(await workOfLine(deps, run, line)).toEqual(planned);
        for (const changed of [
          { ...line, parts: line.parts.slice(1) },
          { ...line, seal: 'none' },
          { ...line, window: { from: '2026-06-01', to: '2026-07-01' } },
          { slice: line.slice } as SliceLine,
        ])
          expect(await workOfLine(deps, run, changed)).toEqual(planned);
      }
    }
    await expect(sliceOf(control, plan, 99)).rejects.toThrow('no number 99');
  });
});

it('slices hold every row once, in order, and their lines are short however many objects there are', async () => {
  const groups = fc.array(fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1, max: 1500 })), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(groups, { maxLength: 30 }),
      fc.integer({ min: 300, max: 3000 }),
      async (shapes, lineBytes) => {
        const objects = shapes.map((shape, number) => objectOf(number, shape));
        const slices = await all(cutSlices(objects, { ...LIMITS, lineBytes }));
        const read = slices.flatMap(({ parts }) => parts);
        expect([...new Set(read.map(({ key }) => key))]).toEqual(objects.map(({ key }) => key));
        for (const object of objects) {
          const parts = read.filter(({ key }) => key === object.key);
          const whole = parts.length === 1 && parts[0]?.rows === undefined;
          const ranges = parts.map(({ rows }) => [rows?.from, rows?.to]);
          if (!whole) expect(ranges[0]?.[0]).toBe(0);
          if (!whole) expect(ranges.at(-1)?.[1]).toBe(object.rows);
          for (let place = 1; place < ranges.length; place++) expect(ranges[place]?.[0]).toBe(ranges[place - 1]?.[1]);
        }
        for (const { parts } of slices)
          if (parts.length > 1) expect(Buffer.byteLength(JSON.stringify(parts))).toBeLessThan(lineBytes + 10);
      },
    ),
    { numRuns: 200 },
  );
});

it('many small objects make slices whose lines stay below 64 KB', async () => {
  const objects = function* (): Generator<SliceableObject> {
    for (let number = 0; number < 5000; number++) yield objectOf(number);
  };
  const shard: Slice[] = await all(cutSlices(objects(), { bytes: 1e9, rows: 1e6 }));
  const lines = shard.map((slice) => Buffer.byteLength(JSON.stringify(slice)));
  expect(Math.max(...lines)).toBeLessThan(64 * 1024);
  expect(shard.length).toBeLessThan(15);
  const none: Shard = await writeShard({ writeNamed: async () => ({ key: '', bytes: 0, sha256: 'x' }) } as never, []);
  expect(none.count).toBe(0);
});

it('the id of a plan is the hash of the whole canonical text of its body, however long that is', () => {
  const body = {
    window: { to: 'é', from: '' },
    partial: false,
    objects: { count: 0 },
    tables: [],
    copyHorizon: undefined,
  };
  for (const tables of [[], Array.from({ length: 9000 }, (_, number) => `𝒯-${number}`)])
    expect(planIdOf({ ...body, tables })).toBe(sha256Hex(canonicalJson({ ...body, tables })));
});
