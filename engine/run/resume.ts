// Takes a run up again: another attempt on the same dates. What is recorded as done is not repeated.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { LeaseDeps } from '../ledger/leases.ts';
import { refuseOtherPipeline } from '../plan/drift.ts';
import { type BeginDeps, beginAgain } from './begin.ts';
import type { RunRecord } from './run-record.ts';
import type { Runs } from './runs.ts';
import { isTrueOf } from './states.ts';
import { refuseUndone } from './undone.ts';
import { aboutWorker, workerOf } from './worker.ts';

export type ResumeDeps = BeginDeps & LeaseDeps;

export interface Resumption {
  /** Publishes whatever the change is, for this reason. */
  readonly approval: string | undefined;
  /** Of the attempt; the run's own when empty. */
  readonly reason: string;
}

/**
 * Begins the attempt. `pipeline`: as it is loaded here.
 * @throws Undone, RunBusy, PlanDrifted when the run was planned with another pipeline, FourEyes, NotAsRecorded
 */
export async function resumeRun(
  deps: ResumeDeps,
  run: RunRecord,
  pipeline: CompiledPipeline,
  { approval, reason }: Resumption,
): Promise<RunRecord> {
  await refuseUndone(deps.runs, run.runId);
  await refuseWhileItWorks(deps, run);
  await refuseOtherTransforms(deps, run, pipeline, 'resume');
  const about = { ...aboutWorker(deps), ...(reason === '' ? {} : { reason }) };
  return beginAgain(deps, run.runId, about, approval);
}

/** Throws RunBusy while another process that lives executes the run. */
export async function refuseWhileItWorks(deps: LeaseDeps, run: RunRecord): Promise<void> {
  const worker = await workerOf(deps, run);
  if (worker === undefined) return;
  throw new RepriseError(
    'RunBusy',
    `run ${run.runId} is being executed by ${worker.by} (${worker.holder})`,
    `look on: reprise watch ${run.runId}; end it: reprise cancel ${run.runId}`,
  );
}

/** Throws PlanDrifted. An undo puts back what was kept, whatever the transforms are. `command`: the one to type elsewhere. */
export async function refuseOtherTransforms(
  { runs }: { readonly runs: Runs },
  run: RunRecord,
  pipeline: CompiledPipeline,
  command: 'resume' | 'approve',
): Promise<void> {
  if (run.undoes === undefined) refuseOtherPipeline(await runs.plan(run.planId), pipeline, run.runId, command);
}

/** The newest run that was interrupted, failed or stopped, and that nobody executes: nothing that waits for a person's yes. */
export async function newestUnfinished(deps: ResumeDeps): Promise<RunRecord> {
  for (const run of await deps.runs.all())
    if (isTrueOf(run.state, 'canGoOn') && (await workerOf(deps, run)) === undefined) return run;
  throw new RepriseError('NotFound', 'no run is unfinished', 'list them: reprise runs');
}
