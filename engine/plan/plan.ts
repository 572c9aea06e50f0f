// Makes a plan: which raw objects can hold events of the window and other copies of the same events, cut into slices,
// with everything pinned that the result depends on. A plan is data; its id is the hash of its body.

import { createHash } from 'node:crypto';
import type { CompiledPipeline } from '../../model/compile.ts';
import { hashJson } from '../../model/digest.ts';
import { RepriseError } from '../../model/errors.ts';
import { formatDay, parseDay } from '../../model/time.ts';
import type { CatalogEntry } from '../../ports/catalog.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import type { PlanDate, Warehouse } from '../../ports/warehouse.ts';
import { type CatalogDeps, type CatalogProgress, catalogObjects, listRaw } from './catalog.ts';
import { datesOfEntry } from './entry-dates.ts';
import { type GoneRaw, goneRaw } from './gone-raw.ts';
import { PLAN_LIMITS } from './limits.ts';
import { arrivalDate, mayBeDeliveries, rawPrefix, type SkippedRaw } from './raw-keys.ts';
import { cutSlices, type Slice } from './slices.ts';
import { endDay, inWindow, WINDOW_HELP, type Window, windowOver } from './window.ts';

/** Why an object is part of a plan. */
export type Because =
  | 'holds the window'
  | 'holds other copies of its events'
  /** By earlier rules. It is judged, so that rows go which today's rules date or key elsewhere. */
  | 'gave rows that stand there'
  | 'cannot be read';

export interface PinnedObject extends ObjectInfo {
  readonly rows: number;
  /** Deliveries of the object that belong to dates of the window. */
  readonly rowsInWindow: number;
  /** Every event date that gets rows from the object, in the window or not. */
  readonly dates: readonly string[];
  readonly because: Because;
  readonly unreadable?: string;
}

export interface PlannedDate extends PlanDate {
  readonly deliveries: number;
  /** Events at the date whose raw is gone; absent for none. They keep the date from being whole. */
  readonly rawGone?: number;
  /** Nothing but that makes it not whole: all that there is of its raw is pinned and can be read. */
  readonly complete?: true;
}

/** Whether a date gets all that there is of its raw; then it is published whole, as far as raw goes. */
export const isComplete = ({ whole, complete }: PlannedDate): boolean => whole || complete === true;

/** All that the outcome of a run depends on. Immutable. */
export interface PlanBody {
  readonly format: 1;
  readonly pipeline: string;
  readonly window: Window;
  readonly transformDigest: string;
  readonly schemaDigest: string;
  readonly timeRulesDigest: string;
  /** Some objects were left out by hand: nothing is deleted or taken back. */
  readonly partial: boolean;
  readonly objects: readonly PinnedObject[];
  /** Keys of objects that gave rows of the window and are not in the lake any more; absent for none. */
  readonly goneObjects?: readonly string[];
  readonly slices: readonly Slice[];
  readonly dates: readonly PlannedDate[];
  readonly groups: number;
  readonly tables: readonly string[];
  readonly repair: boolean;
}

export interface Plan {
  readonly id: string;
  readonly body: PlanBody;
  readonly reason: string;
  readonly createdAt: string;
}

const DAY_MS = 86_400_000;

/** The hash of all that the outcome depends on, however the document is laid out. */
export const planIdOf = (body: PlanBody): string => hashJson(createHash('sha256'), body);

export interface PlanRequest {
  /** Undefined: all there is. */
  readonly window: Window | undefined;
  readonly reason: string;
  readonly sliceBytes: number;
  /** Only these objects: a partial plan. Empty: all that the window needs. */
  readonly onlyObjects: readonly string[];
  readonly repair: boolean;
}

export interface PlanDeps extends CatalogDeps {
  readonly control: ObjectStore;
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
  readonly clock: Clock;
  /** A path for a file that lives until the plan is made. */
  readonly scratchFile: (name: string) => string;
}

/** Throws EmptyLake when the pipeline has no raw objects, Usage when `--all` finds no dates. */
export async function makePlan(
  deps: PlanDeps,
  pipeline: CompiledPipeline,
  request: PlanRequest,
  onProgress: (progress: CatalogProgress) => void,
): Promise<Plan> {
  let skipped: readonly SkippedRaw[] = [];
  const listed = await listRaw(deps.lake, pipeline.name, (found) => {
    skipped = found.filter(mayBeDeliveries);
    deps.onSkipped?.(found);
  });
  if (listed.length === 0) {
    throw new RepriseError(
      'EmptyLake',
      `the lake has no raw objects under ${rawPrefix(pipeline.name)}${skipped.length === 0 ? '' : ` but ${skipped.length} that cannot be read there, among them ${skipped[0]?.key}`}`,
      `land some: reprise land ${pipeline.name} FILE…; or put back what was taken away`,
    );
  }
  const objects = selectObjects(listed, request.onlyObjects);
  const { entries } = await catalogObjects(deps, pipeline, objects, onProgress);
  const keys = new Set(listed.map(({ key }) => key));
  return deps.withWarehouse((warehouse) => planOf({ ...deps, warehouse }, pipeline, request, entries, keys));
}

type PlanningDeps = PlanDeps & { readonly warehouse: Warehouse };

async function planOf(
  deps: PlanningDeps,
  pipeline: CompiledPipeline,
  request: PlanRequest,
  entries: readonly CatalogEntry[],
  listed: ReadonlySet<string>,
): Promise<Plan> {
  const window = request.window ?? (await windowOfAll(deps, pipeline, entries));
  const { pinned, gave } = await pin(deps, pipeline, entries, window);
  const gone = await goneRaw(deps, pipeline, window, gave, listed);
  const readableKeys = new Set(pinned.flatMap(({ key, unreadable }) => (unreadable === undefined ? [key] : [])));
  const readable = entries.filter((entry) => readableKeys.has(entry.object.key));
  const body: PlanBody = {
    format: 1,
    pipeline: pipeline.name,
    window,
    transformDigest: pipeline.transformDigest,
    schemaDigest: pipeline.schemaDigest,
    timeRulesDigest: pipeline.timeRulesDigest,
    partial: request.onlyObjects.length > 0,
    objects: pinned,
    ...(gone.objects.length === 0 ? {} : { goneObjects: gone.objects }),
    slices: cutSlices(
      readable.map(({ object: { key, bytes }, rowGroups }) => ({ key, bytes, rowGroups })),
      request.sliceBytes,
      PLAN_LIMITS.sliceRowsMax,
    ),
    ...(await planDates(deps, pipeline, readable, pinned, window, request.onlyObjects.length > 0, gone)),
    tables: pipeline.tables.map((table) => table.name),
    repair: request.repair,
  };
  refuseEmptyFuture(body, Math.floor(deps.clock.nowMs() / DAY_MS));
  return { id: planIdOf(body), body, reason: request.reason, createdAt: isoTime(deps.clock) };
}

/** A window in the future is a slip of the pen, unless events are there: producers' clocks may be wrong by years. */
function refuseEmptyFuture({ window, dates, objects }: PlanBody, today: number): void {
  const isFuture = (parseDay(window.from) as number) > today + PLAN_LIMITS.skewDays;
  if (!isFuture || dates.length > 0 || objects.length > 0) return;
  throw new RepriseError(
    'Usage',
    `the window [${window.from}, ${window.to}) is in the future, and no event is there: today is ${formatDay(today)}`,
    WINDOW_HELP,
  );
}

function selectObjects(listed: readonly ObjectInfo[], only: readonly string[]): readonly ObjectInfo[] {
  if (only.length === 0) return listed;
  const there = new Set(listed.map(({ key }) => key));
  const absent = only.filter((key) => !there.has(key));
  if (absent.length > 0) {
    throw new RepriseError(
      'NotFound',
      `the lake has no raw object ${absent[0]}`,
      'give the key as `plan` lists it, from raw/ on',
    );
  }
  const asked = new Set(only);
  return listed.filter((object) => asked.has(object.key));
}

async function windowOfAll(
  deps: PlanningDeps,
  pipeline: CompiledPipeline,
  entries: readonly CatalogEntry[],
): Promise<Window> {
  const dates = new Set(await deps.warehouse.datesWithRows(pipeline, undefined));
  for (const entry of entries) {
    for (const date of Object.keys(entry.deliveriesByDate)) dates.add(date);
    for (const date of Object.keys(entry.offeredByDate)) dates.add(date);
    if (entry.unreadable !== undefined) dates.add(arrivalDate(entry.object.key));
  }
  const window = windowOver([...dates]);
  if (window === undefined) {
    throw new RepriseError(
      'EmptyLake',
      `the raw objects of ${pipeline.name} hold no deliveries`,
      `land some: reprise land ${pipeline.name} FILE…`,
    );
  }
  return window;
}

/**
 * Objects with rows in the window, those with other copies of the same events, those whose rows stand there, and those
 * that may have some.
 */
async function pin(
  deps: PlanningDeps,
  pipeline: CompiledPipeline,
  entries: readonly CatalogEntry[],
  window: Window,
): Promise<{ readonly pinned: PinnedObject[]; readonly gave: ReadonlySet<string> }> {
  const keysFile = deps.scratchFile('warehouse-keys.parquet');
  const warehouseKeys = await deps.warehouse.exportKeys(pipeline, window, keysFile);
  const days = { fromDay: parseDay(window.from) as number, toDay: endDay(window) };
  const readable = entries.filter((entry) => entry.unreadable === undefined).map((entry) => entry.object);
  const links = await deps.catalog.linked(readable, days, warehouseKeys);
  const linked = new Set(links.keys);
  const gave = new Set([...links.gave, ...(await deps.warehouse.objectsWithRows(pipeline, window))]);
  const pinned: PinnedObject[] = [];
  for (const entry of entries) {
    const rowsInWindow = sumInWindow(entry.deliveriesByDate, window);
    const holds = rowsInWindow > 0 || sumInWindow(entry.offeredByDate, window) > 0;
    const because =
      entry.unreadable !== undefined
        ? 'cannot be read'
        : holds
          ? 'holds the window'
          : linked.has(entry.object.key)
            ? 'holds other copies of its events'
            : 'gave rows that stand there';
    if (
      entry.unreadable !== undefined
        ? lastPossibleDate(entry.object.key) < window.from
        : !holds && !linked.has(entry.object.key) && !gave.has(entry.object.key)
    )
      continue;
    pinned.push({
      ...entry.object,
      rows: entry.rows,
      rowsInWindow,
      dates: datesOfEntry(entry),
      because,
      ...(entry.unreadable === undefined ? {} : { unreadable: entry.unreadable }),
    });
  }
  return { pinned, gave };
}

const sumInWindow = (byDate: Readonly<Record<string, number>>, window: Window): number =>
  Object.entries(byDate).reduce((sum, [date, count]) => (inWindow(date, window) ? sum + count : sum), 0);

/** The latest event date of anything that arrived in the object's partition: the contract's skew rule. */
export const lastPossibleDate = (key: string): string => {
  const day = (parseDay(arrivalDate(key)) ?? 0) + PLAN_LIMITS.skewDays;
  return day > (parseDay('9999-12-31') as number) ? '9999-12-31' : formatDay(day);
};

async function planDates(
  deps: PlanningDeps,
  pipeline: CompiledPipeline,
  readable: readonly CatalogEntry[],
  pinned: readonly PinnedObject[],
  window: Window,
  partial: boolean,
  gone: GoneRaw,
): Promise<Pick<PlanBody, 'dates' | 'groups'>> {
  const deliveries = new Map<string, number>();
  for (const date of await deps.warehouse.datesWithRows(pipeline, window)) deliveries.set(date, 0);
  for (const entry of readable) {
    for (const byDate of [entry.deliveriesByDate, entry.offeredByDate]) {
      for (const [date, count] of Object.entries(byDate)) {
        if (inWindow(date, window)) deliveries.set(date, (deliveries.get(date) ?? 0) + count);
      }
    }
  }
  const unreadable = pinned.filter((object) => object.unreadable !== undefined);
  const gapUntil =
    unreadable
      .map((object) => lastPossibleDate(object.key))
      .sort()
      .at(-1) ?? '';
  let group = 0;
  let inGroup = 0;
  const dates = [...deliveries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, count]) => {
      if (inGroup > 0 && inGroup + count > PLAN_LIMITS.groupDeliveriesMax) {
        group++;
        inGroup = 0;
      }
      inGroup += Math.max(count, 1);
      return plannedDate({ date, group, deliveries: count }, !partial && date > gapUntil, gone);
    });
  return { dates, groups: dates.length > 0 ? group + 1 : unreadable.length > 0 ? 1 : 0 };
}

function plannedDate(
  date: Pick<PlannedDate, 'date' | 'group' | 'deliveries'>,
  isAllThereIs: boolean,
  { eventsByDate }: GoneRaw,
): PlannedDate {
  const rawGone = eventsByDate.get(date.date);
  if (rawGone === undefined) return { ...date, whole: isAllThereIs };
  return { ...date, whole: false, rawGone, ...(isAllThereIs ? { complete: true } : {}) };
}
