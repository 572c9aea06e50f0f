// Whether coverage claims more than was committed: that an object, or a date, was published which no run had published. What it
// claims is never read again, so that a document that was edited hides deliveries for ever.

import { isRepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import type { Runs } from '../run/runs.ts';
import { Coverage } from './coverage.ts';
import { publicationOf } from './publication.ts';

export interface Claim {
  /** Undefined for the date as a whole. */
  readonly key?: string;
  readonly date: string;
}

/** Empty also when what runs did cannot be read in full: then nobody knows. */
export async function unfoundedClaims(
  deps: { readonly control: ObjectStore; readonly runs: Runs },
  pipeline: string,
): Promise<readonly Claim[]> {
  const document = await new Coverage(deps.control, pipeline).read();
  const committed = document && (await committedBy(deps.runs, pipeline));
  if (document === undefined || committed === undefined) return [];
  const isFounded = (place: string, epoch: number): boolean => epoch <= (committed.get(place) ?? 0);
  const dates = Object.entries(document.wholeEpochs).filter(([date, epoch]) => !isFounded(date, epoch));
  const objects = Object.entries(document.objects).flatMap(([key, { published }]) =>
    Object.entries(published).flatMap(([date, epoch]): Claim[] =>
      isFounded(placeOf(key, date), epoch) ? [] : [{ key, date }],
    ),
  );
  return [...objects, ...dates.map(([date]): Claim => ({ date }))];
}

const placeOf = (key: string, date: string): string => `${key} ${date}`;

/** The greatest epoch at which any run published each object's dates, and each date whole. */
async function committedBy(runs: Runs, pipeline: string): Promise<ReadonlyMap<string, number> | undefined> {
  const { runs: every, damaged } = await runs.list();
  if (damaged.length > 0) return undefined;
  const committed = new Map<string, number>();
  const raise = (place: string, epoch: number): void =>
    void committed.set(place, Math.max(committed.get(place) ?? 0, epoch));
  try {
    for (const run of every.filter((one) => one.pipeline === pipeline)) {
      const plan = await runs.plan(run.planId);
      // Plans of the first versions do not say which dates their objects hold.
      if (plan.body.objects.some(({ dates }) => dates === undefined)) return undefined;
      const publication = await publicationOf(runs, plan, run, false);
      if (publication === undefined) continue;
      for (const { key, dates, unreadable } of publication.objects) {
        for (const date of dates) if (publication.dates.has(date)) raise(placeOf(key, date), run.epoch);
        if (unreadable !== undefined) raise(placeOf(key, arrivalDate(key)), run.epoch);
      }
      for (const date of publication.whole) raise(date, run.epoch);
    }
  } catch (error) {
    if (!isRepriseError(error)) throw error;
    return undefined;
  }
  return committed;
}
