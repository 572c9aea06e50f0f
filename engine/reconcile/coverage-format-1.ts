// Coverage as earlier releases wrote it: one document with an entry for every raw object. It is read as it is, and is split
// by arrival date when it is next changed.

import { arrivalDate } from '../plan/raw-keys.ts';
import type { ReadRoot, WholeCause } from './coverage-root.ts';
import { type ObjectCoverage, summaryOf } from './covered-day.ts';

interface Format1 {
  readonly format: 1;
  readonly wholeEpochs?: Readonly<Record<string, number>>;
  readonly wholeNeeded: Readonly<Record<string, WholeCause>>;
  readonly objects: Readonly<Record<string, ObjectCoverage>>;
  readonly lastToken?: string;
}

/** No document has this name: a day of it is always written. */
const NOWHERE = '';

/** Undefined for what is not such a document. Throws where what it says of an object is not that. */
export function decodeFormat1(document: unknown): ReadRoot | undefined {
  const { format, wholeEpochs = {}, wholeNeeded, objects, lastToken } = document as Format1;
  if (format !== 1 || typeof wholeNeeded !== 'object' || typeof objects !== 'object') return undefined;
  const days = new Map<string, Map<string, ObjectCoverage>>();
  for (const [key, object] of Object.entries(objects)) {
    const date = arrivalDate(key);
    const day = days.get(date) ?? new Map<string, ObjectCoverage>();
    days.set(date, day.set(key, object));
  }
  const root = {
    format: 2 as const,
    sequence: 0,
    wholeEpochs,
    wholeNeeded,
    days: Object.fromEntries([...days].map(([date, day]) => [date, { shard: NOWHERE, ...summaryOf(day) }])),
    ...(lastToken === undefined ? {} : { lastToken }),
  };
  return { root, objects: days };
}
