// The lake as it is listed: a pipeline's raw objects by the date on which they arrived, one date at a time, so that nobody
// who looks at a lake holds all of it.

import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import { arrivalDate, MAGIC_BYTES, rawByContent, rawByKey, rawPrefix, type SkippedRaw } from './raw-keys.ts';

/** What arrived on one date. */
export interface RawDay {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Ascending by key; never empty. */
  readonly objects: readonly ObjectInfo[];
}

export interface RawDaysOptions {
  /** Only these dates; each is listed by its own prefix. Absent: all there is, in one listing. */
  readonly dates?: readonly string[];
  /** Hears once, at the end, of all else that is there. */
  readonly onSkipped?: (skipped: readonly SkippedRaw[]) => void;
}

/** The dates in ascending order. */
export async function* rawDays(
  lake: ObjectStore,
  pipeline: string,
  { dates, onSkipped = () => {} }: RawDaysOptions = {},
): AsyncGenerator<RawDay, void, undefined> {
  const skipped = new Map<string, SkippedRaw>();
  const skip = (one: SkippedRaw): void => void skipped.set(one.key, one);
  const prefix = rawPrefix(pipeline);
  const prefixes = dates === undefined ? [prefix] : [...new Set(dates)].sort().map((date) => `${prefix}dt=${date}/`);
  let objects: ObjectInfo[] = [];
  for (const one of prefixes) {
    for await (const object of lake.list(one, skip)) {
      const { key } = object;
      let found = rawByKey(key);
      if (found === 'by content') found = rawByContent(key, await lake.range(key, 0, MAGIC_BYTES));
      if (found !== 'raw') {
        skip(found);
        continue;
      }
      const [first] = objects;
      if (first !== undefined && arrivalDate(first.key) !== arrivalDate(key)) {
        yield { date: arrivalDate(first.key), objects };
        objects = [];
      }
      objects.push(object);
    }
  }
  if (objects[0] !== undefined) yield { date: arrivalDate(objects[0].key), objects };
  onSkipped([...skipped.values()].sort((a, b) => (a.key < b.key ? -1 : 1)));
}
