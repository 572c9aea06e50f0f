// After staging: what is left must be nothing, then the staged slices become one winner for each event. Also makes the
// scope that every decision of the run shares.

import { RepriseError } from '../../ports/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { PublishScope } from '../../ports/warehouse.ts';
import { epochsOf, inspectLedger } from '../ledger/ledger.ts';
import type { RunRecord, Runs } from '../ledger/runs.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { lastPossibleDate, type Plan } from '../plan/plan.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import { slicesLeft } from '../replay/stage-slice.ts';
import { type ReadBeforeDeps, readBefore } from './read-before.ts';

export interface SettleDeps {
  readonly runs: Runs;
  readonly stage: ObjectStore;
  readonly stager: Stager;
  /** A folder for the settled files until they are in the stage store. */
  readonly folder: string;
}

interface Settled {
  readonly files: readonly { readonly table: string; readonly key: string; readonly rows: number }[];
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * Throws StageFailed when slices are missing: target − done is not empty; TransformFault when the declaration is why.
 * Safe to repeat.
 */
export async function settle(
  deps: SettleDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  runId: string,
): Promise<Settled> {
  const known = await deps.runs.document<Settled>(runId, 'settled');
  if (known !== undefined) return known;
  const left = await slicesLeft(deps.runs, plan, runId, false);
  if (left.length > 0) {
    const numbers = `${left.slice(0, 10).join(', ')}${left.length > 10 ? ', …' : ''}`;
    const failure = await deps.runs.failure(runId, left[0] as number);
    if (failure?.error === 'TransformFault') {
      const fix = `correct it in pipelines/${pipeline.name}, build, then plan again`;
      throw new RepriseError('TransformFault', failure.cause, fix);
    }
    const why = failure === undefined ? '' : `; of slice ${left[0]}: ${failure.error}, ${failure.cause}`;
    const isFull = failure?.error === 'DiskFull';
    throw new RepriseError(
      isFull ? 'DiskFull' : 'StageFailed',
      `${left.length} of ${plan.body.slices.length} slices could not be staged (${numbers})${why}`,
      `${isFull ? 'free space on the disk, then: ' : ''}reprise resume ${runId}`,
    );
  }
  const manifests = await deps.runs.slices(runId);
  const staged = manifests.flatMap((manifest) => manifest.files);
  const local = await fetchAll(deps.stage, staged);
  try {
    const settled = await deps.stager.settle(pipeline, local.files, deps.folder);
    const keyOf = new Map(staged.map((file, place) => [local.files[place]?.path, file.key]));
    const files: { table: string; key: string; rows: number }[] = [];
    for (const file of settled) {
      const known = keyOf.get(file.path);
      const key = known ?? `${runId}/settled/${file.table}-${String(files.length).padStart(6, '0')}.parquet`;
      if (known === undefined) await deps.stage.writeFile(key, file.path, { if: 'always' });
      files.push({ table: file.table, key, rows: file.rows });
    }
    const document = { files, unreadable: manifests.flatMap((manifest) => manifest.unreadable) };
    await deps.runs.saveDocument(runId, 'settled', document);
    return document;
  } finally {
    await local.release();
  }
}

/** The scope of the run's decisions. `release` gives the local files back. */
export async function openScope(
  deps: Pick<SettleDeps, 'runs' | 'stage'> & ReadBeforeDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
): Promise<{ readonly scope: PublishScope; release(): Promise<void> }> {
  const settled = await deps.runs.document<Settled>(run.runId, 'settled');
  if (settled === undefined)
    throw new RepriseError('NotFound', `run ${run.runId} is not staged`, `reprise resume ${run.runId}`);
  const known = await readBefore(deps, plan);
  const local = await fetchAll(deps.stage, settled.files);
  const scope = scopeOf(pipeline, plan, run, local.files, settled.unreadable);
  const earlierEpochs = await earlierEpochsOf(deps.control, plan);
  return { scope: { ...scope, ...known, earlierEpochs }, release: local.release };
}

/** Only a partial plan asks in which epochs its transforms were in force before. */
export async function earlierEpochsOf(control: ObjectStore, { body }: Plan): Promise<readonly number[]> {
  return body.partial ? epochsOf((await inspectLedger(control, body.pipeline)).entries, body.transformDigest) : [];
}

/** Dates that an unreadable object may touch are not whole, whether it was known when the plan was made or not. */
export function scopeOf(
  pipeline: CompiledPipeline,
  plan: Plan,
  run: Pick<RunRecord, 'runId' | 'epoch'>,
  settled: readonly StagedFile[],
  foundUnreadable: readonly { readonly key: string; readonly detail: string }[],
): PublishScope {
  const { body } = plan;
  const known = body.objects.flatMap(({ key, unreadable }) =>
    unreadable === undefined ? [] : [{ key, detail: unreadable }],
  );
  const found = new Map(foundUnreadable.toReversed().map((one) => [one.key, one]));
  const unreadable = [...known, ...[...found.values()].toReversed()];
  const unreadableKeys = new Set(unreadable.map(({ key }) => key));
  const gapUntil =
    unreadable
      .map(({ key }) => lastPossibleDate(key))
      .sort()
      .at(-1) ?? '';
  return {
    pipeline,
    runId: run.runId,
    window: body.window,
    dates: body.dates.map(({ date, group, whole }) => ({ date, group, whole: whole && date > gapUntil })),
    partial: body.partial,
    epoch: run.epoch,
    judgedObjects: body.objects.map(({ key }) => key).filter((key) => !unreadableKeys.has(key)),
    unreadable: unreadable.map(({ key, detail }) => ({ key, detail, date: arrivalDate(key) })),
    settled,
    repair: body.repair,
  };
}

async function fetchAll(
  stage: ObjectStore,
  files: readonly { readonly table: string; readonly key: string; readonly rows: number }[],
): Promise<{ files: StagedFile[]; release(): Promise<void> }> {
  const held: { release(): Promise<void> }[] = [];
  const fetched: StagedFile[] = [];
  for (const { table, key, rows } of files) {
    const local = await stage.fetch(key);
    held.push(local);
    fetched.push({ table, path: local.path, rows });
  }
  return {
    files: fetched,
    release: async () => {
      for (const one of held) await one.release();
    },
  };
}
