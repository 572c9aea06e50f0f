// Writes the catalog of a synthetic lake: for each object an entry as cataloguing would have found it, and a few of its
// keys. Most deliveries of an object belong to the date on which it arrived, a few per cent to dates up to 30 days before, and
// one of its events has another copy in an object of an earlier day.

import { PLAN_LIMITS } from '../engine/plan/limits.ts';
import type { KeyedDay } from '../model/dating.ts';
import { parseDay } from '../model/time.ts';
import type { Catalog, CatalogEntry } from '../ports/catalog.ts';
import type { SyntheticLake, SyntheticObject } from './synthetic-lake.ts';

/** An object has deliveries of at most so many dates before that of its arrival. */
const LATE_DATES_MAX = 29;
/** How many days a late delivery may be late. */
const LATE_DAYS_MAX = 30;
/** Of a thousand deliveries of an object. */
const LATE_PER_MILLE = 30;
const ROWS_MIN = 350_000;
const ROWS_SPREAD = 200_000;
const ROW_GROUPS = 4;
const OWN_KEYS = 3;
/** One of so many copies is dated otherwise than the event that it is a copy of. */
const DATED_OTHERWISE = 8;

/** Commits pages as cataloguing does. Gives how many. */
export async function writeSyntheticCatalog(catalog: Catalog, lake: SyntheticLake): Promise<number> {
  let pages = 0;
  for (let day = 0; day < lake.days; day++) {
    let page = await catalog.openPage(lake.dateOf(day));
    for (const object of lake.arrivedOn(day)) {
      if (object.place > 0 && object.place % PLAN_LIMITS.pageObjectsMax === 0) {
        await page.commit();
        pages++;
        page = await catalog.openPage(lake.dateOf(day));
      }
      for (const key of keysOf(lake, object)) page.add([key]);
      page.end(entryOf(lake, object));
      await page.drain();
    }
    await page.commit();
    pages++;
  }
  return pages;
}

/** What the catalog says of the object. */
export function entryOf(lake: SyntheticLake, object: SyntheticObject): CatalogEntry {
  const { info, day } = object;
  const rows = ROWS_MIN + (drawn(object, 1) % ROWS_SPREAD);
  const late = lateDaysOf(object);
  const deliveriesByDate: Record<string, number> = {};
  const each = late.length === 0 ? 0 : Math.floor((rows * LATE_PER_MILLE) / 1000 / late.length);
  for (const days of late) deliveriesByDate[lake.dateOf(day - days)] = each;
  deliveriesByDate[lake.dateOf(day)] = rows - each * late.length;
  return { object: info, rows, rowGroups: rowGroupsOf(rows, info.bytes), deliveriesByDate, offeredByDate: {} };
}

/** Equal ones, but for the last. */
function rowGroupsOf(rows: number, bytes: number): CatalogEntry['rowGroups'] {
  const [each, eachBytes] = [Math.floor(rows / ROW_GROUPS), Math.floor(bytes / ROW_GROUPS)];
  return Array.from({ length: ROW_GROUPS }, (_, group) =>
    group < ROW_GROUPS - 1
      ? { rows: each, bytes: eachBytes }
      : { rows: rows - each * group, bytes: bytes - eachBytes * group },
  );
}

/** By how many days before its arrival deliveries of the object are dated, ascending, beside those that are not late. */
function lateDaysOf(object: SyntheticObject): number[] {
  const count = drawn(object, 2) % (LATE_DATES_MAX + 1);
  const start = drawn(object, 3) % LATE_DAYS_MAX;
  // 7 and 30 have no divisor in common: no day comes twice.
  return Array.from({ length: count }, (_, step) => ((start + step * 7) % LATE_DAYS_MAX) + 1).sort((a, b) => a - b);
}

/** Keys of events of its own, one for each of some of its dates, and a copy of an event of an object that arrived earlier. */
function keysOf(lake: SyntheticLake, object: SyntheticObject): KeyedDay[] {
  const { day, place } = object;
  const late = lateDaysOf(object);
  const keys = Array.from({ length: OWN_KEYS }, (_, event) =>
    keyed(lake, eventOf(day, place, event), day - (event === 0 ? 0 : (late[event - 1] ?? 0))),
  );
  const earlier = late[drawn(object, 6) % Math.max(late.length, 1)];
  if (earlier === undefined || day < earlier) return keys;
  const original = eventOf(day - earlier, drawn(object, 4) % Math.max(lake.objectsOn(day - earlier), 1), 0);
  const isOtherwise = drawn(object, 5) % DATED_OTHERWISE === 0;
  return [...keys, keyed(lake, original, isOtherwise ? day : day - earlier)];
}

const eventOf = (day: number, place: number, event: number): string => `event-${day}-${place}-${event}`;

const keyed = (lake: SyntheticLake, key: string, day: number): KeyedDay => ({
  key,
  eventKey: key,
  day: parseDay(lake.dateOf(day)) as number,
});

/** A number from the object's version, another for each `use`. */
const drawn = ({ info }: SyntheticObject, use: number): number =>
  Number.parseInt(info.version.slice(8 * use, 8 * use + 8), 16);
