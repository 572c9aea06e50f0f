// Publishes one date group: one transaction with its token in it. After an unknown outcome the token is looked up;
// nothing is blindly repeated.

import { isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { GroupOutcome, Warehouse } from '../../ports/warehouse.ts';
import { refuseIfAsked } from '../ledger/asked.ts';
import { type LeaseDeps, Leases } from '../ledger/leases.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { RunRecord, Runs } from '../ledger/runs.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import type { Plan } from '../plan/plan.ts';
import { ACKNOWLEDGED, type Acknowledged, refuseUnexplained } from './gate.ts';
import { openScope } from './settle.ts';

export interface PublishDeps extends LeaseDeps {
  readonly runs: Runs;
  readonly lake: ObjectStore;
  readonly stage: ObjectStore;
  readonly warehouse: Warehouse;
  readonly folder: string;
}

/** Unique for run and group, the same at every attempt. */
export const publishToken = (runId: string, group: number): string => `${runId}/${group}`;

/**
 * Throws LeaseLost when another run has the dates by now, Cancelled or Paused when that was asked for, Unexplained for
 * rows that came to change since the preview and for no known cause.
 */
export async function publishGroup(
  deps: PublishDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
  group: number,
): Promise<GroupOutcome> {
  const token = publishToken(run.runId, group);
  await refuseIfAsked(deps.runs, run.runId);
  await new Leases(deps, pipeline.name).renew(run.runId, run.lease);
  const { scope, release } = await openScope(deps, pipeline, plan, run);
  try {
    const acknowledged = await deps.runs.document<Acknowledged>(run.runId, ACKNOWLEDGED);
    const check = (outcome: GroupOutcome): void => refuseUnexplained(run.runId, [outcome], acknowledged);
    const commit = { token, lease: run.lease, publishedAt: isoTime(deps.clock), check };
    const outcome = await deps.warehouse.publish(scope, group, deps.folder, commit);
    await deps.runs.saveGroup(run.runId, outcome);
    await new Ledger(deps, pipeline.name).append({
      kind: 'group_published',
      runId: run.runId,
      group,
      token,
    });
    return outcome;
  } finally {
    await release();
  }
}
