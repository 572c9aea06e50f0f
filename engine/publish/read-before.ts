// What is known of a plan's raw objects from when they were read before: at which dates and by which transforms, and
// whether they have other content now. A row that an object gives at a date at which it was read before cannot have come late.
// That is not said when raw that was read has changed or is gone since, because what lost then may win now; nor of
// partial plans, which do not see all copies.

import { isSameVersion, isVersion, type ObjectStore } from '../../ports/object-store.ts';
import type { PublishScope, ReadBefore } from '../../ports/warehouse.ts';
import { inspectLedger } from '../ledger/inspect.ts';
import { epochsOf } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan.ts';
import { rawPrefix } from '../plan/raw-keys.ts';
import { inWindow } from '../plan/window.ts';
import { Coverage, type CoverageDocument, type ObjectCoverage } from '../reconcile/coverage.ts';

export interface ReadBeforeDeps {
  readonly control: ObjectStore;
  readonly lake: ObjectStore;
}

type KnownBefore = Required<Pick<PublishScope, 'readBefore' | 'changedObjects' | 'lostDates'>>;

export async function readBefore(deps: ReadBeforeDeps, plan: Plan): Promise<KnownBefore> {
  const { body } = plan;
  const covered = await new Coverage(deps.control, body.pipeline).read();
  if (covered === undefined) return { readBefore: [], changedObjects: [], lostDates: [] };
  const changedObjects = body.objects
    .filter(({ key, version }) => isChanged(covered.objects[key], version))
    .map(({ key }) => key);
  const isKnown = !body.partial && (await isAsRead(deps.lake, body.pipeline, covered));
  const lostDates = Object.keys(covered.wholeNeeded).filter((date) => covered.wholeNeeded[date] === 'lost');
  if (!isKnown) return { readBefore: [], changedObjects, lostDates };
  const { entries } = await inspectLedger(deps.control, body.pipeline);
  return {
    readBefore: datesRead(plan, covered, new Set(epochsOf(entries, body.transformDigest))),
    changedObjects,
    lostDates,
  };
}

/** Read in another version; or looked at in this one since, but not published from. */
const isChanged = (object: ObjectCoverage | undefined, version: string): boolean =>
  object !== undefined &&
  (!isSameVersion(object.version, version) || Object.values(object.published).every((epoch) => epoch === 0));

async function isAsRead(lake: ObjectStore, pipeline: string, covered: CoverageDocument): Promise<boolean> {
  let asRead = 0;
  for await (const object of lake.list(rawPrefix(pipeline))) {
    const known = covered.objects[object.key];
    if (known === undefined) continue;
    if (known.unreadable !== undefined || !isVersion(object, known.version)) return false;
    asRead++;
  }
  return asRead === Object.keys(covered.objects).length;
}

function datesRead(plan: Plan, covered: CoverageDocument, epochs: ReadonlySet<number>): ReadBefore[] {
  return plan.body.objects.flatMap(({ key }) =>
    Object.entries(covered.objects[key]?.published ?? {})
      .filter(([date, epoch]) => epoch > 0 && inWindow(date, plan.body.window))
      .map(([date, epoch]) => ({ rawObject: key, date, sameTransforms: epochs.has(epoch) })),
  );
}
