// The commands of operators, as the command line has them, over simulated ports.

import { type Asked, askRun } from '../engine/ledger/asked.ts';
import { Leases } from '../engine/ledger/leases.ts';
import { Ledger } from '../engine/ledger/ledger.ts';
import { type RunOptions, type RunRecord, Runs } from '../engine/ledger/runs.ts';
import { canonicalJson, sha256Hex } from '../engine/model/digest.ts';
import { makePlan, type Plan, type PlanBody } from '../engine/plan/plan.ts';
import { isoTime } from '../ports/clock.ts';
import { RepriseError } from '../ports/errors.ts';
import { dateOf } from './deliveries.ts';
import { executeRun } from './execution.ts';
import type { CommandStep } from './history.ts';
import type { SimContext } from './ports.ts';
import type { World } from './world.ts';

export type Backfill = Extract<CommandStep, { do: 'backfill' }>;

const SLICE_BYTES = { one: 1_000_000, some: 1500, rows: 40 } as const;
const DONE = new Set(['succeeded', 'nothing_to_do', 'published_with_gaps']);

/** Executes the command to its end. Throws what it refuses with. */
export async function runCommand(world: World, context: SimContext, step: CommandStep): Promise<RunRecord | undefined> {
  switch (step.do) {
    case 'backfill':
      return untilItHasItsDates(context, step.tries, () => backfill(world, context, step));
    case 'resume':
      return resume(world, context, step.run);
    case 'cancel':
    case 'pause':
      return ask(world, context, step.run, step.do);
  }
}

const TRY_AGAIN_MS = 25_000;

/** Again after a while, as long as another run holds some of the dates. */
export async function untilItHasItsDates(
  context: SimContext,
  tries: number,
  work: () => Promise<RunRecord>,
): Promise<RunRecord> {
  for (let left = tries; ; left--) {
    const run = await work();
    if (run.failure?.error !== 'LeaseHeld' || left <= 1) return run;
    await context.clock.sleep(TRY_AGAIN_MS);
  }
}

export async function backfill(world: World, context: SimContext, step: Backfill): Promise<RunRecord> {
  const { compiled, runs } = context;
  const listed = world.objects.filter(({ state }) => state === 'landed' || state === 'broken');
  const only = listed.filter((_, place) => ((step.only >> (place % 4)) & 1) === 1).map(({ key }) => key);
  const request = {
    window: step.days === 0 ? undefined : { from: dateOf(step.from), to: dateOf(step.from + step.days) },
    reason: 'simulation',
    sliceBytes: SLICE_BYTES[step.slices],
    onlyObjects: only,
    repair: false,
  };
  const plan = regrouped(await makePlan(context, compiled, request, () => {}), step.groupCuts);
  await runs.savePlan(plan);
  await new Ledger(context, compiled.name).append({ kind: 'plan_made', planId: plan.id, reason: plan.reason });
  if (step.thinkMs > 0) await context.clock.sleep(step.thinkMs);
  const run = await runs.create(plan, optionsOf(step));
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
  if (DONE.has(run.state)) return run;
  const worker = await new Leases(context, run.pipeline).workerOf(runId);
  if (worker !== undefined)
    throw new RepriseError('RunBusy', `run ${runId} is being executed by ${worker.holder}`, 'look on');
  const options = { ...run.options, stageOnly: false, approved: true };
  return executeRun(context, await runs.beginAttempt({ ...run, options }));
}

async function ask(
  world: World,
  context: SimContext,
  number: number,
  what: 'cancel' | 'pause',
): Promise<RunRecord | undefined> {
  const runId = pick(await unfinished(world), number);
  if (runId === undefined) return undefined;
  const run = await context.runs.run(runId);
  const { author, clock } = context;
  const asked: Asked = { ask: what, attempt: run.attempt, by: author.by, at: isoTime(clock), reason: 'simulation' };
  await askRun(context.runs, runId, asked);
  await new Ledger(context, run.pipeline).append({ kind: `${what}_asked`, runId, reason: asked.reason });
  return run;
}

/** Runs that somebody may still want something of, as whoever looks at the status would see them. */
async function unfinished(world: World): Promise<string[]> {
  const runs = new Runs(world.control, { nowMs: () => 0, sleep: async () => {} });
  const records = await Promise.all(world.runIds.map((runId) => runs.run(runId)));
  return records.filter(({ state }) => !DONE.has(state)).map(({ runId }) => runId);
}

const pick = <T>(items: readonly T[], number: number): T | undefined => items[number % Math.max(items.length, 1)];

/** The same plan with its dates cut into more groups, as larger dates would have. */
function regrouped(plan: Plan, cuts: number): Plan {
  let group = 0;
  const dates = plan.body.dates.map((date, place) => {
    if (place > 0 && ((cuts >> place) & 1) === 1) group++;
    return { ...date, group };
  });
  const body: PlanBody = { ...plan.body, dates, groups: dates.length > 0 ? group + 1 : plan.body.groups };
  return { ...plan, body, id: sha256Hex(canonicalJson(body)) };
}
