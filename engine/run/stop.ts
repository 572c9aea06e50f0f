// Stops runs: asks the process that executes one, or ends the record of a run that nobody executes.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { isoTime } from '../../ports/clock.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import { Ledger } from '../ledger/ledger.ts';
import { publishToken, recordCommitted } from '../publish/record.ts';
import { type Asked, asking, askRun } from './asked.ts';
import { type FinishDeps, finish } from './finish.ts';
import { checkedRun } from './recorded.ts';
import type { RunRecord } from './run-record.ts';
import { isTrueOf } from './states.ts';
import { aboutWorker, type Worker, workerOf } from './worker.ts';

export type ControlDeps = FinishDeps;

/** Records that the run is to stop, in the ledger and for whoever executes it. Throws Usage for one that has ended. */
async function askToStop(deps: ControlDeps, run: RunRecord, ask: Asked['ask'], reason: string): Promise<Asked> {
  if (isTrueOf(run.state, 'hasEnded') || (ask === 'pause' && run.state === 'paused')) {
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

/**
 * Asks for the run to be stopped, and ends it at once when nobody executes it. Gives who does, and is to end it.
 * @throws Usage for one that has ended
 */
export async function stopRun(
  deps: ControlDeps,
  pipelineOf: (name: string) => Promise<CompiledPipeline>,
  run: RunRecord,
  ask: Asked['ask'],
  reason: string,
): Promise<Stopping> {
  const worker = await workerOf(deps, run);
  const asked = await askToStop(deps, run, ask, reason);
  const end = async (left: RunRecord): Promise<RunRecord> =>
    endHere(deps, await pipelineOf(left.pipeline), left, {
      error: ask === 'cancel' ? 'Cancelled' : 'Paused',
      cause: asking(asked),
    });
  if (worker === undefined) return { worker, end, record: await end(run) };
  return { worker, end, record: run };
}

export interface Stopping {
  readonly worker: Worker | undefined;
  readonly record: RunRecord;
  /** Ends the record when whoever was asked turns out to be gone. */
  readonly end: (run: RunRecord) => Promise<RunRecord>;
}
