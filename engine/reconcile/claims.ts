// Whether coverage claims more than was committed: that an object, or a date, was published which no run had published. What it
// claims is never read again, so that a document that was edited hides deliveries for ever. The same goes for a root that
// says of a day what its objects do not. Holds the claims of a bounded number of objects, and reads what runs did once for
// each such part.

import { canonicalJson } from '../../model/digest.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { Coverage, type CoverageView } from './coverage.ts';
import { CoverageShards, ShardLost } from './coverage-shards.ts';
import { summaryOf } from './covered-day.ts';
import { publicationOf } from './publication.ts';

export interface Claim {
  /** Undefined for the date as a whole. */
  readonly key?: string;
  readonly date: string;
}

/** Objects of which the publications are held at a time, unless one day alone has more. */
const HELD_OBJECTS_MAX = 100_000;

/** Empty also when what runs did cannot be read in full, or coverage cannot: then nobody knows. */
export async function unfoundedClaims(
  deps: { readonly control: ObjectStore; readonly runs: Runs },
  pipeline: string,
): Promise<readonly Claim[]> {
  return new Coverage(deps.control, pipeline).look(async (view) => {
    if (view === undefined) return [];
    const { runs, damaged } = await deps.runs.list();
    if (damaged.length > 0) return [];
    const own = runs.filter((run) => run.pipeline === pipeline);
    const claims: Claim[] = [];
    let committed: ReadonlyMap<string, number> | undefined;
    for (const arrivals of partsOf(view)) {
      committed = await committedBy(deps.runs, own, arrivals);
      if (committed === undefined) return [];
      for (const arrival of arrivals) {
        for (const [key, { published }] of await view.day(arrival))
          for (const [date, epoch] of Object.entries(published))
            if (epoch > (committed.get(placeOf(key, date)) ?? 0)) claims.push({ key, date });
      }
    }
    // Each part says what was published whole.
    for (const [date, epoch] of Object.entries(view.root.wholeEpochs))
      if (epoch > (committed?.get(date) ?? 0)) claims.push({ date });
    return claims;
  });
}

/** Arrival dates of which the root says something else than their objects do. Empty when coverage cannot be read. */
export async function misstatedDays(control: ObjectStore, pipeline: string): Promise<readonly string[]> {
  return new Coverage(control, pipeline).look(async (view) => {
    const misstated: string[] = [];
    for (const [arrival, { shard: _, ...stated }] of Object.entries(view?.root.days ?? {})) {
      const day = await view?.day(arrival);
      if (day !== undefined && canonicalJson(stated) !== canonicalJson(summaryOf(day))) misstated.push(arrival);
    }
    return misstated;
  });
}

/** Documents that the root names, and that are missing or not what their names say. */
export async function damagedShards(control: ObjectStore, pipeline: string): Promise<readonly ShardLost[]> {
  const root = await new Coverage(control, pipeline).root();
  const shards = new CoverageShards(control, pipeline);
  const damaged: ShardLost[] = [];
  for (const [date, { shard }] of Object.entries(root?.days ?? {})) {
    if (shard === '') continue;
    try {
      await shards.read(date, shard);
    } catch (error) {
      if (!(error instanceof ShardLost)) throw error;
      damaged.push(error);
    }
  }
  return damaged;
}

const placeOf = (key: string, date: string): string => `${key} ${date}`;

/** Arrival dates, so many together as may be held; one part at least. */
function* partsOf({ root }: CoverageView): Generator<ReadonlySet<string>, void, undefined> {
  let part = new Set<string>();
  let held = 0;
  for (const [arrival, { objects }] of Object.entries(root.days)) {
    if (part.size > 0 && held + objects > HELD_OBJECTS_MAX) {
      yield part;
      part = new Set();
      held = 0;
    }
    part.add(arrival);
    held += objects;
  }
  yield part;
}

/**
 * The greatest epoch at which any run published each date of the objects that arrived on these dates, and each date whole.
 * Undefined when what they did cannot be read in full.
 */
async function committedBy(
  runs: Runs,
  own: readonly RunRecord[],
  arrivals: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number> | undefined> {
  const committed = new Map<string, number>();
  const raise = (place: string, epoch: number): void =>
    void committed.set(place, Math.max(committed.get(place) ?? 0, epoch));
  try {
    for (const run of own) {
      const plan = await runs.plan(run.planId);
      const publication = await publicationOf(runs, plan, run, false);
      if (publication === undefined) continue;
      for (const date of publication.whole) raise(date, run.epoch);
      for await (const { key, dates, unreadable } of publication.objects()) {
        const arrival = arrivalDate(key);
        if (!arrivals.has(arrival)) continue;
        for (const date of dates) if (publication.dates.has(date)) raise(placeOf(key, date), run.epoch);
        if (unreadable !== undefined) raise(placeOf(key, arrival), run.epoch);
      }
    }
  } catch (error) {
    if (!isRepriseError(error)) throw error;
    return undefined;
  }
  return committed;
}
