// After staging: what is left must be nothing, then the staged slices become one winner for each event. Also makes the
// scope that every decision of the run shares.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { PublishScope } from '../../ports/warehouse.ts';
import { readEntries } from '../ledger/inspect.ts';
import { epochsOf } from '../ledger/ledger.ts';
import { lastPossibleDate } from '../plan/pins.ts';
import { isComplete, type Plan } from '../plan/plan-document.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import { goneObjectsOf, objectsOf, unreadableOf } from '../plan/shards.ts';
import { sliceOf } from '../replay/slice-lines.ts';
import { slicesLeft, stagedSlices } from '../replay/stage-slice.ts';
import { areAsStaged, asStaged, fetchStaged, type StageFile } from '../replay/staged-files.ts';
import { checkedDocument, documentDigest, type Recorded, recordedOf } from '../run/recorded.ts';
import type { RunRecord, SliceManifest } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { type ReadBeforeDeps, readBefore } from './read-before.ts';

export interface SettleDeps {
  readonly runs: Runs;
  readonly control: ObjectStore;
  readonly stage: ObjectStore;
  readonly deliveryKey: Uint8Array;
  readonly stager: Stager;
  /** A folder for the settled files until they are in the stage store. */
  readonly folder: string;
}

/** The document that names what is settled. */
export const SETTLED = 'settled';

export interface Settled {
  readonly files: readonly StageFile[];
  /** Of raw, read while staging, and of these dropped since they count for other dates. */
  readonly deliveries?: { readonly read: number; readonly dropped: number };
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
  const known = await deps.runs.document<Settled>(runId, SETTLED);
  if (known !== undefined && (await isAsSettled(deps, pipeline, runId, known))) return known;
  const left = await slicesLeft(deps, plan, runId);
  if (left.length > 0) {
    const numbers = `${left.slice(0, 10).join(', ')}${left.length > 10 ? ', …' : ''}`;
    const failure = await deps.runs.failure(runId, left[0] as number);
    if (failure?.error === 'TransformFault') {
      const fix = `correct it in pipelines/${pipeline.name}, build, then plan again`;
      throw new RepriseError('TransformFault', failure.cause, fix);
    }
    const objects = await namedObjects(deps.control, plan, left[0] as number);
    const why = failure === undefined ? '' : `; of slice ${left[0]} (${objects}): ${failure.error}, ${failure.cause}`;
    const isFull = failure?.error === 'DiskFull';
    throw new RepriseError(
      isFull ? 'DiskFull' : 'StageFailed',
      `${left.length} of ${plan.body.slices.count} slices could not be staged (${numbers})${why}`,
      isFull
        ? `free space on the disk, then: reprise resume ${runId}`
        : `reprise resume ${runId}; should it fail again, look at what that slice reads, and plan the other dates without it: reprise plan ${pipeline.name} --from … --to …`,
    );
  }
  const manifests = await stagedSlices(deps, runId);
  const staged = manifests.flatMap((manifest) => manifest.files);
  const local = await fetchStaged(deps.stage, runId, staged);
  try {
    const settled = await deps.stager.settle(pipeline, local.files, deps.folder);
    const keyOf = new Map(staged.map((file, place) => [local.files[place]?.path, file.key]));
    const files: StageFile[] = [];
    for (const file of settled) {
      const known = keyOf.get(file.path);
      const key = known ?? `${runId}/settled/${file.table}-${String(files.length).padStart(6, '0')}.parquet`;
      if (known === undefined) await deps.stage.writeFile(key, file.path, { if: 'always' });
      files.push(await asStaged(deps.stage, key, file));
    }
    const deliveries = { read: sumOf(manifests, 'deliveries'), dropped: sumOf(manifests, 'dropped') };
    const document = { files, deliveries, unreadable: manifests.flatMap((manifest) => manifest.unreadable) };
    await deps.runs.saveDocument(runId, SETTLED, document);
    return document;
  } finally {
    await local.release();
  }
}

const sumOf = (manifests: readonly SliceManifest[], count: 'deliveries' | 'dropped'): number =>
  manifests.reduce((sum, manifest) => sum + (manifest[count] ?? 0), 0);

const OBJECTS_NAMED_MAX = 3;

/** The objects that a slice reads, for a message. */
async function namedObjects(control: ObjectStore, plan: Plan, slice: number): Promise<string> {
  const keys = (await sliceOf(control, plan, slice)).parts.map(({ key }) => key);
  return `${keys.slice(0, OBJECTS_NAMED_MAX).join(', ')}${keys.length > OBJECTS_NAMED_MAX ? `, and ${keys.length - OBJECTS_NAMED_MAX} more` : ''}`;
}

/** Whether it is what an earlier attempt settled, to the last file. */
async function isAsSettled(
  deps: SettleDeps,
  pipeline: CompiledPipeline,
  runId: string,
  settled: Settled,
): Promise<boolean> {
  const { documents } = recordedOf(await readEntries(deps.control, pipeline.name), runId);
  return documents.get(SETTLED) === documentDigest(settled) && areAsStaged(deps.stage, settled.files);
}

/**
 * The scope of the run's decisions. `release` gives the local files back. `recorded`: what was settled must be what the
 * ledger says. Throws NotAsRecorded.
 */
export async function openScope(
  deps: Pick<SettleDeps, 'runs' | 'stage'> & ReadBeforeDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
  recorded?: Recorded,
): Promise<{ readonly scope: PublishScope; readonly settled: Settled; release(): Promise<void> }> {
  const settled =
    recorded === undefined
      ? await deps.runs.document<Settled>(run.runId, SETTLED)
      : await checkedDocument<Settled>(deps.runs, run.runId, SETTLED, recorded);
  if (settled === undefined)
    throw new RepriseError('NotFound', `run ${run.runId} is not staged`, `reprise resume ${run.runId}`);
  const known = await readBefore(deps, plan);
  const local = await fetchStaged(deps.stage, run.runId, settled.files);
  const scope = await scopeOf(deps.control, pipeline, plan, run, local.files, settled.unreadable);
  const earlierEpochs = await earlierEpochsOf(deps.control, plan);
  return { scope: { ...scope, ...known, earlierEpochs }, settled, release: local.release };
}

/** Only a partial plan asks in which epochs its transforms were in force before. */
export async function earlierEpochsOf(control: ObjectStore, { body }: Plan): Promise<readonly number[]> {
  return body.partial ? epochsOf(await readEntries(control, body.pipeline), body.transformDigest) : [];
}

/** Dates that an unreadable object may touch are not whole, whether it was known when the plan was made or not. */
export async function scopeOf(
  control: ObjectStore,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: Pick<RunRecord, 'runId' | 'epoch'>,
  settled: readonly StagedFile[],
  foundUnreadable: readonly { readonly key: string; readonly detail: string }[],
): Promise<PublishScope> {
  const { body } = plan;
  const known = await unreadableOf(control, plan);
  const found = new Map(foundUnreadable.toReversed().map((one) => [one.key, one]));
  const unreadable = [...known, ...[...found.values()].toReversed()];
  const unreadableKeys = new Set(unreadable.map(({ key }) => key));
  const gapUntil =
    unreadable
      .map(({ key }) => lastPossibleDate(key))
      .sort()
      .at(-1) ?? '';
  const judgedObjects: string[] = [];
  for await (const { key } of objectsOf(control, plan)) if (!unreadableKeys.has(key)) judgedObjects.push(key);
  return {
    pipeline,
    runId: run.runId,
    window: body.window,
    dates: body.dates.map((one) => ({
      date: one.date,
      group: one.group,
      whole: isComplete(one) && one.date > gapUntil,
    })),
    partial: body.partial,
    epoch: run.epoch,
    judgedObjects,
    goneObjects: await goneObjectsOf(control, plan),
    unreadable: unreadable.map(({ key, detail }) => ({ key, detail, date: arrivalDate(key) })),
    settled,
    repair: body.repair,
  };
}
