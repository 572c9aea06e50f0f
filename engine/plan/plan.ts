// Makes a plan: which raw objects can hold events of the window and other copies of the same events, cut into slices,
// with everything pinned that the result depends on. A plan is data: a small root, and shards that it names by their digests.
// Its id is the hash of its root.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { formatDay, parseDay } from '../../model/time.ts';
import type { WindowKeys } from '../../ports/catalog.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import type { CatalogDeps, CatalogProgress } from './catalog.ts';
import { planDates } from './dates.ts';
import { goneRaw } from './gone-raw.ts';
import { PLAN_LIMITS } from './limits.ts';
import { horizonOf, Pins } from './pins.ts';
import { type PinnedObjects, type Plan, type PlanBody, planIdOf } from './plan-document.ts';
import { mayBeDeliveries, rawPrefix, type SkippedRaw } from './raw-keys.ts';
import { pinnedObjects, writeShard } from './shards.ts';
import { cutSlices, type SliceableObject } from './slices.ts';
import { absentOf, type LakeSurvey, overSurvey, surveyLake } from './survey.ts';
import { endDay, WINDOW_HELP, type Window, windowOver } from './window.ts';

const DAY_MS = 86_400_000;

export interface PlanRequest {
  /** Undefined: all there is. */
  readonly window: Window | undefined;
  readonly reason: string;
  readonly sliceBytes: number;
  /** Only these objects: a partial plan. Empty: all that the window needs. */
  readonly onlyObjects: readonly string[];
  readonly repair: boolean;
  /**
   * Copies of the window's events at other dates are looked for in objects that arrived at most so many days before or
   * after the window; in all of them when absent. Objects that hold the window itself are found wherever they are.
   */
  readonly copyHorizonDays?: number;
}

export interface PlanDeps extends CatalogDeps {
  readonly control: ObjectStore;
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
  readonly clock: Clock;
  /** Deliveries of a slice, however small they are, unless one row group alone holds more. */
  readonly sliceRowsMax: number;
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
  const survey = (): Promise<LakeSurvey> => surveyLake(deps, pipeline, { only: request.onlyObjects, onProgress });
  return overSurvey(survey, async (lake) => {
    if (lake.objects === 0) throw emptyLake(pipeline.name, lake.skipped.filter(mayBeDeliveries));
    return deps.withWarehouse((warehouse) => planOf({ ...deps, warehouse }, pipeline, request, lake));
  });
}

function emptyLake(pipeline: string, [first, ...others]: readonly SkippedRaw[]): RepriseError {
  const but = first === undefined ? '' : ` but ${others.length + 1} that cannot be read there, among them ${first.key}`;
  return new RepriseError(
    'EmptyLake',
    `the lake has no raw objects under ${rawPrefix(pipeline)}${but}`,
    `land some: reprise land ${pipeline} FILE…; or put back what was taken away`,
  );
}

type PlanningDeps = PlanDeps & { readonly warehouse: Warehouse };

async function planOf(
  deps: PlanningDeps,
  pipeline: CompiledPipeline,
  request: PlanRequest,
  lake: LakeSurvey,
): Promise<Plan> {
  const { control } = deps;
  const window = request.window ?? (await windowOfAll(deps, pipeline, lake));
  const partial = request.onlyObjects.length > 0;
  const days = { fromDay: parseDay(window.from) as number, toDay: endDay(window) };
  const arrived =
    request.copyHorizonDays === undefined ? undefined : horizonOf(days.fromDay, days.toDay, request.copyHorizonDays);
  const gave = await link(deps, pipeline, lake, window, { ...days, ...(arrived === undefined ? {} : { arrived }) });
  const pins = new Pins(lake.survey, window, gave, arrived);
  const pinned = await writeShard(control, pins.objects());
  const objects: PinnedObjects = { ...pinned, ...pins.totals() };
  // What the survey has was taken out of it; a partial plan surveys little of what is there.
  const unlisted = partial ? await absentOf(deps.lake, pipeline.name, gave) : gave;
  const gone = await goneRaw(deps, pipeline, window, unlisted);
  const standing = await deps.warehouse.datesWithRows(pipeline, window);
  const dates = planDates(pins, { standing, partial, gone });
  refuseEmptyFuture(window, dates.dates.length + objects.count, Math.floor(deps.clock.nowMs() / DAY_MS));
  const limits = { bytes: request.sliceBytes, rows: deps.sliceRowsMax };
  const slices = await writeShard(control, cutSlices(readableOf(control, objects), limits));
  const body: PlanBody = {
    format: 2,
    pipeline: pipeline.name,
    window,
    transformDigest: pipeline.transformDigest,
    schemaDigest: pipeline.schemaDigest,
    timeRulesDigest: pipeline.timeRulesDigest,
    partial,
    objects,
    ...(gone.objects.length === 0 ? {} : { goneObjects: await writeShard(control, gone.objects) }),
    slices,
    ...(arrived === undefined || request.copyHorizonDays === undefined
      ? {}
      : { copyHorizon: { days: request.copyHorizonDays, ...arrived, objectsBeyond: pins.objectsBeyond } }),
    ...dates,
    tables: pipeline.tables.map((table) => table.name),
    repair: request.repair,
  };
  return { id: planIdOf(body), body, reason: request.reason, createdAt: isoTime(deps.clock) };
}

async function* readableOf(
  control: ObjectStore,
  objects: PinnedObjects,
): AsyncGenerator<SliceableObject, void, undefined> {
  for await (const { object, line } of pinnedObjects(control, objects)) {
    if (object.unreadable !== undefined) continue;
    yield object.eventsOutside === undefined ? object : { ...object, line };
  }
}

/** Finds the objects with copies of the window's events. Gives the objects whose rows the window has in the warehouse, listed or not. */
async function link(
  deps: PlanningDeps,
  pipeline: CompiledPipeline,
  { survey }: LakeSurvey,
  window: Window,
  days: Omit<WindowKeys, 'warehouseKeys'>,
): Promise<Set<string>> {
  const file = deps.scratchFile('warehouse-keys.parquet');
  const warehouseKeys = await deps.warehouse.exportKeys(pipeline, window, file);
  const gave = await survey.link({ ...days, warehouseKeys });
  return new Set([...gave, ...(await deps.warehouse.objectsWithRows(pipeline, window))]);
}

/** A window in the future is a slip of the pen, unless events are there: producers' clocks may be wrong by years. */
function refuseEmptyFuture(window: Window, found: number, today: number): void {
  const isFuture = (parseDay(window.from) as number) > today + PLAN_LIMITS.skewDays;
  if (!isFuture || found > 0) return;
  throw new RepriseError(
    'Usage',
    `the window [${window.from}, ${window.to}) is in the future, and no event is there: today is ${formatDay(today)}`,
    WINDOW_HELP,
  );
}

async function windowOfAll(deps: PlanningDeps, pipeline: CompiledPipeline, lake: LakeSurvey): Promise<Window> {
  const window = windowOver([...(await deps.warehouse.datesWithRows(pipeline, undefined)), ...lake.dates]);
  if (window === undefined) {
    throw new RepriseError(
      'EmptyLake',
      `the raw objects of ${pipeline.name} hold no deliveries`,
      `land some: reprise land ${pipeline.name} FILE…`,
    );
  }
  return window;
}
