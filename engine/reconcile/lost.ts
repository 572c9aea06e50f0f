// What the ledger says was published and the warehouse does not have: its file was deleted, restored from an older copy, or
// is another one. Each transaction left its token in the warehouse, and the warehouse has an id that it was made with.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { PublishedTokens, Warehouse } from '../../ports/warehouse.ts';
import { inspectLedger } from '../ledger/inspect.ts';
import { isComplete } from '../plan/plan-document.ts';
import type { Runs } from '../run/runs.ts';
import { Coverage } from './coverage.ts';
import { lose } from './coverage-changes.ts';
import type { CoverageRoot } from './coverage-root.ts';
import { heldDates, publishedDatesOf } from './covered-day.ts';
import { rebuildCoverage } from './rebuild.ts';

export interface LostDeps {
  readonly control: ObjectStore;
  readonly runs: Runs;
}

export interface Lost {
  /** Runs of which transactions are missing, in the order in which they published. */
  readonly runs: readonly string[];
  readonly transactions: number;
  /** Dates that lack something and were not published whole since, ascending. */
  readonly dates: readonly string[];
  /** Of these, the ones of which the lake has raw: a whole replay brings them back. */
  readonly replayable: readonly string[];
}

export const NOTHING_LOST: Lost = { runs: [], transactions: 0, dates: [], replayable: [] };

/** Whatever knows what the warehouse has. */
export type WithPublished = <T>(work: (warehouse: Pick<Warehouse, 'published'>) => Promise<T>) => Promise<T>;

interface Transaction {
  readonly runId: string;
  readonly group: number;
  readonly token: string;
  readonly warehouse?: string;
}

/**
 * Compares the ledger of the pipeline with the warehouse; reads plans only when something is missing.
 * @throws WarehouseNotOurs when the warehouse has rows of the pipeline, and none of this home's runs wrote them
 */
export async function findLost(
  deps: LostDeps,
  pipeline: CompiledPipeline,
  withWarehouse: WithPublished,
): Promise<Lost> {
  const { entries } = await inspectLedger(deps.control, pipeline.name);
  const published = entries.filter((entry) => entry.kind === 'group_published');
  if (published.length === 0) return NOTHING_LOST;
  const there = await withWarehouse((warehouse) => warehouse.published(pipeline));
  await refuseForeign(deps, pipeline, there, new Set(published.map(({ runId }) => runId)));
  const isThere = ({ token, warehouse = there.warehouseId }: Transaction): boolean =>
    there.tokens.has(token) && warehouse === there.warehouseId;
  const root = await new Coverage(deps.control, pipeline.name).root();
  const first = published.findIndex((one) => !isThere(one));
  const unfenced = unfencedDates(root, there);
  if (first < 0 && unfenced.length === 0) return NOTHING_LOST;
  const missing = published.filter((one) => !isThere(one));
  const dates = new Set<string>();
  for (const one of first < 0 ? [] : published.slice(first)) {
    const run = await deps.runs.run(one.runId);
    const plan = await deps.runs.plan(run.planId);
    const isWhole = !plan.body.partial && run.undoes === undefined;
    for (const planned of plan.body.dates.filter(({ group }) => group === one.group)) {
      if (!isThere(one)) dates.add(planned.date);
      else if (isWhole && isComplete(planned)) dates.delete(planned.date);
    }
  }
  for (const date of unfenced) dates.add(date);
  const held = new Set(Object.entries(root?.days ?? {}).flatMap(([arrival, day]) => heldDates(arrival, day)));
  const sorted = [...dates].sort();
  return {
    runs: [...new Set(missing.map(({ runId }) => runId))],
    transactions: missing.length,
    dates: sorted,
    replayable: sorted.filter((date) => root === undefined || held.has(date)),
  };
}

/** Dates that were published, and of which the warehouse does not know who had them last. */
function unfencedDates(root: CoverageRoot | undefined, there: PublishedTokens): string[] {
  // An object that cannot be read has an entry in the quarantine at a date that no plan may have named: it does not count.
  const published = Object.values(root?.days ?? {}).flatMap(publishedDatesOf);
  return [...new Set(published)].filter((date) => !there.dates.has(date));
}

/** The dates count as never published, and are to be published whole. Safe to repeat. */
export async function noteLost(
  deps: LostDeps,
  pipeline: CompiledPipeline,
  { replayable }: Pick<Lost, 'replayable'>,
): Promise<void> {
  if (replayable.length === 0) return;
  await new Coverage(deps.control, pipeline.name).change(
    (draft) => lose(draft, replayable),
    (draft) => rebuildCoverage(deps, pipeline, draft),
  );
}

/**
 * Whether the warehouse has what was published last, in one look-up; false when that is not known. What is missing
 * before that was found when it was published.
 */
export async function hasLastPublished(
  root: CoverageRoot | undefined,
  withWarehouse: <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>,
): Promise<boolean> {
  const token = root?.lastToken;
  if (token === undefined) return false;
  return withWarehouse(async (warehouse) => (await warehouse.committed(token)) !== undefined);
}

/** `published`: runs that the ledger knows, also where their records were removed. */
async function refuseForeign(
  deps: LostDeps,
  pipeline: CompiledPipeline,
  there: PublishedTokens,
  published: ReadonlySet<string>,
): Promise<void> {
  if (there.runIds.length === 0 || there.runIds.some((runId) => published.has(runId))) return;
  for (const runId of there.runIds) if (await deps.runs.has(runId)) return;
  throw new RepriseError(
    'WarehouseNotOurs',
    `the warehouse has dates of ${pipeline.name} that runs of another home published (${there.runIds.slice(0, 3).join(', ')}); its id is ${there.warehouseId ?? 'unknown'}`,
    `put this home's own warehouse file back; or move this one away, and: reprise backfill ${pipeline.name} --all`,
  );
}
