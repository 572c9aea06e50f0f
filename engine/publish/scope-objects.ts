// What the decisions of a run know of raw objects, worked out once for each attempt and kept as a document of lines: which
// are judged, which are gone, and what is known of those that were read before; a verification asks for it as it is now. A row that an object gives at a date at which it
// was read before cannot have come late. That is not said when raw that was read has changed or is gone since, because what
// lost then may win now; nor of partial plans, which do not see all copies.

import { RepriseError } from '../../model/errors.ts';
import { isSameVersion, isVersion, type ObjectInfo, type ObjectStore } from '../../ports/object-store.ts';
import type { PublishScope, ScopeObject } from '../../ports/warehouse.ts';
import { inspectLedger } from '../ledger/inspect.ts';
import { epochsOf } from '../ledger/ledger.ts';
import { encodedLines, readLines } from '../ledger/lines.ts';
import type { Plan } from '../plan/plan-document.ts';
import { rawDays } from '../plan/raw-days.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import { goneObjectsOf, objectsOf, unreadableOf } from '../plan/shards.ts';
import { inWindow } from '../plan/window.ts';
import { Coverage, type CoverageView } from '../reconcile/coverage.ts';
import { type DayObjects, listingOf, type ObjectCoverage } from '../reconcile/covered-day.ts';
import { fileDigest } from '../replay/staged-files.ts';

export interface ScopeObjectsDeps {
  readonly control: ObjectStore;
  readonly lake: ObjectStore;
  readonly stage: ObjectStore;
}

/** The document of a run that names them. */
export const SCOPE = 'scope';

export interface ScopeDocument {
  /** Digest of the lines, which names their document in the stage. */
  readonly objects: string;
  readonly unreadable: readonly Unreadable[];
  /** Dates of which the warehouse has lost what was published. */
  readonly lostDates: readonly string[];
}

/** A raw object that cannot be read, which judges nothing. */
export interface Unreadable {
  readonly key: string;
  readonly detail: string;
}

/** What is known of raw objects, as decisions are given it. */
export type KnownObjects = Required<Pick<PublishScope, 'objects' | 'lostDates'>>;

const keyOf = (runId: string, sha256: string): string => `${runId}/objects/${sha256}.jsonl`;

/** Every object that cannot be read: those that the plan knew, and those of which it was found since. */
export async function unreadableIn(
  control: ObjectStore,
  plan: Plan,
  foundUnreadable: readonly Unreadable[],
): Promise<readonly Unreadable[]> {
  const found = new Map(foundUnreadable.toReversed().map((one) => [one.key, one]));
  return [...(await unreadableOf(control, plan)), ...[...found.values()].toReversed()];
}

/**
 * What the work does with what is known now; it begins anew when coverage changes while it asks. Opens the arrival dates of
 * the plan's objects in coverage, and those that are listed otherwise than they were read.
 */
export function withKnownObjects<T>(
  deps: Pick<ScopeObjectsDeps, 'control' | 'lake'>,
  plan: Plan,
  unreadable: readonly Unreadable[],
  work: (known: KnownObjects) => Promise<T>,
): Promise<T> {
  const unread = new Set(unreadable.map(({ key }) => key));
  return new Coverage(deps.control, plan.body.pipeline).look((view) => {
    const wholeNeeded = view?.root.wholeNeeded ?? {};
    return work({
      objects: () => scopeObjects(deps, plan, unread, view),
      lostDates: Object.keys(wholeNeeded).filter((date) => wholeNeeded[date] === 'lost'),
    });
  });
}

/** Writes it for the decisions of a run. */
export function writeScopeObjects(
  deps: ScopeObjectsDeps,
  plan: Plan,
  runId: string,
  unreadable: readonly Unreadable[],
): Promise<ScopeDocument> {
  return withKnownObjects(deps, plan, unreadable, async ({ objects, lostDates }) => {
    const { sha256 } = await deps.stage.writeNamed(encodedLines(objects()), (digest) => keyOf(runId, digest));
    return { objects: sha256, unreadable, lostDates };
  });
}

async function* scopeObjects(
  { control, lake }: Pick<ScopeObjectsDeps, 'control' | 'lake'>,
  plan: Plan,
  unreadable: ReadonlySet<string>,
  view: CoverageView | undefined,
): AsyncGenerator<ScopeObject, void, undefined> {
  const { pipeline, partial } = plan.body;
  const isKnown = view !== undefined && !partial && (await isAsRead(lake, pipeline, view));
  const epochs = isKnown ? await epochsOfPlan(control, plan) : undefined;
  for await (const { key, version } of objectsOf(control, plan)) {
    const known = (await view?.day(arrivalDate(key)))?.get(key);
    yield {
      rawObject: key,
      ...(unreadable.has(key) ? {} : { judged: true }),
      ...(known !== undefined && isChanged(known, version) ? { changed: true } : {}),
      ...(known !== undefined && epochs !== undefined ? { readBefore: datesRead(plan, known, epochs) } : {}),
    };
  }
  for (const rawObject of await goneObjectsOf(control, plan)) yield { rawObject, gone: true };
}

/** The lines of the document. Throws NotAsRecorded before it gives any when they are not those that were written. */
export async function* readScopeObjects(
  stage: ObjectStore,
  runId: string,
  sha256: string,
): AsyncGenerator<ScopeObject, void, undefined> {
  const key = keyOf(runId, sha256);
  if ((await fileDigest(stage, key)) !== sha256)
    throw new RepriseError(
      'NotAsRecorded',
      `stage/${key} is not as it was written: it was changed or removed since`,
      `write it again: reprise resume ${runId}`,
    );
  for await (const line of readLines(stage, key)) yield JSON.parse(line) as ScopeObject;
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
  { published }: ObjectCoverage,
  epochs: ReadonlySet<number>,
): Readonly<Record<string, boolean>> =>
  Object.fromEntries(
    Object.entries(published)
      .filter(([date, epoch]) => epoch > 0 && inWindow(date, body.window))
      .map(([date, epoch]) => [date, epochs.has(epoch)]),
  );
