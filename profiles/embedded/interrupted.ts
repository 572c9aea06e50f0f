// The runs that a reconcile began and did not end, because its process was killed: the next one ends them first.

import type { Plan } from '../../engine/plan/plan-document.ts';
import { beginAgain } from '../../engine/run/begin.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { standingUndo } from '../../engine/run/undone.ts';
import { aboutWorker, workerOf } from '../../engine/run/worker.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { Engine } from './engine.ts';

/**
 * Takes up each interrupted partial run of the pipeline that has this reason, and gives those that ended well. One that
 * cannot go on, because raw or transforms have changed since, is refused and so at its end; what it left undone is found
 * by the reconcile that follows.
 */
export async function endInterrupted(
  engine: Engine,
  pipeline: string,
  reason: string,
  drive: (plan: Plan, run: RunRecord) => Promise<RunRecord>,
): Promise<readonly RunRecord[]> {
  const ended: RunRecord[] = [];
  for (const run of await engine.runs.all()) {
    if (run.pipeline !== pipeline || run.state !== 'running' || run.undoes !== undefined) continue;
    try {
      const plan = await engine.runs.plan(run.planId);
      const isOurs = plan.body.partial && (run.reason ?? plan.reason) === reason && !run.options.stageOnly;
      if (!isOurs || (await workerOf(engine.leaseDeps, run)) !== undefined) continue;
      if ((await standingUndo(engine.runs, run.runId)) !== undefined) continue;
      const again = await beginAgain(engine.controlDeps, run.runId, aboutWorker(engine.leaseDeps), undefined);
      const after = await drive(plan, again);
      if (after.failure === undefined) ended.push(after);
    } catch (error) {
      // Somebody else took it up, or what it needs is damaged, which doctor says: not a matter of what arrived since.
      if (!isRepriseError(error) || error.code === 'DiskFull' || error.code === 'HomeGone') throw error;
    }
  }
  return ended;
}
