// How coverage changes: what a run has published, what the lake lists, what was undone or lost. Each opens only the
// arrival dates that it is about, one at a time. What dates are marked with is the same as if all days were changed at once.

import type { CatalogEntry } from '../../ports/catalog.ts';
import { isVersion, type ObjectInfo } from '../../ports/object-store.ts';
import { datesOfEntry } from '../plan/entry-dates.ts';
import type { RawDay } from '../plan/raw-days.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import type { CoverageDraft } from './coverage-draft.ts';
import {
  coverObjects,
  dropWhole,
  forgetAt,
  heldDates,
  mayBePublishedAt,
  NOT_PUBLISHED,
  type PublishedAt,
  type PublishedObject,
  publishedDates,
} from './covered-day.ts';

/** What a run has committed. */
export interface Publication extends PublishedAt {
  /** Of its dates the ones that were published whole. */
  readonly whole: ReadonlySet<string>;
  /** Ascending by key, so that what arrived on one date comes together. */
  objects(): AsyncIterable<PublishedObject>;
}

/** Covers the publication. */
export async function cover(draft: CoverageDraft, publication: Publication): Promise<void> {
  const { epoch, whole } = publication;
  const replaced = new Set<string>();
  const read = new Set<string>();
  for await (const { date, objects } of byArrival(publication.objects())) {
    read.add(date);
    const day = await draft.edit(date);
    for (const one of coverObjects(day, objects, publication)) replaced.add(one);
    const keys = new Set(objects.map(({ key }) => key));
    dropWhole(day, whole, (key) => keys.has(key));
  }
  for (const date of whole.size === 0 ? [] : draft.dates()) {
    const summary = draft.summary(date);
    if (read.has(date) || summary === undefined || !mayBePublishedAt(date, summary, whole)) continue;
    dropWhole(await draft.edit(date), whole, () => false);
  }
  for (const date of replaced) draft.wholeNeeded[date] = 'changed';
  for (const date of whole) {
    draft.wholeEpochs[date] = Math.max(draft.wholeEpochs[date] ?? 0, epoch);
    delete draft.wholeNeeded[date];
  }
}

async function* byArrival(
  objects: AsyncIterable<PublishedObject>,
): AsyncGenerator<{ readonly date: string; readonly objects: readonly PublishedObject[] }, void, undefined> {
  let date: string | undefined;
  let held: PublishedObject[] = [];
  for await (const object of objects) {
    const arrival = arrivalDate(object.key);
    if (date !== undefined && date !== arrival) {
      yield { date, objects: held };
      held = [];
    }
    date = arrival;
    held.push(object);
  }
  if (date !== undefined) yield { date, objects: held };
}

/**
 * Brings the days, which are not listed twice, up to what the lake lists of them; nothing is listed of a day that is gone.
 * - An object has the version that it has today, where it is known by that of an earlier release.
 * - An object that is not listed is not known any more. Dates that were published from it are to be published whole where
 *   other objects that were known still hold them; where none does, raw has expired, and the rows stay.
 * - Objects that are new, or have another version than the one that was read, are known by what the catalog says of them.
 * @param entriesOf the catalog's entries of such objects
 */
export async function upToLake(
  draft: CoverageDraft,
  days: AsyncIterable<RawDay>,
  entriesOf: (fresh: readonly ObjectInfo[]) => Promise<readonly CatalogEntry[]>,
): Promise<void> {
  const [gone, held, replaced, listed] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  for await (const { date, objects } of days) {
    listed.add(date);
    const day = await draft.edit(date);
    const infos = new Map(objects.map((object) => [object.key, object]));
    for (const [key, known] of day) {
      const info = infos.get(key);
      if (info === undefined) {
        for (const one of publishedDates(known)) gone.add(one);
        day.delete(key);
        continue;
      }
      for (const one of Object.keys(known.published)) held.add(one);
      if (known.version !== info.version && isVersion(info, known.version))
        day.set(key, { ...known, version: info.version });
    }
    const fresh = objects.filter(({ key, version }) => day.get(key)?.version !== version);
    const entries = fresh.length === 0 ? [] : await entriesOf(fresh);
    for (const one of coverObjects(day, entries.map(catalogued), NOT_PUBLISHED)) replaced.add(one);
  }
  for (const date of gone.size === 0 ? [] : draft.dates()) {
    const summary = listed.has(date) ? undefined : draft.summary(date);
    for (const one of summary === undefined ? [] : heldDates(date, summary)) held.add(one);
  }
  for (const date of gone) if (held.has(date)) draft.wholeNeeded[date] = 'gone';
  for (const date of replaced) draft.wholeNeeded[date] = 'changed';
}

const catalogued = (entry: CatalogEntry): PublishedObject => ({
  key: entry.object.key,
  version: entry.object.version,
  dates: datesOfEntry(entry),
  ...(entry.unreadable === undefined ? {} : { unreadable: entry.unreadable }),
});

/** The objects were checked for offered rows that have to go; `takesBack`: the dates that have some. */
export async function checked(
  draft: CoverageDraft,
  keys: readonly string[],
  takesBack: readonly string[],
): Promise<void> {
  for (const [date, ofDay] of keysByArrival(keys)) {
    if (draft.summary(date) === undefined) continue;
    const day = await draft.edit(date);
    for (const key of ofDay) {
      const object = day.get(key);
      if (object === undefined) continue;
      const { unchecked: _, ...rest } = object;
      day.set(key, rest);
    }
  }
  for (const date of takesBack) draft.wholeNeeded[date] ??= 'takes_back';
}

/** Keys by the date on which their objects arrived. */
export function keysByArrival(keys: Iterable<string>): Map<string, string[]> {
  const byDate = new Map<string, string[]>();
  for (const key of keys) {
    const date = arrivalDate(key);
    if (byDate.get(date)?.push(key) === undefined) byDate.set(date, [key]);
  }
  return byDate;
}

/** The dates are as if nothing had been published there. */
export async function forget(draft: CoverageDraft, dates: readonly string[]): Promise<void> {
  for (const date of draft.dates()) {
    const summary = draft.summary(date);
    if (summary !== undefined && mayBePublishedAt(date, summary, dates)) forgetAt(await draft.edit(date), dates);
  }
  withoutWhole(draft, dates);
}

/** The warehouse has lost what was published at the dates. */
export async function lose(draft: CoverageDraft, dates: readonly string[]): Promise<void> {
  if (dates.every((date) => draft.wholeNeeded[date] === 'lost')) return;
  await forget(draft, dates);
  for (const date of dates) draft.wholeNeeded[date] = 'lost';
}

/** The dates are not known to be whole. */
export function withoutWhole(draft: CoverageDraft, dates: readonly string[]): void {
  for (const date of dates) delete draft.wholeEpochs[date];
}
