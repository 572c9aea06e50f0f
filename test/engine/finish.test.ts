// How a run that was stopped ends: by what is recorded as published, not by what was meant.

import { rmSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Leases } from '../../engine/ledger/leases.ts';
import { type Plan, type PlanBody, planIdOf } from '../../engine/plan/plan-document.ts';
import { recordGroup } from '../../engine/publish/record.ts';
import { createRun } from '../../engine/run/begin.ts';
import { finish, GROUP_FAILURE } from '../../engine/run/finish.ts';
import { progressOf } from '../../engine/run/progress.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { Runs } from '../../engine/run/runs.ts';
import { endHere } from '../../engine/run/stop.ts';
import { sha256Hex } from '../../model/digest.ts';
import type { GroupOutcome, Warehouse } from '../../ports/warehouse.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { MemoryStore } from '../adapters/memory-store.ts';
import { newFolder, World } from './control-world.ts';

const pipeline = tinyPipeline(0);
const window = { from: '2026-06-01', to: '2026-06-03' };
const body: PlanBody = {
  format: 2,
  pipeline: pipeline.name,
  window,
  transformDigest: pipeline.transformDigest,
  schemaDigest: pipeline.schemaDigest,
  timeRulesDigest: pipeline.timeRulesDigest,
  partial: false,
  objects: { count: 0, sha256: sha256Hex(''), unreadable: 0, bytes: 0, rows: 0 },
  slices: { count: 0, sha256: sha256Hex('') },
  dates: [
    { date: '2026-06-01', group: 0, whole: true, deliveries: 1 },
    { date: '2026-06-02', group: 1, whole: true, deliveries: 1 },
  ],
  groups: 2,
  tables: pipeline.tables.map(({ name }) => name),
  repair: false,
};
const plan: Plan = { id: planIdOf(body), reason: '', createdAt: '2026-06-05T00:00:00.000Z', body };
const counts = { inserted: 1, updated: 0, deleted: 0, unchanged: 0, kept_newer: 0 };
const outcomeOf = (group: number): GroupOutcome => ({
  group,
  changes: [{ table: 'events', date: `2026-06-0${group + 1}`, ...counts }],
  causes: [],
  rowsBefore: 0,
  heldDates: [],
});

describe('a run that was stopped', () => {
  const folder = newFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let world: World;
  let runs: Runs;
  let run: RunRecord;

  beforeEach(async () => {
    world = new World(new MemoryStore(folder));
    runs = new Runs(world.control, world.clock);
    await runs.savePlan(plan);
    const options = {
      stageOnly: false,
      approved: true,
      maxChange: undefined,
      maxActive: 1,
      newestFirst: false,
      verify: true,
    };
    committed.clear();
    run = await createRun(deps(), plan, options);
    await runs.saveDocument(run.runId, 'preview', {
      outcomes: [0, 1].map(outcomeOf),
      quarantined: {},
      groupsLeft: [0, 1],
    });
  });

  /** What the warehouse has committed. */
  const committed = new Set<number>();
  const warehouse = {
    committed: async (token: string) => {
      const group = Number(token.split('/')[1]);
      return committed.has(group) ? outcomeOf(group) : undefined;
    },
    raiseFence: async () => {},
  } as Partial<Warehouse> as Warehouse;
  const deps = () => ({
    ...world.process('one'),
    runs,
    stage: world.control,
    withWarehouse: <T>(work: (of: Warehouse) => Promise<T>) => work(warehouse),
  });
  const publish = async (group: number): Promise<void> => {
    committed.add(group);
    await recordGroup(deps(), run, outcomeOf(group));
  };
  const cancelled = { error: 'Cancelled', cause: 'somebody asked' };

  it.each([
    ['before any group', 0, 'cancelled'],
    ['between groups', 1, 'partially_published'],
    ['after the last', 2, 'succeeded'],
  ])('%s', async (_name, published, state) => {
    for (let group = 0; group < published; group++) await publish(group);
    const ended = await finish(deps(), pipeline, run.runId, cancelled);
    expect([ended.state, ended.failure]).toEqual([state, cancelled]);
    const { groups } = await progressOf({ ...deps(), runs }, run.runId);
    expect(groups.published.map(({ dates }) => dates[0])).toEqual(['2026-06-01', '2026-06-02'].slice(0, published));
    expect(groups.left.flatMap(({ dates }) => dates)).toEqual(['2026-06-01', '2026-06-02'].slice(published));
  });

  it('tells why a group could not be published, where its map only counts failures', async () => {
    const counted = { error: 'States.ExceedToleratedFailureThreshold', cause: '1 of 2 items failed' };
    await publish(0);
    await runs.saveDocument(run.runId, GROUP_FAILURE, { attempt: 1, ...cancelled });
    const ended = await finish(deps(), pipeline, run.runId, counted);
    expect([ended.state, ended.failure]).toEqual(['partially_published', cancelled]);
    // That of an earlier attempt says nothing of this one.
    await runs.save({ ...run, attempt: 2 });
    expect((await finish(deps(), pipeline, run.runId, counted)).failure).toEqual(counted);
  });

  it('is ended by whoever asks when nobody executes it, with groups that were committed but not recorded', async () => {
    await new Leases(world.process('gone'), pipeline.name).take(run.runId, window);
    world.dead.add('gone');
    committed.add(0);
    const ended = await endHere(deps(), pipeline, run, { error: 'Cancelled', cause: 'somebody asked' });
    expect(ended).toMatchObject({ state: 'partially_published', attempt: 2 });
    expect((await runs.groups(run.runId)).map(({ group }) => group)).toEqual([0]);
    // The process that was believed dead has no say any more, and a second one who asks comes too late.
    await expect(runs.beginAttempt(run)).rejects.toMatchObject({ code: 'RunBusy' });
  });
});
