// What is left to be published of the objects in the lake, from coverage alone: which dates of which objects, those that
// a partial plan may publish, and those that need a whole one.

import { arrivalDate } from '../plan/raw-keys.ts';
import type { CoverageDocument, ObjectCoverage, WholeCause } from './coverage.ts';

export interface Pending {
  /** Date → keys of the objects to be read for it. */
  readonly partial: ReadonlyMap<string, readonly string[]>;
  /** Date → why it has to be published whole. */
  readonly whole: ReadonlyMap<string, ReadonlySet<string>>;
  /** Date → the undo that keeps today's transforms from it, where something is left to be published. */
  readonly retired: ReadonlyMap<string, string>;
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
}

const CAUSES: Readonly<Record<WholeCause, string>> = {
  changed: 'an object that had been read was replaced',
  gone: 'an object that had been read is gone',
  takes_back: 'a newer copy of a batch takes rows back',
  lost: 'the warehouse was restored or replaced, and lacks what was published',
};

/** What counts of today's transforms. */
export interface OfToday {
  /** Those in which they were in force; none: nothing may be published in part. */
  readonly epochs: ReadonlySet<number>;
  /** Which undo keeps them from a date. */
  readonly retiredAt: (date: string) => string | undefined;
}

export const NOTHING_OF_TODAY: OfToday = { epochs: new Set(), retiredAt: () => undefined };

export function pendingOf(document: CoverageDocument, { epochs, retiredAt }: OfToday): Pending {
  const partial = new Map<string, string[]>();
  const whole = new Map<string, Set<string>>();
  const retired = new Map<string, string>();
  const unreadable: { key: string; detail: string }[] = [];
  const isRetired = (date: string): boolean => {
    const undo = retiredAt(date);
    if (undo !== undefined) retired.set(date, undo);
    return undo !== undefined;
  };
  const needsWhole = (date: string, because: string): void => {
    if (!isRetired(date)) whole.set(date, (whole.get(date) ?? new Set()).add(because));
  };
  for (const [date, cause] of Object.entries(document.wholeNeeded)) needsWhole(date, CAUSES[cause]);
  for (const [key, object] of Object.entries(document.objects)) {
    if (object.unreadable !== undefined) {
      unreadable.push({ key, detail: object.unreadable });
      if (object.published[arrivalDate(key)] === 0) needsWhole(arrivalDate(key), 'an object cannot be read');
      continue;
    }
    for (const date of datesLeft(document, object)) {
      const because = heldBecause(document, date, epochs);
      if (because !== undefined) needsWhole(date, because);
      else if (document.wholeNeeded[date] === 'changed' || isRetired(date)) continue;
      else if (partial.get(date)?.push(key) === undefined) partial.set(date, [key]);
    }
  }
  return { partial, whole, retired, unreadable };
}

/** Dates of the object that were not published from it since they were last published whole. */
function datesLeft(document: CoverageDocument, object: ObjectCoverage): string[] {
  return Object.keys(object.published).filter((date) => {
    const at = object.published[date] ?? 0;
    return at === 0 || at < (document.wholeEpochs[date] ?? 0);
  });
}

function heldBecause(document: CoverageDocument, date: string, epochs: ReadonlySet<number>): string | undefined {
  const wholeEpoch = document.wholeEpochs[date];
  if (wholeEpoch === undefined) return 'it was never published whole';
  return epochs.has(wholeEpoch) ? undefined : 'it was published by other transforms';
}
