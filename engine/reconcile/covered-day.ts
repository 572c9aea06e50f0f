// What has been read of the raw objects that arrived on one date, and what of that the root of a coverage keeps. Pure: what a
// publication, a listing or an undo makes of one day, which is the most that anybody holds.

import { sha256Hex } from '../../model/digest.ts';
import { isSameVersion, type ObjectInfo } from '../../ports/object-store.ts';
import { arrivalDate } from '../plan/raw-keys.ts';

export interface ObjectCoverage {
  readonly version: string;
  /** Every event date of the object, with the epoch at which it was last published from it; 0: not yet. */
  readonly published: Readonly<Record<string, number>>;
  /** Why it cannot be read; its one date is then that of its arrival. */
  readonly unreadable?: string;
  /** Published in part, and not yet checked for offered rows that have to go because of it. */
  readonly unchecked?: true;
}

/** The objects of one arrival date, by key. */
export type DayObjects = ReadonlyMap<string, ObjectCoverage>;

/** What the root says of an arrival date, so that the day is opened only by whoever needs its objects. */
export interface DaySummary {
  readonly objects: number;
  /** Of keys and versions, as `listingOf` says: equal to that of the lake's listing when the day is up to date. */
  readonly listing: string;
  /** Each event date that a readable object holds, with the least epoch at which one of them published it; 0: not yet. */
  readonly oldest: Readonly<Record<string, number>>;
  /** Of the dates with 0 those that other objects of the day have published; absent for none. */
  readonly partly?: readonly string[];
  readonly unreadable: number;
  readonly unchecked: number;
}

/** A raw object as a run has published it. */
export interface PublishedObject {
  readonly key: string;
  readonly version: string;
  readonly dates: readonly string[];
  readonly unreadable?: string;
}

/** What a publication says of each of its objects. */
export interface PublishedAt {
  readonly epoch: number;
  readonly partial: boolean;
  /** The pipeline has rows that events offer: after a partial publish some may have to go. */
  readonly offers: boolean;
  /** Dates whose group is committed and that were not held. */
  readonly dates: ReadonlySet<string>;
}

/** What the catalog knows of an object counts as published nowhere. */
export const NOT_PUBLISHED: PublishedAt = { epoch: 0, partial: false, offers: false, dates: new Set() };

/** The object after the publication. `known`: what was known of this version of it. */
export function coveredObject(
  known: ObjectCoverage | undefined,
  object: PublishedObject,
  { epoch, partial, offers, dates }: PublishedAt,
): ObjectCoverage {
  // Of an object that cannot be read the entry in the quarantine is what a plan publishes, whatever its window.
  const own = object.unreadable === undefined ? object.dates : [arrivalDate(object.key)];
  const published = own.map((date): [string, number] => {
    const now = object.unreadable !== undefined || dates.has(date) ? epoch : 0;
    return [date, Math.max(known?.published[date] ?? 0, now)];
  });
  const isUnchecked = known?.unchecked === true || (partial && offers);
  return {
    version: object.version,
    published: Object.fromEntries(published),
    ...(object.unreadable === undefined ? {} : { unreadable: object.unreadable }),
    ...(isUnchecked ? { unchecked: true } : {}),
  };
}

/** Covers the objects, which arrived on the day. Gives the dates that other versions of them had published. */
export function coverObjects(
  day: Map<string, ObjectCoverage>,
  objects: readonly PublishedObject[],
  at: PublishedAt,
): string[] {
  const replaced: string[] = [];
  for (const object of objects) {
    const before = day.get(object.key);
    const known = before !== undefined && isSameVersion(before.version, object.version) ? before : undefined;
    if (before !== undefined && known === undefined) replaced.push(...publishedDates(before));
    day.set(object.key, coveredObject(known, object, at));
  }
  return replaced;
}

/**
 * A whole plan reads every object that holds its dates: what was published from another one at these dates was replaced by
 * what the others hold, as a compaction does. An object of which nothing is left by that is not known any more; one that
 * never had a date stays.
 */
export function dropWhole(
  day: Map<string, ObjectCoverage>,
  whole: ReadonlySet<string>,
  isRead: (key: string) => boolean,
): void {
  for (const [key, object] of day) {
    const dates = Object.entries(object.published);
    const left = dates.filter(([date, epoch]) => epoch === 0 || !whole.has(date));
    if (isRead(key) || left.length === dates.length) continue;
    if (left.length > 0) day.set(key, { ...object, published: Object.fromEntries(left) });
    else day.delete(key);
  }
}

/** The day as if nothing had been published from it at the dates. */
export function forgetAt(day: Map<string, ObjectCoverage>, dates: readonly string[]): void {
  for (const [key, object] of day) {
    const known = dates.filter((date) => (object.published[date] ?? 0) !== 0);
    if (known.length === 0) continue;
    day.set(key, {
      ...object,
      published: { ...object.published, ...Object.fromEntries(known.map((date) => [date, 0])) },
    });
  }
}

/** Dates at which rows of the object were published. */
export const publishedDates = (object: ObjectCoverage): string[] =>
  object.unreadable === undefined ? Object.keys(object.published).filter((date) => object.published[date] !== 0) : [];

/** Digest of a listing: of each object's key and version. */
export function listingOf(objects: readonly Pick<ObjectInfo, 'key' | 'version'>[]): string {
  const sorted = [...objects].sort((a, b) => (a.key < b.key ? -1 : 1));
  return sha256Hex(sorted.map(({ key, version }) => `${key}\n${version}\n`).join(''));
}

/** What the root keeps of the day. */
export function summaryOf(day: DayObjects): DaySummary {
  const oldest = new Map<string, number>();
  const some = new Set<string>();
  let [unreadable, unchecked] = [0, 0];
  for (const object of day.values()) {
    if (object.unchecked === true) unchecked++;
    if (object.unreadable !== undefined) {
      unreadable++;
      continue;
    }
    for (const [date, epoch] of Object.entries(object.published)) {
      oldest.set(date, Math.min(oldest.get(date) ?? epoch, epoch));
      if (epoch > 0) some.add(date);
    }
  }
  const partly = [...some].filter((date) => oldest.get(date) === 0).sort();
  return {
    objects: day.size,
    listing: listingOf([...day].map(([key, { version }]) => ({ key, version }))),
    oldest: Object.fromEntries([...oldest].sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(partly.length === 0 ? {} : { partly }),
    unreadable,
    unchecked,
  };
}

/** Event dates that objects of the day hold. That of an object that cannot be read is the date on which it arrived. */
export const heldDates = (arrival: string, { oldest, unreadable }: DaySummary): string[] =>
  unreadable === 0 ? Object.keys(oldest) : [...Object.keys(oldest), arrival];

/** Event dates at which rows of the day were published. */
export const publishedDatesOf = ({ oldest, partly = [] }: DaySummary): string[] => [
  ...Object.keys(oldest).filter((date) => oldest[date] !== 0),
  ...partly,
];

/** Whether something of the day may have been published at one of the dates. */
export function mayBePublishedAt(arrival: string, day: DaySummary, dates: Iterable<string>): boolean {
  const published = new Set(day.unreadable === 0 ? publishedDatesOf(day) : [...publishedDatesOf(day), arrival]);
  for (const date of dates) if (published.has(date)) return true;
  return false;
}

/** The same text for the same objects, in whichever order they came. */
export function encodeDay(day: DayObjects): string {
  const objects = [...day]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { version, published, unreadable, unchecked }]) => {
      const dates = Object.fromEntries(Object.entries(published).sort(([a], [b]) => (a < b ? -1 : 1)));
      return [key, { version, published: dates, unreadable, unchecked }];
    });
  return `${JSON.stringify({ format: 1, objects: Object.fromEntries(objects) })}\n`;
}

/** Of a text whose digest was checked. */
export function decodeDay(text: string): Map<string, ObjectCoverage> {
  const { objects } = JSON.parse(text) as { readonly objects: Readonly<Record<string, ObjectCoverage>> };
  return new Map(Object.entries(objects));
}
