// After staging: what is left must be nothing, then the staged slices become one winner for each event. Also makes the
// scope that every decision of the run shares.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { PublishScope, ScopeObject } from '../../ports/warehouse.ts';
import { readEntries } from '../ledger/inspect.ts';
import { epochsOf } from '../ledger/ledger.ts';
import { lastPossibleDate } from '../plan/pins.ts';
import { isComplete, type Plan } from '../plan/plan-document.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import { sliceOf } from '../replay/slice-lines.ts';
import { slicesLeft, stagedSlices } from '../replay/stage-slice.ts';
import { areAsStaged, asStaged, fetchStaged, type StageFile } from '../replay/staged-files.ts';
import { checkedDocument, documentDigest, type Recorded, recordedOf } from '../run/recorded.ts';
import type { RunRecord, SliceManifest } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import {
  readScopeObjects,
  SCOPE,
  type ScopeDocument,
  type ScopeObjectsDeps,
  type Unreadable,
  unreadableIn,
  writeScopeObjects,
} from './scope-objects.ts';

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
  readonly unreadable: readonly Unreadable[];
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

export interface OpenScope {
  readonly scope: PublishScope;
  /** What it is made of, as documents of the run. */
  readonly documents: { readonly settled: Settled; readonly scope: ScopeDocument };
  /** Gives the local files back. */
  release(): Promise<void>;
}

/**
 * The scope of the run's decisions. With `recorded` what was settled, and what is known of raw objects, must be what the
 * ledger says; without, the latter is worked out anew. Throws NotAsRecorded.
 */
export async function openScope(
  deps: Pick<SettleDeps, 'runs'> & ScopeObjectsDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
  recorded?: Recorded,
): Promise<OpenScope> {
  const { runId } = run;
  const document = <T>(name: string): Promise<T | undefined> =>
    recorded === undefined ? deps.runs.document<T>(runId, name) : checkedDocument<T>(deps.runs, runId, name, recorded);
  const settled = await document<Settled>(SETTLED);
  if (settled === undefined)
    throw new RepriseError('NotFound', `run ${runId} is not staged`, `reprise resume ${runId}`);
  // One that is not there any more is worked out again: it follows from the plan, the lake and coverage.
  const kept = recorded === undefined ? undefined : await document<ScopeDocument>(SCOPE);
  const known = kept ?? (await newScope(deps, plan, runId, settled.unreadable));
  const local = await fetchStaged(deps.stage, runId, settled.files);
  const objects = (): AsyncGenerator<ScopeObject> => readScopeObjects(deps.stage, runId, known.objects);
  const scope: PublishScope = {
    ...(await scopeOf(deps.control, pipeline, plan, run, local.files, known.unreadable)),
    objects,
    lostDates: known.lostDates,
  };
  return { scope, documents: { settled, scope: known }, release: local.release };
}

async function newScope(
  deps: Pick<SettleDeps, 'runs'> & ScopeObjectsDeps,
  plan: Plan,
  runId: string,
  foundUnreadable: readonly Unreadable[],
): Promise<ScopeDocument> {
  const unreadable = await unreadableIn(deps.control, plan, foundUnreadable);
  const document = await writeScopeObjects(deps, plan, runId, unreadable);
  await deps.runs.saveDocument(runId, SCOPE, document);
  return document;
}

/**
 * All but what is known of raw objects. Dates that an unreadable object may touch are not whole, whether it was known when
 * the plan was made or not.
 */
export async function scopeOf(
  control: ObjectStore,
  pipeline: CompiledPipeline,
  { body }: Plan,
  run: Pick<RunRecord, 'runId' | 'epoch'>,
  settled: readonly StagedFile[],
  unreadable: readonly Unreadable[],
): Promise<Omit<PublishScope, 'objects' | 'lostDates'>> {
  const gapUntil =
    unreadable
      .map(({ key }) => lastPossibleDate(key))
      .sort()
      .at(-1) ?? '';
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
    // Only a partial plan asks in which epochs its transforms were in force before.
    earlierEpochs: body.partial ? epochsOf(await readEntries(control, body.pipeline), body.transformDigest) : [],
    unreadable: unreadable.map(({ key, detail }) => ({ key, detail, date: arrivalDate(key) })),
    settled,
    repair: body.repair,
  };
}
