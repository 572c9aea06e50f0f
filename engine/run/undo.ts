// Begins the undo of a run: a run of its own, of the same plan.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import type { LeaseDeps } from '../ledger/leases.ts';
import { refuseUndo, type UndoDeps } from '../publish/undo.ts';
import { type BeginDeps, createRun } from './begin.ts';
import { refuseWhileItWorks } from './resume.ts';
import type { RunAbout, RunRecord } from './run-record.ts';

export type BeginUndoDeps = BeginDeps &
  LeaseDeps &
  Pick<UndoDeps, 'stage'> & { withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T> };

/** Throws RunBusy while the run is executed, and what keeps it from being taken back: see refuseUndo. */
export async function refuseUndoOf(deps: BeginUndoDeps, pipeline: CompiledPipeline, undone: RunRecord): Promise<void> {
  await refuseWhileItWorks(deps, undone);
  await deps.withWarehouse((warehouse) => refuseUndo({ ...deps, warehouse }, pipeline, undone));
}

/** `approved`: whatever it changes. Throws as refuseUndoOf does. */
export async function beginUndo(
  deps: BeginUndoDeps,
  pipeline: CompiledPipeline,
  undone: RunRecord,
  approved: boolean,
  about: RunAbout,
): Promise<RunRecord> {
  await refuseUndoOf(deps, pipeline, undone);
  const options = {
    stageOnly: false,
    approved,
    maxChange: undefined,
    maxActive: 1,
    newestFirst: false,
    verify: false,
  };
  return createRun(deps, await deps.runs.plan(undone.planId), options, { ...about, undoes: undone.runId });
}
