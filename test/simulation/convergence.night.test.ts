// The same deliveries, however they were landed, sliced, ordered and mixed with live loads, end in the same digests.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../generator/sample.ts';
import { compilePipeline } from '../../model/compile.ts';
import { pipeline as codewave } from '../../pipelines/codewave/pipeline.ts';
import { samples as codewaveSamples } from '../../pipelines/codewave/samples.ts';
import { pipeline as pulsecart } from '../../pipelines/pulsecart/pipeline.ts';
import { samples as pulsecartSamples } from '../../pipelines/pulsecart/samples.ts';
import type { TableDigest } from '../../ports/warehouse.ts';
import { shuffled } from './shuffled.ts';
import { type Ground, openGround, type ReplayOptions, World } from './world.ts';

const EVENTS = 800;
const ROWS_MAX = 200;
const WHOLE: ReplayOptions = {
  window: undefined,
  sliceBytes: 1_000_000_000,
  groupCuts: 0,
  only: [],
  preview: false,
  between: async () => {},
};

interface RawObject {
  readonly key: string;
  readonly deliveries: readonly Sample[];
}

/** Objects by arrival hour, of at most so many deliveries each, in the order in which they are given. */
function cut(samples: readonly Sample[], pipeline: string, rowsMax: number): RawObject[] {
  const hours = new Map<string, Sample[][]>();
  for (const sample of samples) {
    const hour = sample.received_at.slice(0, 13);
    const parts = hours.get(hour) ?? [];
    hours.set(hour, parts);
    if (parts.length === 0 || (parts.at(-1)?.length ?? 0) >= rowsMax) parts.push([]);
    parts.at(-1)?.push(sample);
  }
  return [...hours].flatMap(([hour, parts]) =>
    parts.map((deliveries, part) => ({
      key: `raw/${pipeline}/dt=${hour.slice(0, 10)}/hour=${hour.slice(11)}/${rowsMax}-${part}.parquet`,
      deliveries,
    })),
  );
}

describe.each([
  { declaration: pulsecart, source: pulsecartSamples },
  { declaration: codewave, source: codewaveSamples },
])('$declaration.name converges', ({ declaration, source }) => {
  const pipeline = compilePipeline(declaration, { sourceDigest: 'convergence' });
  const samples = source.generate({ seed: 7, events: EVENTS, from: '2026-03-02', days: 3 });
  const landings = cut(samples, pipeline.name, ROWS_MAX);
  let folder: string;
  let ground: Ground;
  let reference: readonly TableDigest[];
  let worlds = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reprise-convergence-'));
    ground = await openGround(folder, [pipeline]);
    reference = await digestsAfter(landings, (world) => replay(world, WHOLE));
  });
  afterAll(async () => {
    await ground.duck.close();
    await ground.stageDuck.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function digestsAfter(
    objects: readonly RawObject[],
    work: (world: World) => Promise<void>,
  ): Promise<readonly TableDigest[]> {
    const world = new World(ground, join(folder, String(++worlds)), { pipeline, thorough: false, rowGroupRows: 20 });
    await world.begin();
    try {
      for (const { key, deliveries } of objects) await world.lake.land(key, deliveries);
      await work(world);
      return await world.digests();
    } finally {
      await world.end();
    }
  }

  async function replay(world: World, options: ReplayOptions): Promise<void> {
    await world.execute(await world.plan(pipeline, options));
  }

  async function replayByDay(world: World, seed: number): Promise<void> {
    const { plan } = await world.plan(pipeline, WHOLE);
    for (const { date } of shuffled(plan.body.dates, seed)) {
      const to = new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
      await replay(world, { ...WHOLE, window: { from: date, to } });
    }
  }

  it('has something to compare', () => {
    expect(new Set(reference.map(({ table }) => table))).toEqual(new Set(pipeline.tables.map(({ name }) => name)));
    expect(reference.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(EVENTS);
  });

  it.each([1, 2])('day by day, in order %i', async (seed) => {
    expect(await digestsAfter(landings, (world) => replayByDay(world, seed))).toEqual(reference);
  });

  it.each([200_000, 50_000])('in slices of %i bytes', async (sliceBytes) => {
    const options = { ...WHOLE, sliceBytes, groupCuts: 0b101_0110 };
    expect(await digestsAfter(landings, (world) => replay(world, options))).toEqual(reference);
  });

  it('landed in another order, in other objects', async () => {
    const others = shuffled(cut(shuffled(samples, 3), pipeline.name, 61), 4);
    expect(await digestsAfter(others, (world) => replay(world, WHOLE))).toEqual(reference);
  });

  it('with a live loader in between', async () => {
    const mixed = shuffled(landings, 5);
    const half = mixed.length >> 1;
    const digests = await digestsAfter(mixed.slice(0, half), async (world) => {
      await world.liveLoad(pipeline, mixed.slice(half - 2, half + 2), false);
      await replayByDay(world, 6);
      for (const { key, deliveries } of mixed.slice(half)) await world.lake.land(key, deliveries);
      await world.liveLoad(pipeline, mixed.slice(0, 3), true);
      const live = [mixed.slice(-6, -3), mixed.slice(-3)];
      const between = async (group: number) => world.liveLoad(pipeline, live[group] ?? [], true);
      await replay(world, { ...WHOLE, groupCuts: 0b1111_1110, between });
      await replayByDay(world, 8);
    });
    expect(digests).toEqual(reference);
  });
});
