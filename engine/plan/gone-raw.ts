// Rows whose raw is gone: it expired, or somebody removed it. Such rows stay as they are, and their dates are not whole: nothing
// is deleted or overruled there. An object that never was in the lake, because a live loader is ahead of it, is not gone.

import type { CompiledPipeline } from '../../model/compile.ts';
import { parseDay } from '../../model/time.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import { Coverage } from '../reconcile/coverage.ts';
import { PLAN_LIMITS } from './limits.ts';
import { arrivalDate, rawByKey, rawPrefix } from './raw-keys.ts';
import type { Window } from './window.ts';

export interface GoneRaw {
  /** Keys, ascending. */
  readonly objects: readonly string[];
  /** Events of the window whose raw is gone, by date. */
  readonly eventsByDate: ReadonlyMap<string, number>;
}

export interface GoneRawDeps {
  readonly control: ObjectStore;
  readonly clock: Clock;
  readonly warehouse: Pick<Warehouse, 'rowsOfObjects'>;
}

/** `absent`: objects that gave rows of the window, or copies of its events, and are not in the lake. */
export async function goneRaw(
  deps: GoneRawDeps,
  pipeline: CompiledPipeline,
  window: Window,
  absent: ReadonlySet<string>,
): Promise<GoneRaw> {
  const unlisted = [...absent].sort();
  if (unlisted.length === 0) return { objects: [], eventsByDate: new Map() };
  const rows = await deps.warehouse.rowsOfObjects(pipeline, window, unlisted);
  const read = new Set(rows.filter(({ ofRuns }) => ofRuns).map(({ rawObject }) => rawObject));
  const today = isoTime(deps.clock).slice(0, 10);
  const maybe = unlisted.filter((key) => !read.has(key) && !isOverdue(pipeline.name, key, today));
  const notYet = new Set(await uncovered(deps.control, pipeline.name, maybe));
  const objects = unlisted.filter((key) => !notYet.has(key));
  const gone = new Set(objects);
  const eventsByDate = new Map<string, number>();
  for (const { rawObject, date, rows: count } of rows)
    if (count > 0 && gone.has(rawObject)) eventsByDate.set(date, (eventsByDate.get(date) ?? 0) + count);
  return { objects, eventsByDate };
}

/** Those of the keys, ascending, that coverage does not know. Opens the days on which they would have arrived. */
async function uncovered(control: ObjectStore, pipeline: string, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  return new Coverage(control, pipeline).look(async (view) => {
    const unknown: string[] = [];
    for (const key of keys) if ((await view?.day(arrivalDate(key)))?.has(key) !== true) unknown.push(key);
    return unknown;
  });
}

/** A key of the lake that a loader has stamped, and that would be listed long since. */
function isOverdue(pipeline: string, key: string, today: string): boolean {
  if (!key.startsWith(rawPrefix(pipeline)) || typeof rawByKey(key) !== 'string') return false;
  const days = (parseDay(today) as number) - (parseDay(arrivalDate(key)) ?? 0);
  return days > PLAN_LIMITS.aheadDays;
}
