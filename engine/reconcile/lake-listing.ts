// Brings coverage up to what the lake lists. An arrival date that is listed as it was when it was last brought up is known by
// a digest, and needs neither its objects nor the catalog; of every other one, objects that the catalog does not know are read.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { CatalogEntry } from '../../ports/catalog.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { type CatalogDeps, type CatalogProgress, catalogObjects } from '../plan/catalog.ts';
import { datesOfEntry } from '../plan/entry-dates.ts';
import { type RawDay, rawDays } from '../plan/raw-days.ts';
import type { SkippedRaw } from '../plan/raw-keys.ts';
import { Coverage } from './coverage.ts';
import { upToLake } from './coverage-changes.ts';
import type { CoverageDraft } from './coverage-draft.ts';
import type { CoverageRoot } from './coverage-root.ts';
import { listingOf } from './covered-day.ts';
import { type CoverageDeps, rebuildCoverage } from './rebuild.ts';

/** Keys of catalogued objects that are kept although their dates need a whole plan. */
const NAMED_MAX = 1000;

export interface LakeDeps extends CatalogDeps, CoverageDeps {
  onProgress(progress: CatalogProgress): void;
}

export interface Looked {
  readonly root: CoverageRoot;
  readonly skipped: readonly SkippedRaw[];
  /** Objects in the lake. */
  readonly objects: number;
  /** Keys of objects that were opened for the catalog: all that may be replayed now, and some others. */
  readonly catalogued: ReadonlySet<string>;
  /** How many more were. */
  readonly cataloguedUnnamed: number;
}

/** `rebuild`: derives coverage again from what is recorded of runs, whatever there is. */
export async function lookAtLake(deps: LakeDeps, pipeline: CompiledPipeline, rebuild: boolean): Promise<Looked> {
  const coverage = new Coverage(deps.control, pipeline.name);
  const listings = new Map<string, string>();
  let objects = 0;
  let skipped: readonly SkippedRaw[] = [];
  const onSkipped = (found: readonly SkippedRaw[]): void => {
    skipped = found;
  };
  for await (const day of rawDays(deps.lake, pipeline.name, { onSkipped })) {
    listings.set(day.date, listingOf(day.objects));
    objects += day.objects.length;
  }
  const known = rebuild ? undefined : await coverage.root();
  const isListed = (date: string, listing: string | undefined): boolean => listings.get(date) === listing;
  if (
    known !== undefined &&
    datesBehind(listings, Object.keys(known.days), (date) => isListed(date, known.days[date]?.listing)).length === 0
  )
    return { root: known, skipped, objects, catalogued: new Set(), cataloguedUnnamed: 0 };

  const catalogued = new Set<string>();
  let cataloguedUnnamed = 0;
  const entriesIn =
    (draft: CoverageDraft) =>
    async (fresh: readonly ObjectInfo[]): Promise<readonly CatalogEntry[]> => {
      const { entries, read } = await catalogObjects(deps, pipeline, fresh, deps.onProgress);
      const opened = new Set(read);
      for (const entry of entries) {
        const { key } = entry.object;
        if (!opened.has(key)) continue;
        const isNamed = catalogued.size < NAMED_MAX || datesOfEntry(entry).some((date) => date in draft.wholeEpochs);
        if (isNamed) catalogued.add(key);
        else cataloguedUnnamed++;
      }
      return entries;
    };
  const root = await coverage.change(
    (draft) => {
      const behind = datesBehind(listings, draft.dates(), (date) => isListed(date, draft.summary(date)?.listing));
      return upToLake(draft, daysOf(deps, pipeline.name, behind), entriesIn(draft));
    },
    (draft) => rebuildCoverage(deps, pipeline, draft),
    { anew: rebuild },
  );
  return { root, skipped, objects, catalogued, cataloguedUnnamed };
}

/** Dates that the lake lists otherwise than coverage knows them; `known`: all those that it knows. */
const datesBehind = (
  listings: ReadonlyMap<string, string>,
  known: readonly string[],
  isAsKnown: (date: string) => boolean,
): string[] => [...new Set([...listings.keys(), ...known])].filter((date) => !isAsKnown(date)).sort();

/** The dates as the lake lists them now, those among them at which there is nothing any more. */
async function* daysOf(
  deps: LakeDeps,
  pipeline: string,
  dates: readonly string[],
): AsyncGenerator<RawDay, void, undefined> {
  for (const date of dates) {
    let objects: readonly ObjectInfo[] = [];
    for await (const day of rawDays(deps.lake, pipeline, { dates: [date] })) objects = day.objects;
    yield { date, objects };
  }
}
