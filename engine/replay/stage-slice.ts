// Stages one slice of a run and records it as done. Repeating it changes nothing.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Plan } from '../plan/plan-document.ts';
import { isSealed, sealed } from '../run/manifests.ts';
import type { RunRecord, SliceManifest } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { type ReplayDeps, replaySlice } from './replay.ts';
import { type SliceLine, workOfLine } from './slice-lines.ts';
import { areAsStaged, asStaged, type StageFile } from './staged-files.ts';

export interface StageDeps extends ReplayDeps {
  readonly runs: Runs;
  readonly stage: ObjectStore;
}

export async function stageSlice(
  deps: StageDeps,
  pipeline: CompiledPipeline,
  run: Pick<RunRecord, 'runId' | 'planId'>,
  line: SliceLine,
  onRows: (rows: number) => void,
): Promise<SliceManifest> {
  const { runId } = run;
  const number = line.slice;
  const done = await deps.runs.slice(runId, number);
  if (done !== undefined && (await isDone(deps, runId, done))) return done;
  const outcome = await replaySlice(deps, pipeline, await workOfLine(deps, run, line), onRows);
  const files: StageFile[] = [];
  for (const [place, file] of outcome.files.entries()) {
    const key = `${runId}/slices/${String(number).padStart(6, '0')}/${file.table}-${place}.parquet`;
    await deps.stage.writeFile(key, file.path, { if: 'always' });
    files.push(await asStaged(deps.stage, key, file));
  }
  const manifest = sealed(deps.deliveryKey, runId, {
    slice: number,
    deliveries: outcome.deliveries,
    rejected: outcome.rejected,
    dropped: outcome.dropped,
    files,
    unreadable: outcome.unreadable,
  });
  await deps.runs.saveSlice(runId, manifest);
  return manifest;
}

export type StagedDeps = Pick<StageDeps, 'runs' | 'stage' | 'deliveryKey'>;

/** What is staged, as it was staged. */
export async function stagedSlices(deps: StagedDeps, runId: string): Promise<SliceManifest[]> {
  const done: SliceManifest[] = [];
  for (const manifest of await deps.runs.slices(runId)) if (await isDone(deps, runId, manifest)) done.push(manifest);
  return done;
}

const isDone = async (deps: StagedDeps, runId: string, manifest: SliceManifest): Promise<boolean> =>
  isSealed(deps.deliveryKey, runId, manifest) && (await areAsStaged(deps.stage, manifest.files));

/** The numbers of the plan's slices that are not staged yet, ascending. */
export async function slicesLeft(deps: StagedDeps, plan: Plan, runId: string): Promise<number[]> {
  const done = new Set((await stagedSlices(deps, runId)).map((manifest) => manifest.slice));
  return Array.from({ length: plan.body.slices.count }, (_, number) => number).filter((number) => !done.has(number));
}
