// However a history is replayed, the tables end the same: by one slice, by small ones, day by day in any order, with the
// files landed in another order and cut otherwise, with a live loader in between. On a real home, by what the command line
// calls; test/simulation/convergence.night.test.ts does the same in memory, for more slicings and codewave too.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../adapters/system/clock.ts';
import { planAndSave } from '../../cli/commands/planning.ts';
import { Terminal } from '../../cli/render/terminal.ts';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import { nextDate, type Window } from '../../engine/plan/window.ts';
import { createRun } from '../../engine/run/begin.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { randomFrom } from '../../generator/random.ts';
import { type Sample, toNdjson } from '../../generator/sample.ts';
import { samples as pulsecart } from '../../pipelines/pulsecart/samples.ts';
import type { TableDigest } from '../../ports/warehouse.ts';
import { Engine } from '../../profiles/embedded/engine.ts';
import { executeRun } from '../../profiles/embedded/execute.ts';
import { landChunks } from '../../profiles/embedded/landing.ts';
import { listRaw } from '../listed-raw.ts';
import { liveLoad } from './live-loader.ts';

const SEED = 3;
const SMALL_SLICE_BYTES = 200_000;
const TINY_SLICE_BYTES = 20_000;
const quiet = new Terminal({ json: true, verbose: false, clock: systemClock });
let folder: string;
let homes = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-convergence-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inHome(work: (engine: Engine) => Promise<void>): Promise<void> {
  const home = join(folder, String(++homes));
  const engine = await Engine.open({
    home,
    create: true,
    pipelinesFolder: undefined,
    command: 'test',
    waitMs: 0,
    say: () => {},
  });
  try {
    await work(engine);
  } finally {
    await engine.close();
    await rm(home, { recursive: true, force: true });
  }
}

async function landParts(engine: Engine, name: string, parts: readonly (readonly Sample[])[]): Promise<void> {
  for (const part of parts) {
    await landChunks(
      engine,
      name,
      (async function* () {
        yield Buffer.from(toNdjson(part));
      })(),
    );
  }
}

async function backfill(
  engine: Engine,
  name: string,
  window: Window | undefined,
  sliceBytes: number,
): Promise<RunRecord> {
  const request = { window, reason: 'test', sliceBytes, onlyObjects: [], repair: false };
  const plan = await planAndSave(engine, name, request, quiet);
  const options = {
    stageOnly: false,
    approved: true,
    maxChange: undefined,
    maxActive: 2,
    newestFirst: false,
    verify: false,
  };
  const run = await executeRun(engine, await createRun(engine.controlDeps, plan, options), {
    signal: new AbortController().signal,
    ask: undefined,
    onEvent: () => {},
    onRows: () => {},
  });
  expect(['succeeded', 'nothing_to_do'], run.failure?.cause).toContain(run.state);
  return run;
}

async function digests(engine: Engine, name: string): Promise<readonly TableDigest[]> {
  return (await engine.warehouse()).digests(await engine.pipelines.compiled(name), undefined);
}

describe.each([['pulsecart', pulsecart]] as const)('%s', (name, source) => {
  const drawn = source.generate({ seed: SEED, events: 250, from: '2026-06-01', days: 2 });
  const random = randomFrom(SEED);
  const inParts = (count: number): Sample[][] => {
    const shuffled = random.shuffle(drawn);
    return Array.from({ length: count }, (_, part) => shuffled.filter((__, place) => place % count === part));
  };
  let expected: readonly TableDigest[];
  let dates: string[];

  beforeAll(() =>
    inHome(async (engine) => {
      await landParts(engine, name, [drawn]);
      await backfill(engine, name, undefined, PLAN_LIMITS.sliceBytes);
      expected = await digests(engine, name);
      const plans = await engine.runs.plan((await engine.runs.all())[0]?.planId ?? '');
      dates = plans.body.dates.map((one) => one.date);
      expect(plans.body.slices.count).toBe(1);
      expect(expected.length).toBeGreaterThan(3);
    }),
  );

  it.each([TINY_SLICE_BYTES])('by slices of %d bytes, landed in another order and cut otherwise', (sliceBytes) =>
    inHome(async (engine) => {
      await landParts(engine, name, inParts(3));
      await backfill(engine, name, undefined, sliceBytes);
      expect(await digests(engine, name)).toEqual(expected);
    }),
  );

  it('day by day in shuffled order', () =>
    inHome(async (engine) => {
      await landParts(engine, name, inParts(2));
      for (const date of random.shuffle(dates)) {
        await backfill(engine, name, { from: date, to: nextDate(date) }, TINY_SLICE_BYTES);
      }
      expect(await digests(engine, name)).toEqual(expected);
      const again = await backfill(engine, name, undefined, SMALL_SLICE_BYTES);
      expect(again.state).toBe('nothing_to_do');
    }));

  it('with a live loader that puts newer rows in between', () =>
    inHome(async (engine) => {
      const [first = [], second = []] = inParts(2);
      await landParts(engine, name, [first]);
      const loaded = new Set((await listRaw(engine.home.lake, name)).map((object) => object.key));
      const days = random.shuffle(dates);
      for (const [place, date] of days.entries()) {
        await backfill(engine, name, { from: date, to: nextDate(date) }, SMALL_SLICE_BYTES);
        if (place !== 1) continue;
        // The rest arrives: the live loader puts it into the tables at once, while the days are still replayed.
        await landParts(engine, name, [second]);
        for (const { key } of await listRaw(engine.home.lake, name))
          if (!loaded.has(key)) await liveLoad(engine, name, key);
      }
      for (const date of days) await backfill(engine, name, { from: date, to: nextDate(date) }, SMALL_SLICE_BYTES);
      expect(await digests(engine, name)).toEqual(expected);
    }));
});
