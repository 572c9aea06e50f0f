// What a task of a slice reads does not grow with the plan: its own document, and the plan only when that is not there as
// it was written.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Plan, type PlanBody, planIdOf } from '../../engine/plan/plan.ts';
import { partsOf, pinnedSlices, writeParts } from '../../engine/replay/slice-parts.ts';
import { Runs } from '../../engine/run/runs.ts';
import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { newFolder, STORES } from './control-world.ts';

const OBJECTS = 40;
const RUN_ID = 'abc-1';
const clock = { nowMs: () => 0, sleep: async () => {} };
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function planOfSlices(): Plan {
  const keys = Array.from({ length: OBJECTS }, (_, number) => `raw/p/dt=2026-06-01/é-${number}.parquet`);
  const body = {
    format: 1,
    pipeline: 'p',
    window: { from: '2026-06-01', to: '2026-06-02' },
    partial: false,
    goneObjects: undefined,
    objects: keys.map((key, number) => ({ key, bytes: number, version: `v-${number}`, rows: 1, dates: [] })),
    slices: [0, 1].map((number) => ({
      number,
      bytes: 1,
      parts: keys
        .filter((_, place) => place % 2 === number)
        .map((key, place) => (place === 0 ? { key, rows: { from: 0, to: 1 } } : { key })),
    })),
    dates: [],
    groups: 0,
  } as unknown as PlanBody;
  return { id: planIdOf(body), body, reason: 'r', createdAt: '2026-06-01T00:00:00Z' };
}

/** The store, counting how often the content of each key is read. */
function counting(store: ObjectStore): { readonly store: ObjectStore; readonly reads: string[] } {
  const reads: string[] = [];
  const read = (key: string): Promise<Uint8Array | undefined> => {
    reads.push(key);
    return store.read(key);
  };
  return {
    reads,
    store: new Proxy(store, { get: (of, name) => (name === 'read' ? read : Reflect.get(of, name).bind(of)) }),
  };
}

describe.each(Object.entries(STORES))('in %s', (_, open) => {
  async function world() {
    const folder = newFolder();
    folders.push(folder);
    const control = open(join(folder, 'control'));
    const stage = open(join(folder, 'stage'));
    const plan = planOfSlices();
    await new Runs(control, clock).savePlan(plan);
    const { store, reads } = counting(control);
    const deps = { runs: new Runs(store, clock), stage, deliveryKey: Buffer.alloc(32, 1) };
    return { control, deps, plan, planReads: reads, run: { runId: RUN_ID, planId: plan.id } };
  }

  it('a slice is read from its own document, the plan not at all', async () => {
    const { deps, plan, planReads, run } = await world();
    await writeParts(deps, plan, RUN_ID, [0, 1]);
    const expected = [...pinnedSlices(plan)];
    for (const number of [0, 1]) expect(await partsOf(deps, run, number)).toEqual(expected[number]);
    expect(expected[1]?.[0]).toEqual({
      key: 'raw/p/dt=2026-06-01/é-1.parquet',
      bytes: 1,
      version: 'v-1',
      rows: { from: 0, to: 1 },
    });
    expect(planReads).toEqual([]);
  });

  it('a document that is not there, was changed, or is of another slice gives way to the plan', async () => {
    const { deps, plan, planReads, run } = await world();
    const [first, second] = [...pinnedSlices(plan)];
    expect(await partsOf(deps, run, 1)).toEqual(second);
    expect(planReads).toHaveLength(1);
    await writeParts(deps, plan, RUN_ID, [0, 1]);
    const text = Buffer.from((await deps.stage.read(`${RUN_ID}/parts/000001.json`)) ?? []).toString();
    const write = (content: string) =>
      deps.stage.write(`${RUN_ID}/parts/000000.json`, Buffer.from(content), { if: 'always' });
    for (const damaged of [text, text.replace('v-1"', 'v-x"'), text.slice(0, 50), '']) {
      await write(damaged);
      expect(await partsOf(deps, run, 0)).toEqual(first);
    }
    await expect(partsOf(deps, run, 2)).rejects.toThrow('has 2 slices, no number 2');
  });

  it('a plan is read once as long as nobody writes to it, and checked again after that', async () => {
    const { control, deps, plan, planReads } = await world();
    const found = await deps.runs.plan(plan.id);
    expect(found).toEqual(JSON.parse(JSON.stringify(plan)));
    expect(await deps.runs.plan(plan.id)).toBe(found);
    expect(planReads).toEqual([`plans/${plan.id}.json`]);
    const cut = { ...plan, body: { ...plan.body, objects: plan.body.objects.slice(1) } };
    await control.write(`plans/${plan.id}.json`, Buffer.from(JSON.stringify(cut)), { if: 'always' });
    await expect(deps.runs.plan(plan.id)).rejects.toMatchObject({ code: 'NotAsRecorded' });
  });
});

it('the id of a plan is the hash of its whole canonical text', () => {
  const { id, body } = planOfSlices();
  const large = { ...body, tables: Array.from({ length: 9000 }, (_, number) => `𝒯-${number}`), slices: [] };
  expect(id).toBe(sha256Hex(canonicalJson(body)));
  expect(planIdOf(large)).toBe(sha256Hex(canonicalJson(large)));
});
