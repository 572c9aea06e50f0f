// Begins runs and their attempts. What a run may do is recorded in the ledger before it does anything.

import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan-document.ts';
import { asksForFourEyes, refuseApprovedBeforehand, refuseOwnApproval } from './four-eyes.ts';
import { checkedRun, optionsInForce } from './recorded.ts';
import type { RunAbout, RunOptions, RunRecord } from './run-record.ts';
import type { Runs } from './runs.ts';

export interface BeginDeps extends LedgerDeps {
  readonly runs: Runs;
}

/** A run of the plan, or with `undoes` one that takes a run of it back. */
export async function createRun(
  deps: BeginDeps,
  plan: Plan,
  options: RunOptions,
  about: RunAbout = {},
): Promise<RunRecord> {
  const fourEyes = await asksForFourEyes(deps.control, plan.body.pipeline);
  if (fourEyes && options.approved) refuseApprovedBeforehand(deps.author.by);
  const run = await deps.runs.create(plan, options, about);
  const { runId, planId, startedAt, undoes, reason = plan.reason } = run;
  await new Ledger(deps, run.pipeline).append({
    kind: 'run_created',
    runId,
    planId,
    reason,
    options,
    startedAt,
    ...(undoes === undefined ? {} : { undoes }),
    ...(fourEyes ? { fourEyes } : {}),
  });
  return run;
}

/**
 * Another attempt of the run, to its end. `approval`: the reason for which whatever it changes is approved beforehand.
 * Throws NotAsRecorded, FourEyes, and RunBusy when somebody else takes it up at the same moment.
 */
export async function beginAgain(
  deps: BeginDeps,
  runId: string,
  about: RunAbout,
  approval: string | undefined,
): Promise<RunRecord> {
  const { run, recorded } = await checkedRun(deps, runId);
  const inForce = optionsInForce(run, recorded);
  const isNew = approval !== undefined && !inForce.approved;
  if (isNew) refuseOwnApproval(runId, recorded, deps.author.by);
  if (isNew)
    await new Ledger(deps, run.pipeline).append({ kind: 'approved', runId, attempt: run.attempt, reason: approval });
  const options = { ...inForce, stageOnly: false, approved: inForce.approved || isNew };
  return deps.runs.beginAttempt({ ...run, ...about, options });
}
