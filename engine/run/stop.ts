// Stops runs: asks the process that executes one, or ends the record of a run that nobody executes.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { isoTime } from '../../ports/clock.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import { Ledger } from '../ledger/ledger.ts';
import { publishToken, recordCommitted } from '../publish/record.ts';
import { type Asked, askRun } from './asked.ts';
import { type FinishDeps, finish } from './finish.ts';
import { checkedRun } from './recorded.ts';
import { END_STATES, type RunRecord } from './run-record.ts';
import { aboutWorker } from './worker.ts';

export type ControlDeps = FinishDeps;

/** Records that the run is to stop, in the ledger and for whoever executes it. Throws Usage for one that has ended. */
export async function askToStop(deps: ControlDeps, run: RunRecord, ask: Asked['ask'], reason: string): Promise<Asked> {
  if ((END_STATES as readonly string[]).includes(run.state) || (ask === 'pause' && run.state === 'paused')) {
    throw new RepriseError(
      'Usage',
      `run ${run.runId} is ${run.state === 'paused' ? 'paused already' : `at its end already (${run.state})`}: there is nothing to ${ask}`,
      `see how it ended: reprise status ${run.runId}`,
    );
  }
  const asked: Asked = { ask, attempt: run.attempt, by: deps.author.by, at: isoTime(deps.clock), reason };
  await new Ledger(deps, run.pipeline).append({ kind: `${ask}_asked`, runId: run.runId, reason });
  await askRun(deps.runs, run.runId, asked);
  return asked;
}

/**
 * Ends the record of a run that nobody executes, as another attempt that does nothing: a process that was believed dead
 * has no say any more. Groups whose commit was not recorded are looked up. Throws RunBusy when somebody takes it up.
 */
export async function endHere(
  deps: ControlDeps,
  pipeline: CompiledPipeline,
  run: RunRecord,
  failure: { readonly error: 'Cancelled' | 'Paused' | 'Rejected'; readonly cause: string },
): Promise<RunRecord> {
  const { run: checked } = await checkedRun(deps, run.runId);
  const again = await deps.runs.beginAttempt({ ...checked, ...aboutWorker(deps) });
  await lookUpGroups(deps, again);
  return finish(deps, pipeline, again.runId, failure);
}

async function lookUpGroups(deps: ControlDeps, run: RunRecord): Promise<void> {
  const preview = await deps.runs.document<{ groupsLeft?: readonly number[] }>(run.runId, 'preview');
  if (preview === undefined) return;
  const recorded = new Set((await deps.runs.groups(run.runId)).map(({ group }) => group));
  const { groups } = (await deps.runs.plan(run.planId)).body;
  const unknown = Array.from({ length: groups }, (_, group) => group).filter((group) => !recorded.has(group));
  if (unknown.length === 0) return;
  const committed: GroupOutcome[] = [];
  await deps.withWarehouse(async (warehouse) => {
    for (const group of unknown) {
      const outcome = await warehouse.committed(publishToken(run.runId, group));
      if (outcome !== undefined) committed.push(outcome);
    }
    await recordCommitted(deps, run, committed);
  });
}
