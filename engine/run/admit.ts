// The first state of a run: nothing that was planned may have changed, and the run takes its dates and its epoch.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Anchor, Warehouse } from '../../ports/warehouse.ts';
import { anchorOf, type LedgerEntry } from '../ledger/entry.ts';
import { inspectAnchored, refuseFaults } from '../ledger/inspect.ts';
import { type LeaseDeps, Leases } from '../ledger/leases.ts';
import { Ledger } from '../ledger/ledger.ts';
import { refuseRetired } from '../ledger/retired.ts';
import { refuseDrift } from '../plan/drift.ts';
import type { Window } from '../plan/window.ts';
import { refuseIfAsked } from './asked.ts';
import { checkedRun, optionsInForce } from './recorded.ts';
import type { Runs } from './runs.ts';
import { refuseUndone } from './undone.ts';

export interface AdmitDeps extends LeaseDeps {
  readonly runs: Runs;
  readonly lake: ObjectStore;
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
}

/**
 * Throws PlanDrifted, Undone, LeaseHeld while another run works at some of the dates, TransformsRetired. Safe to repeat:
 * each admission takes the dates anew, with a newer fence, which the warehouse knows from then on.
 */
export async function admit(
  deps: AdmitDeps,
  pipeline: CompiledPipeline,
  runId: string,
): Promise<{ slices: number; groups: number }> {
  const { run, recorded } = await checkedRun(deps, runId);
  const plan = await deps.runs.plan(run.planId);
  await refuseIfAsked(deps.runs, runId);
  await refuseUndone(deps.runs, runId);
  await refuseDrift(deps, plan, pipeline);
  const fence = await takeDates(deps, pipeline, runId, plan.body.window);
  const ledger = new Ledger(deps, pipeline.name);
  const check = (entries: readonly LedgerEntry[]): void => refuseRetired(plan, entries);
  const epoch = await ledger.activate(pipeline.transformDigest, { check }).catch(async (error: unknown) => {
    // The record does not know the lease yet, so that nobody else would give it back.
    await new Leases(deps, pipeline.name).release(runId, fence);
    throw error;
  });
  await ledger.append({
    kind: 'run_started',
    runId,
    planId: plan.id,
    attempt: run.attempt,
    reason: run.reason ?? plan.reason,
    epoch,
    fence,
  });
  const { failure: _, finishedAt: __, ledger: ___, ...rest } = run;
  const options = optionsInForce(run, recorded);
  await deps.runs.save({ ...rest, options, state: 'running', epoch, lease: fence });
  return { slices: plan.body.slices.count, groups: plan.body.groups };
}

/**
 * Takes the lease of the dates, and has the warehouse refuse older ones from then on. Gives the fence. Throws LedgerBroken
 * when the warehouse knows entries of the ledger that are gone.
 */
export function takeDates(
  deps: LeaseDeps & Pick<AdmitDeps, 'withWarehouse'>,
  pipeline: CompiledPipeline,
  runId: string,
  window: Window,
): Promise<number> {
  return deps.withWarehouse(async (warehouse) => {
    const fenceMin = await greatestFence(deps, pipeline.name, await warehouse.anchors(pipeline.name));
    const { lease, takenFrom } = await new Leases(deps, pipeline.name).take(runId, window, fenceMin);
    const { fence } = lease;
    const taken = await new Ledger(deps, pipeline.name).append({
      kind: 'lease_taken',
      runId,
      ...window,
      fence,
      takenFrom,
    });
    await warehouse.raiseFence(pipeline, window, fence, anchorOf(taken));
    return fence;
  });
}

/** The greatest fence that the ledger gave: leases that were lost or edited do not begin anew below it. */
async function greatestFence(deps: LeaseDeps, pipeline: string, anchors: readonly Anchor[]): Promise<number> {
  const held = anchors.map((anchor) => ({ ...anchor, heldBy: 'the warehouse' }));
  const { entries, faults } = await inspectAnchored(deps.control, pipeline, held);
  refuseFaults(pipeline, faults);
  return entries.reduce((greatest, entry) => ('fence' in entry ? Math.max(greatest, entry.fence ?? 0) : greatest), 0);
}
