// What is left to be published of the objects in the lake, from coverage alone: which dates of which objects, those that
// a partial plan may publish, and those that need a whole one. Days are opened only for what a partial plan may publish,
// and for objects that cannot be read.

import type { CoverageView } from './coverage.ts';
import type { CoverageRoot, WholeCause } from './coverage-root.ts';

export interface Pending {
  /** Date → keys of the objects to be read for it. */
  readonly partial: ReadonlyMap<string, readonly string[]>;
  /** Date → why it has to be published whole. */
  readonly whole: ReadonlyMap<string, ReadonlySet<string>>;
  /** Date → the undo that keeps today's transforms from it, where something is left to be published. */
  readonly retired: ReadonlyMap<string, string>;
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
}

export const NOTHING_PENDING: Pending = { partial: new Map(), whole: new Map(), retired: new Map(), unreadable: [] };

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

/** Throws ShardLost. */
export async function pendingOf(view: CoverageView, { epochs, retiredAt }: OfToday): Promise<Pending> {
  const { root } = view;
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
  const mayBePartial = (date: string): boolean => {
    const because = heldBecause(root, date, epochs);
    if (because === undefined) return root.wholeNeeded[date] !== 'changed' && !isRetired(date);
    needsWhole(date, because);
    return false;
  };
  for (const [date, cause] of Object.entries(root.wholeNeeded)) needsWhole(date, CAUSES[cause]);
  for (const [arrival, summary] of Object.entries(root.days)) {
    const left = Object.keys(summary.oldest).filter((date) => isLeft(root, date, summary.oldest[date] ?? 0));
    const wanted = left.filter(mayBePartial);
    if (wanted.length === 0 && summary.unreadable === 0) continue;
    for (const [key, object] of await view.day(arrival)) {
      if (object.unreadable !== undefined) {
        unreadable.push({ key, detail: object.unreadable });
        if (object.published[arrival] === 0) needsWhole(arrival, 'an object cannot be read');
        continue;
      }
      for (const date of wanted) {
        const at = object.published[date];
        if (at === undefined || !isLeft(root, date, at)) continue;
        if (partial.get(date)?.push(key) === undefined) partial.set(date, [key]);
      }
    }
  }
  return { partial, whole, retired, unreadable };
}

/** Whether something that was published at the date in that epoch was not since the date was last published whole. */
const isLeft = (root: CoverageRoot, date: string, epoch: number): boolean =>
  epoch === 0 || epoch < (root.wholeEpochs[date] ?? 0);

function heldBecause(root: CoverageRoot, date: string, epochs: ReadonlySet<number>): string | undefined {
  const wholeEpoch = root.wholeEpochs[date];
  if (wholeEpoch === undefined) return 'it was never published whole';
  return epochs.has(wholeEpoch) ? undefined : 'it was published by other transforms';
}
