// The first state of a run: nothing that was planned may have changed, and the run takes its epoch and its lease.

import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { refuseDrift } from '../plan/drift.ts';
import { Ledger } from './ledger.ts';
import type { Runs } from './runs.ts';

export interface AdmitDeps {
  readonly runs: Runs;
  readonly control: ObjectStore;
  readonly lake: ObjectStore;
  readonly clock: Clock;
}

/** Throws PlanDrifted. Safe to repeat: each admission is a new attempt with a newer lease. */
export async function admit(
  deps: AdmitDeps,
  pipeline: CompiledPipeline,
  runId: string,
): Promise<{ slices: number; groups: number }> {
  const run = await deps.runs.run(runId);
  const plan = await deps.runs.plan(run.planId);
  await refuseDrift(plan, pipeline, deps.lake);
  const ledger = new Ledger(deps.control, deps.clock, pipeline.name);
  const epoch = await ledger.activate(pipeline.transformDigest);
  const started = await ledger.append({ kind: 'run_started', runId, planId: plan.id, attempt: run.attempt });
  const { failure: _, finishedAt: __, ...rest } = run;
  await deps.runs.save({ ...rest, state: 'running', epoch, lease: started.sequence });
  return { slices: plan.body.slices.length, groups: plan.body.groups };
}
