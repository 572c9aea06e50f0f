// Finds raw objects that were not read yet at the epoch of their dates, and replays just these. What is done already is
// known from coverage, which says of each arrival date whether the lake lists anything else; only objects that it does not know
// are opened. Dates that a partial plan may not touch are named. Safe to repeat at any time beside everything else: what
// cannot be done now is left for the next time. Holds one arrival date at a time, and what is pending.

import type { CompiledPipeline } from '../../model/compile.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { Leases } from '../ledger/leases.ts';
import { epochsOf, type Ledger } from '../ledger/ledger.ts';
import { retiredAt } from '../ledger/retired.ts';
import type { CatalogDeps, CatalogProgress } from '../plan/catalog.ts';
import type { Plan } from '../plan/plan-document.ts';
import type { SkippedRaw } from '../plan/raw-keys.ts';
import { objectsOf } from '../plan/shards.ts';
import { inWindow, type Window, windowsOver } from '../plan/window.ts';
import type { RunOptions, RunRecord } from '../run/run-record.ts';
import { Coverage, type CoverageView } from './coverage.ts';
import { checked, withoutWhole } from './coverage-changes.ts';
import type { CoverageDraft } from './coverage-draft.ts';
import { type Looked, lookAtLake } from './lake-listing.ts';
import { NOTHING_OF_TODAY, NOTHING_PENDING, type OfToday, type Pending, pendingOf } from './pending.ts';
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
  /** How many objects were opened, to be catalogued or replayed. */
  readonly objectsRead: number;
  /** Keys of these, ascending; of a great many that were only catalogued, because their dates need a whole plan, not all. */
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
  const looked = await lookAtLake(deps, pipeline, request.rebuild);
  const { objects, skipped } = looked;
  const withoutRaw = objects === 0 ? Object.keys(looked.root.wholeEpochs).length : 0;
  const nothing = {
    objects,
    withoutRaw,
    skipped,
    ...readBy(looked, []),
    runs: [],
    would: [],
    waiting: [],
    needsWhole: [],
    retired: [],
    unreadable: [],
  };
  // Without an epoch all that is left needs a whole plan: none of that means that nothing is left.
  const first = await leftNow(deps, pipeline, NOTHING_OF_TODAY);
  if (first.pending.whole.size === 0 && first.unchecked.length === 0)
    return { ...nothing, unreadable: first.pending.unreadable };
  const today = await ofToday(deps.ledger, pipeline);
  const { partial, ...left } = (await leftNow(deps, pipeline, today)).pending;
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
  await lookBack(deps, pipeline, done.runs);
  const after = (await leftNow(deps, pipeline, today)).pending;
  return {
    objects,
    withoutRaw,
    skipped,
    ...readBy(looked, done.read),
    runs: done.runs,
    would: [],
    waiting: done.waiting,
    needsWhole: needsWhole(after.whole),
    retired: retiredDates(after.retired),
    unreadable: after.unreadable,
  };
}

interface Left {
  readonly pending: Pending;
  /** Keys of objects that are not yet checked for offered rows that have to go. */
  readonly unchecked: readonly string[];
}

/** What coverage says is left. Where a day of it is damaged, it is derived again first. */
async function leftNow(deps: ReconcileDeps, pipeline: CompiledPipeline, today: OfToday): Promise<Left> {
  const coverage = new Coverage(deps.control, pipeline.name);
  const look = (): Promise<Left | undefined> =>
    coverage.look(
      async (view) => view && { pending: await pendingOf(view, today), unchecked: await uncheckedOf(view) },
    );
  const left = await look();
  if (left !== undefined) return left;
  await lookAtLake(deps, pipeline, true);
  return (await look()) ?? { pending: NOTHING_PENDING, unchecked: [] };
}

const readBy = (
  { catalogued, cataloguedUnnamed }: Looked,
  replayed: readonly string[],
): Pick<Reconciliation, 'objectsRead' | 'read'> => {
  const read = [...new Set([...catalogued, ...replayed])].sort();
  return { objectsRead: read.length + cataloguedUnnamed, read };
};

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
      for await (const { key } of objectsOf(deps.control, plan)) read.push(key);
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
async function lookBack(deps: ReconcileDeps, pipeline: CompiledPipeline, runs: readonly RunRecord[]): Promise<void> {
  const coverage = new Coverage(deps.control, pipeline.name);
  const derive = (draft: CoverageDraft): Promise<void> => rebuildCoverage(deps, pipeline, draft);
  const held = runs.flatMap((run) => run.summary?.heldDates ?? []);
  if (held.length > 0) await coverage.change(async (draft) => withoutWhole(draft, held), derive);
  const { unchecked } = await leftNow(deps, pipeline, NOTHING_OF_TODAY);
  if (unchecked.length === 0) return;
  try {
    const stale = await deps.staleOffers(unchecked);
    await coverage.change((draft) => checked(draft, unchecked, stale), derive);
  } catch (error) {
    if (!isRepriseError(error) || !LATER.has(error.code)) throw error;
  }
}

async function uncheckedOf({ root, day }: CoverageView): Promise<string[]> {
  const keys: string[] = [];
  for (const [date, { unchecked }] of Object.entries(root.days)) {
    if (unchecked === 0) continue;
    for (const [key, object] of await day(date)) if (object.unchecked === true) keys.push(key);
  }
  return keys;
}
