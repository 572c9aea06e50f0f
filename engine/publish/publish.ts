// Publishes one date group: one transaction with its token in it. After an unknown outcome the token is looked up;
// nothing is blindly repeated.

import type { CompiledPipeline } from '../../model/compile.ts';
import { isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { GroupOutcome, Warehouse } from '../../ports/warehouse.ts';
import { type LeaseDeps, Leases } from '../ledger/leases.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan-document.ts';
import { refuseIfAsked } from '../run/asked.ts';
import { checkedDocument, checkedRun } from '../run/recorded.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { ACKNOWLEDGED, type Acknowledged, refuseUnexplained } from './gate.ts';
import { publishToken, recordGroup } from './record.ts';
import { openScope } from './settle.ts';

export interface PublishDeps extends LeaseDeps {
  readonly runs: Runs;
  readonly lake: ObjectStore;
  readonly stage: ObjectStore;
  readonly warehouse: Warehouse;
  readonly folder: string;
}

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
  const { recorded } = await checkedRun(deps, run.runId);
  await new Leases(deps, pipeline.name).renew(run.runId, run.lease);
  const { scope, release } = await openScope(deps, pipeline, plan, run, recorded);
  try {
    const acknowledged = await checkedDocument<Acknowledged>(deps.runs, run.runId, ACKNOWLEDGED, recorded);
    const check = (outcome: GroupOutcome): void => refuseUnexplained(run.runId, [outcome], acknowledged);
    const anchor = await new Ledger(deps, pipeline.name).last();
    const commit = { token, lease: run.lease, publishedAt: isoTime(deps.clock), check, anchor };
    const outcome = await deps.warehouse.publish(scope, group, deps.folder, commit);
    await recordGroup(deps, run, outcome);
    return outcome;
  } finally {
    await release();
  }
}
