// What planning, running and reconciling may cost, counted in requests to the object stores and in bytes of documents, which
// do not depend on the machine: they must not grow with the lake, apart from its listing. `npm run bench:scale` measures
// the same, with time and memory, for up to a million objects.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Runs } from '../../engine/run/runs.ts';
import { CountingStore } from '../../simulator/counting-store.ts';
import { SimStore } from '../../simulator/store.ts';
import { HandClock } from '../engine/control-world.ts';
import { type CountedLake, openCountedLake } from './counted-lake.ts';
import { countedRun, type TaskCost } from './counted-run.ts';

/** The lake that the costs are meant for. */
const MISSION = { objects: 1_000_000, days: 180 };
const LISTED_KEYS_PER_REQUEST = 1000;
const PLAN_REQUESTS_MAX = 2000;
/** Of a plan: its root, and a line that says what one slice reads. */
const ROOT_BYTES_MAX = 100_000;
const LINE_BYTES_MAX = 64_000;
const RECONCILE_REQUESTS_MAX = 10;
const SLICE_REQUESTS_MAX = 20;
const GROUP_REQUESTS_MAX = 30;
const TASK_BYTES_MAX = 300_000;
/** Beside two for each run that is shown. */
const STATUS_REQUESTS_MAX = 10;
const RUNS = 20;
const SLICES = 60;

const folder = mkdtempSync(join(tmpdir(), 'reprise-costs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a lake that is cataloged and published', () => {
  const DAYS = 10;
  const lakes: CountedLake[] = [];
  beforeAll(async () => {
    for (const objects of [300, 3000]) lakes.push(await openCountedLake(join(folder, String(objects)), objects, DAYS));
  });
  afterAll(async () => {
    for (const lake of lakes) await lake.close();
  });

  it('is planned with as many requests for a date of arrival, however many objects arrived, and into a small root', async () => {
    const costs: { readonly lake: number; readonly control: number }[] = [];
    for (const lake of lakes) {
      const plan = await lake.planOneDay();
      expect(plan.body.objects.count).toBeGreaterThan(0);
      costs.push({ lake: lake.lake.requests(), control: lake.control.requests() });
      const { rootBytes, longestLineBytes } = await lake.sizesOf(plan);
      expect(rootBytes).toBeLessThan(ROOT_BYTES_MAX);
      expect(longestLineBytes).toBeLessThan(LINE_BYTES_MAX);
      expect(lake.lake.requestsByKind()).toEqual({ list: lake.lake.requests() });
    }
    const [small, large] = costs as [(typeof costs)[0], (typeof costs)[0]];
    expect(large.control).toBeLessThanOrEqual(small.control + 3);
    expect(large.lake).toBe(3);
    const listing = MISSION.objects / LISTED_KEYS_PER_REQUEST + MISSION.days;
    expect((large.control * MISSION.days) / DAYS + listing).toBeLessThanOrEqual(PLAN_REQUESTS_MAX);
  });

  it('is found to have nothing new with few requests beside its listing', async () => {
    for (const lake of lakes) {
      const { objects, read, needsWhole } = await lake.reconcile();
      expect({ objects, read, needsWhole }).toEqual({ objects: lake.objects, read: [], needsWhole: [] });
      expect(lake.lake.requestsByKind()).toEqual({ list: Math.ceil(lake.objects / LISTED_KEYS_PER_REQUEST) });
      expect(lake.control.requests()).toBeLessThanOrEqual(RECONCILE_REQUESTS_MAX);
    }
  });
});

describe('a run asks', () => {
  let costs: readonly (readonly TaskCost[])[];
  const of = (task: string): readonly (readonly TaskCost[])[] =>
    costs.map((run) => run.filter((cost) => cost.task === task));
  beforeAll(async () => {
    costs = [
      await countedRun({ objects: 4, days: 2 }),
      await countedRun({ objects: 64, days: 2 }),
      await countedRun({ objects: 64, days: 16 }),
    ];
  });

  it('as much for each slice, however many objects and slices there are', () => {
    const slices = of('StageSlice');
    expect(slices.map((one) => one.length)).toEqual([4, 64, 64]);
    for (const { requests, bytesRead } of slices.flat()) {
      expect(requests).toBeLessThanOrEqual(SLICE_REQUESTS_MAX);
      expect(bytesRead).toBeLessThanOrEqual(TASK_BYTES_MAX);
    }
    expect(new Set(slices.flat().map(({ requests }) => requests)).size).toBe(1);
    const [least, most] = range(slices.flat().map(({ bytesRead }) => bytesRead));
    expect(most - least).toBeLessThan(100);
  });

  it('as much for each date group, however many objects, slices and groups there are', () => {
    const groups = of('PublishGroup');
    expect(groups.map((one) => one.length)).toEqual([2, 2, 16]);
    const requests = groups.flat().map((cost) => cost.requests - cost.ledgerRequests);
    expect(new Set(requests).size).toBe(1);
    expect(Math.max(...requests)).toBeLessThanOrEqual(GROUP_REQUESTS_MAX);
  });
});

describe('a list of runs asks', () => {
  it('for each of them once, beside the listing of their documents', async () => {
    const store = new SimStore('control', new Map());
    const plan = { id: 'ab'.repeat(32), body: { pipeline: 'tiny' } } as Parameters<Runs['create']>[0];
    const options = { stageOnly: false, approved: true, maxChange: undefined, maxActive: 1 };
    const runs = new Runs(store, new HandClock());
    for (let number = 0; number < RUNS; number++) {
      const { runId } = await runs.create(plan, { ...options, newestFirst: false, verify: true });
      for (let slice = 0; slice < SLICES; slice++) await runs.saveDocument(runId, `slices/${slice}`, {});
    }
    const control = new CountingStore(store);
    expect((await new Runs(control, new HandClock()).list()).runs).toHaveLength(RUNS);
    expect(control.requestsByKind()).toEqual({
      list: 1 + Math.floor((RUNS * SLICES) / LISTED_KEYS_PER_REQUEST),
      read: RUNS,
    });
    expect(control.requests()).toBeLessThanOrEqual(STATUS_REQUESTS_MAX + 2 * RUNS);
  });
});

const range = (numbers: readonly number[]): [least: number, most: number] => [
  Math.min(...numbers),
  Math.max(...numbers),
];
