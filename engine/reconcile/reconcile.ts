// Finds raw objects that were not read yet at the epoch of their dates, and replays just these. What is done already is
// known from one document; only objects that it does not know are opened. Dates that a partial plan may not touch are
// named. Safe to repeat at any time beside everything else: what cannot be done now is left for the next time.

import type { CompiledPipeline } from '../../model/compile.ts';
import { isRepriseError } from '../../model/errors.ts';
import { isVersion } from '../../ports/object-store.ts';
import type { Leases } from '../ledger/leases.ts';
import { epochsOf, type Ledger } from '../ledger/ledger.ts';
import { retiredAt } from '../ledger/retired.ts';
import { type CatalogDeps, type CatalogProgress, catalogObjects, listRaw } from '../plan/catalog.ts';
import type { Plan } from '../plan/plan.ts';
import type { SkippedRaw } from '../plan/raw-keys.ts';
import { inWindow, type Window, windowsOver } from '../plan/window.ts';
import type { RunOptions, RunRecord } from '../run/run-record.ts';
import { Coverage, type CoverageDocument, checked, dropGone, learn, renamed, withoutWhole } from './coverage.ts';
import { NOTHING_OF_TODAY, type OfToday, type Pending, pendingOf } from './pending.ts';
import { type CoverageDeps, rebuildCoverage } from './rebuild.ts';

export interface ReconcileDeps extends CatalogDeps, CoverageDeps {
  readonly ledger: Ledger;
  readonly leases: Leases;
  /** Plans the window over these objects alone, and executes the plan to its end. */
  replay(window: Window, objects: readonly string[]): Promise<{ readonly plan: Plan; readonly run: RunRecord }>;
  /** As the port OfferReader says. */
  staleOffers(rawObjects: readonly string[]): Promise<readonly string[]>;
  onProgress(progress: CatalogProgress): void;
}

export interface ReconcileRequest {
  /** Says what would be replayed. */
  readonly dryRun: boolean;
  /** Derives coverage again from what is recorded of runs. */
  readonly rebuild: boolean;
}

export interface Waiting extends Window {
  readonly objects: number;
  readonly because: string;
}

export interface NeedsWhole extends Window {
  readonly because: readonly string[];
}

/** What the runs that reconcile begins may do: nobody is there to approve a change beyond its limit. */
export const reconcileOptions = (maxActive: number): RunOptions => ({
  stageOnly: false,
  approved: false,
  maxChange: undefined,
  maxActive,
  newestFirst: false,
  verify: true,
});

/** Dates from which an undo keeps today's transforms, although there is something to be published. */
export interface RetiredDates extends Window {
  readonly undo: string;
}

export interface Reconciliation {
  readonly objects: number;
  /** Dates that were published whole, when no object is left in the lake. */
  readonly withoutRaw: number;
  /** Keys of the objects that were opened, to be catalogued or replayed. */
  readonly read: readonly string[];
  readonly runs: readonly RunRecord[];
  /** What a dry run would replay. */
  readonly would: readonly (Window & { readonly objects: readonly string[] })[];
  readonly waiting: readonly Waiting[];
  readonly needsWhole: readonly NeedsWhole[];
  readonly retired: readonly RetiredDates[];
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
  readonly skipped: readonly SkippedRaw[];
}

/** Failures that only mean: not now. */
const LATER = new Set([
  'LeaseHeld',
  'LeaseLost',
  'WarehouseHeld',
  'RunBusy',
  'PlanDrifted',
  'ObjectChanged',
  'ObjectMissing',
  'NotFound',
]);

/** Throws what planning throws, apart from what only means to come again. */
export async function reconcile(
  deps: ReconcileDeps,
  pipeline: CompiledPipeline,
  request: ReconcileRequest,
): Promise<Reconciliation> {
  const { document, objects, read, skipped } = await lookAtLake(deps, pipeline, request.rebuild);
  const withoutRaw = objects === 0 ? Object.keys(document.wholeEpochs).length : 0;
  const nothing = {
    objects,
    withoutRaw,
    skipped,
    read,
    runs: [],
    would: [],
    waiting: [],
    needsWhole: [],
    retired: [],
    unreadable: [],
  };
  // Without an epoch all that is left needs a whole plan: none of that means that nothing is left.
  const first = pendingOf(document, NOTHING_OF_TODAY);
  const unchecked = uncheckedOf(document).length > 0;
  if (first.whole.size === 0 && !unchecked) return { ...nothing, unreadable: first.unreadable };
  const today = await ofToday(deps.ledger, pipeline);
  const { partial, ...left } = pendingOf(document, today);
  const work = windowsOver(partial.keys()).map((window) => ({ ...window, objects: keysIn(partial, window) }));
  if (request.dryRun)
    return {
      ...nothing,
      would: work,
      needsWhole: needsWhole(left.whole),
      retired: retiredDates(left.retired),
      unreadable: left.unreadable,
    };
  const done = await replayAll(deps, work);
  const after = pendingOf(await lookBack(deps, pipeline, done.runs), today);
  return {
    objects,
    withoutRaw,
    skipped,
    read: [...new Set([...read, ...done.read])].sort(),
    runs: done.runs,
    would: [],
    waiting: done.waiting,
    needsWhole: needsWhole(after.whole),
    retired: retiredDates(after.retired),
    unreadable: after.unreadable,
  };
}

/** Brings coverage up to what the lake holds, reading objects that the catalog does not know. */
async function lookAtLake(
  deps: ReconcileDeps,
  pipeline: CompiledPipeline,
  rebuild: boolean,
): Promise<{
  readonly document: CoverageDocument;
  readonly skipped: readonly SkippedRaw[];
  readonly objects: number;
  readonly read: readonly string[];
}> {
  const coverage = new Coverage(deps.control, pipeline.name);
  let skipped: readonly SkippedRaw[] = [];
  const listed = await listRaw(deps.lake, pipeline.name, (found) => {
    skipped = found;
  });
  const derive = (): Promise<CoverageDocument> => rebuildCoverage(deps, pipeline);
  const there = new Set(listed.map(({ key }) => key));
  const isThere = (key: string): boolean => there.has(key);
  const standing = rebuild ? undefined : await coverage.read();
  const known = standing ?? (await derive());
  const fresh = listed.filter((object) => !isVersion(object, known.objects[object.key]?.version ?? ''));
  const upToLake = (document: CoverageDocument): CoverageDocument => dropGone(renamed(document, listed), isThere);
  if (standing !== undefined && fresh.length === 0 && upToLake(standing) === standing)
    return { document: standing, objects: listed.length, read: [], skipped };
  const { entries, read } = await catalogObjects(deps, pipeline, fresh, deps.onProgress);
  const upToDate = (document: CoverageDocument): CoverageDocument => learn(upToLake(document), entries);
  const document = await coverage.change(async (now) => upToDate(rebuild ? await derive() : now), derive);
  return { document, objects: listed.length, read, skipped };
}

/** Today's transforms may have been in force before others were. */
async function ofToday(ledger: Ledger, { transformDigest }: CompiledPipeline): Promise<OfToday> {
  const entries = await ledger.entries();
  return { epochs: new Set(epochsOf(entries, transformDigest)), retiredAt: retiredAt(entries, transformDigest) };
}

const keysIn = (partial: Pending['partial'], window: Window): string[] =>
  [...new Set([...partial].flatMap(([date, keys]) => (inWindow(date, window) ? keys : [])))].sort();

function needsWhole(dates: Pending['whole']): NeedsWhole[] {
  return windowsOver(dates.keys()).map((window) => {
    const causes = [...dates].flatMap(([date, because]) => (inWindow(date, window) ? [...because] : []));
    return { ...window, because: [...new Set(causes)].sort() };
  });
}

const retiredDates = (dates: Pending['retired']): RetiredDates[] =>
  [...new Set(dates.values())].flatMap((undo) =>
    windowsOver([...dates].flatMap(([date, one]) => (one === undo ? [date] : []))).map((window) => ({
      ...window,
      undo,
    })),
  );

interface Work extends Window {
  readonly objects: readonly string[];
}

/** One plan for each window; windows that somebody else works at are left for the next time. */
async function replayAll(
  deps: ReconcileDeps,
  work: readonly Work[],
): Promise<{ readonly runs: RunRecord[]; readonly read: string[]; readonly waiting: Waiting[] }> {
  const runs: RunRecord[] = [];
  const read: string[] = [];
  const waiting: Waiting[] = [];
  const all = [...new Set(work.flatMap(({ objects }) => objects))].sort();
  for (const { objects, ...window } of work) {
    const wait = (because: string): number => waiting.push({ ...window, objects: objects.length, because });
    const holder = await deps.leases.holderOf(window);
    if (holder !== undefined) {
      wait(`run ${holder.runId} of ${holder.by} holds [${holder.from}, ${holder.to})`);
      continue;
    }
    try {
      // All of them: another object of the window's events may be at another date.
      const { plan, run } = await deps.replay(window, all);
      read.push(...plan.body.objects.map(({ key }) => key));
      if (run.failure === undefined) runs.push(run);
      else if (LATER.has(run.failure.error)) wait(run.failure.cause);
      else return { runs: [...runs, run], read, waiting };
    } catch (error) {
      if (!isRepriseError(error) || !LATER.has(error.code)) throw error;
      wait(error.message);
    }
  }
  return { runs, read, waiting };
}

/** Corrects coverage by what the warehouse held, and by what was left behind. */
async function lookBack(
  deps: ReconcileDeps,
  pipeline: CompiledPipeline,
  runs: readonly RunRecord[],
): Promise<CoverageDocument> {
  const coverage = new Coverage(deps.control, pipeline.name);
  const derive = (): Promise<CoverageDocument> => rebuildCoverage(deps, pipeline);
  const held = runs.flatMap((run) => run.summary?.heldDates ?? []);
  const document = await coverage.change((now) => (held.length === 0 ? now : withoutWhole(now, held)), derive);
  const unchecked = uncheckedOf(document);
  if (unchecked.length === 0) return document;
  try {
    const stale = await deps.staleOffers(unchecked);
    return await coverage.change((now) => checked(now, unchecked, stale), derive);
  } catch (error) {
    if (!isRepriseError(error) || !LATER.has(error.code)) throw error;
    return document;
  }
}

const uncheckedOf = (document: CoverageDocument): string[] =>
  Object.keys(document.objects).filter((key) => document.objects[key]?.unchecked === true);
