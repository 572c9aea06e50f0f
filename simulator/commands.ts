// The commands of operators, as the command line has them, over simulated ports.

import { Leases } from '../engine/ledger/leases.ts';
import { Ledger } from '../engine/ledger/ledger.ts';
import { makePlan, type PlanRequest } from '../engine/plan/plan.ts';
import type { Plan } from '../engine/plan/plan-document.ts';
import { type ReconcileDeps, type Reconciliation, reconcile, reconcileOptions } from '../engine/reconcile/reconcile.ts';
import { createRun } from '../engine/run/begin.ts';
import { resumeRun } from '../engine/run/resume.ts';
import type { RunOptions, RunRecord } from '../engine/run/run-record.ts';
import { Runs } from '../engine/run/runs.ts';
import { isTrueOf } from '../engine/run/states.ts';
import { stopRun } from '../engine/run/stop.ts';
import { beginUndo } from '../engine/run/undo.ts';
import { aboutWorker } from '../engine/run/worker.ts';
import { dateOf } from './deliveries.ts';
import { executeRun } from './execution.ts';
import type { CommandStep } from './history.ts';
import type { SimContext } from './ports.ts';
import { regrouped } from './regrouped.ts';
import type { World } from './world.ts';

export type Backfill = Extract<CommandStep, { do: 'backfill' }>;

const SLICE_BYTES = { one: 1_000_000, some: 1500, rows: 40 } as const;
const PUBLISHED = new Set(['succeeded', 'published_with_gaps', 'partially_published', 'failed', 'running']);

/** Executes the command to its end. Throws what it refuses with. */
export async function runCommand(world: World, context: SimContext, step: CommandStep): Promise<RunRecord | undefined> {
  switch (step.do) {
    case 'backfill':
      return untilItHasItsDates(context, step.tries, () => backfill(world, context, step));
    case 'resume':
      return resume(world, context, step.run);
    case 'cancel':
    case 'pause':
      return stop(world, context, step.run, step.do);
    case 'undo':
      return undo(world, context, step);
    case 'reconcile':
      return (await reconcileAll(world, context, step.maxActive)).runs.at(-1);
    case 'activate':
      await activate(context, step);
      return undefined;
  }
}

async function activate(
  { compiled, ...deps }: SimContext,
  step: Extract<CommandStep, { do: 'activate' }>,
): Promise<void> {
  const window = { from: dateOf(step.from), to: dateOf(step.from + step.days) };
  const where = step.days === 0 ? {} : { windows: [window] };
  await new Ledger(deps, compiled.name).activate(compiled.transformDigest, {
    allow: { reason: 'simulation', ...where },
  });
}

const TRY_AGAIN_MS = 25_000;

/** Another run holds some of the dates, or an undo has just retired the transforms. */
const NOT_NOW = new Set(['LeaseHeld', 'TransformsRetired']);

/** Again after a while, as long as somebody else is in the way. */
export async function untilItHasItsDates(
  context: SimContext,
  tries: number,
  work: () => Promise<RunRecord>,
): Promise<RunRecord> {
  for (let left = tries; ; left--) {
    const run = await work();
    if (!NOT_NOW.has(run.failure?.error ?? '') || left <= 1) return run;
    await context.clock.sleep(TRY_AGAIN_MS);
  }
}

export async function backfill(world: World, context: SimContext, step: Backfill): Promise<RunRecord> {
  const listed = world.objects.filter(({ state }) => state === 'landed' || state === 'broken');
  const only = listed.filter((_, place) => ((step.only >> (place % 4)) & 1) === 1).map(({ key }) => key);
  const request = {
    window: step.days === 0 ? undefined : { from: dateOf(step.from), to: dateOf(step.from + step.days) },
    reason: 'simulation',
    sliceBytes: SLICE_BYTES[step.slices],
    onlyObjects: only,
    repair: false,
  };
  const plan = await planAndSave(context, request, step.groupCuts);
  if (step.thinkMs > 0) await context.clock.sleep(step.thinkMs);
  return begin(world, context, await createRun(context, plan, optionsOf(step), aboutWorker(context)));
}

async function planAndSave(context: SimContext, request: PlanRequest, groupCuts: number): Promise<Plan> {
  const { compiled, runs } = context;
  const plan = regrouped(await makePlan(context, compiled, request, () => {}), groupCuts);
  await runs.savePlan(plan);
  await new Ledger(context, compiled.name).append({ kind: 'plan_made', planId: plan.id, reason: plan.reason });
  return plan;
}

function begin(world: World, context: SimContext, run: RunRecord): Promise<RunRecord> {
  world.runIds.push(run.runId);
  return executeRun(context, run);
}

const optionsOf = (step: Backfill): RunOptions => ({
  stageOnly: step.stageOnly,
  approved: step.approved,
  maxChange: undefined,
  maxActive: step.maxActive,
  newestFirst: (step.groupCuts & 1) === 1,
  verify: step.verify,
});

async function resume(world: World, context: SimContext, number: number): Promise<RunRecord | undefined> {
  const runId = pick(await unfinished(world), number);
  if (runId === undefined) return undefined;
  const { runs } = context;
  const run = await runs.run(runId);
  if (isTrueOf(run.state, 'isDone')) return run;
  const again = await resumeRun(context, run, context.compiled, { approval: 'simulation', reason: '' });
  return executeRun(context, again);
}

async function undo(
  world: World,
  context: SimContext,
  step: Extract<CommandStep, { do: 'undo' }>,
): Promise<RunRecord | undefined> {
  const runId = pick(await runsThat(world, ({ state }) => PUBLISHED.has(state)), step.run);
  if (runId === undefined) return undefined;
  const undone = await context.runs.run(runId);
  const about = { reason: 'simulation', ...aboutWorker(context) };
  return begin(world, context, await beginUndo(context, context.compiled, undone, step.approved, about));
}

export async function reconcileAll(world: World, context: SimContext, maxActive: number): Promise<Reconciliation> {
  const { compiled } = context;
  const deps: ReconcileDeps = {
    ...context,
    ledger: new Ledger(context, compiled.name),
    leases: new Leases(context, compiled.name),
    staleOffers: (objects) => context.offers.staleOffers(compiled, objects),
    replay: async (window, onlyObjects) => {
      const request = { window, reason: 'reconcile', sliceBytes: SLICE_BYTES.some, onlyObjects, repair: false };
      const plan = await planAndSave(context, request, 0);
      return { plan, run: await begin(world, context, await createRun(context, plan, reconcileOptions(maxActive))) };
    },
    onProgress: () => {},
  };
  return reconcile(deps, compiled, { dryRun: false, rebuild: false });
}

async function stop(
  world: World,
  context: SimContext,
  number: number,
  what: 'cancel' | 'pause',
): Promise<RunRecord | undefined> {
  const runId = pick(await unfinished(world), number);
  if (runId === undefined) return undefined;
  const run = await context.runs.run(runId);
  return (await stopRun(context, context.pipeline, run, what, 'simulation')).record;
}

const unfinished = (world: World): Promise<string[]> => runsThat(world, ({ state }) => !isTrueOf(state, 'isDone'));

/** Runs in some state, as whoever looks at the status would see them. */
async function runsThat(world: World, isWanted: (run: RunRecord) => boolean): Promise<string[]> {
  const runs = new Runs(world.control, { nowMs: () => 0, sleep: async () => {} });
  const records = await Promise.all(world.runIds.map((runId) => runs.run(runId)));
  return records.filter(isWanted).map(({ runId }) => runId);
}

const pick = <T>(items: readonly T[], number: number): T | undefined => items[number % Math.max(items.length, 1)];
