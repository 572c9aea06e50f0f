// What is known of a plan's raw objects from when they were read before: at which dates and by which transforms, and
// whether they have other content now. A row that an object gives at a date at which it was read before cannot have come late.
// That is not said when raw that was read has changed or is gone since, because what lost then may win now; nor of
// partial plans, which do not see all copies.

import { isSameVersion, isVersion, type ObjectInfo, type ObjectStore } from '../../ports/object-store.ts';
import type { PublishScope, ReadBefore } from '../../ports/warehouse.ts';
import { inspectLedger } from '../ledger/inspect.ts';
import { epochsOf } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan-document.ts';
import { rawDays } from '../plan/raw-days.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import { objectsOf } from '../plan/shards.ts';
import { inWindow } from '../plan/window.ts';
import { Coverage, type CoverageView } from '../reconcile/coverage.ts';
import { type DayObjects, listingOf, type ObjectCoverage } from '../reconcile/covered-day.ts';

export interface ReadBeforeDeps {
  readonly control: ObjectStore;
  readonly lake: ObjectStore;
}

type KnownBefore = Required<Pick<PublishScope, 'readBefore' | 'changedObjects' | 'lostDates'>>;

/** Opens the arrival dates of the plan's objects, and those that are listed otherwise than they were read. */
export function readBefore(deps: ReadBeforeDeps, plan: Plan): Promise<KnownBefore> {
  const { body } = plan;
  return new Coverage(deps.control, body.pipeline).look(async (view) => {
    if (view === undefined) return { readBefore: [], changedObjects: [], lostDates: [] };
    const { wholeNeeded } = view.root;
    const lostDates = Object.keys(wholeNeeded).filter((date) => wholeNeeded[date] === 'lost');
    const isKnown = !body.partial && (await isAsRead(deps.lake, body.pipeline, view));
    const epochs = isKnown ? await epochsOfPlan(deps.control, plan) : undefined;
    const changedObjects: string[] = [];
    const before: ReadBefore[] = [];
    for await (const { key, version } of objectsOf(deps.control, plan)) {
      const known = (await view.day(arrivalDate(key))).get(key);
      if (known === undefined) continue;
      if (isChanged(known, version)) changedObjects.push(key);
      if (epochs !== undefined) before.push(...datesRead(plan, key, known, epochs));
    }
    return { readBefore: before, changedObjects, lostDates };
  });
}

/** Those in which the plan's transforms were in force. */
async function epochsOfPlan(control: ObjectStore, { body }: Plan): Promise<ReadonlySet<number>> {
  const { entries } = await inspectLedger(control, body.pipeline);
  return new Set(epochsOf(entries, body.transformDigest));
}

/** Read in another version; or looked at in this one since, but not published from. */
const isChanged = (object: ObjectCoverage, version: string): boolean =>
  !isSameVersion(object.version, version) || Object.values(object.published).every((epoch) => epoch === 0);

/** Whether every object that coverage knows could be read, and is in the lake as it was. */
async function isAsRead(lake: ObjectStore, pipeline: string, view: CoverageView): Promise<boolean> {
  const { days } = view.root;
  if (Object.values(days).some(({ unreadable }) => unreadable > 0)) return false;
  const left = new Set(Object.keys(days));
  for await (const { date, objects } of rawDays(lake, pipeline)) {
    const known = days[date];
    if (known === undefined) continue;
    left.delete(date);
    if (known.listing !== listingOf(objects) && !isDayAsRead(objects, await view.day(date))) return false;
  }
  return left.size === 0;
}

/** More may have arrived since. */
function isDayAsRead(listed: readonly ObjectInfo[], day: DayObjects): boolean {
  let asRead = 0;
  for (const object of listed) {
    const known = day.get(object.key);
    if (known === undefined) continue;
    if (!isVersion(object, known.version)) return false;
    asRead++;
  }
  return asRead === day.size;
}

const datesRead = (
  { body }: Plan,
  key: string,
  { published }: ObjectCoverage,
  epochs: ReadonlySet<number>,
): ReadBefore[] =>
  Object.entries(published)
    .filter(([date, epoch]) => epoch > 0 && inWindow(date, body.window))
    .map(([date, epoch]) => ({ rawObject: key, date, sameTransforms: epochs.has(epoch) }));
