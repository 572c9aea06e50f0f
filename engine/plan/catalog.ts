// Fills the catalog: reads each raw object that it does not know once, and keeps which dates and keys it has. Reading
// is all it does; an object that cannot be read is kept as such.

import type { CompiledPipeline } from '../../model/compile.ts';
import { datesOf } from '../../model/dating.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { formatDay } from '../../model/time.ts';
import type { Catalog, CatalogEntry, CatalogPage } from '../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import type { RawFooter, RawReader } from '../../ports/raw-reader.ts';
import { PLAN_LIMITS } from './limits.ts';
import { arrivalDate, type SkippedRaw } from './raw-keys.ts';
import { readRaw } from './read-raw.ts';

export interface CatalogDeps {
  readonly lake: ObjectStore;
  readonly catalog: Catalog;
  readonly reader: RawReader;
  /** Hears what a listing of the lake skipped. */
  readonly onSkipped?: (skipped: readonly SkippedRaw[]) => void;
}

/** Of the objects that arrived on one date and are not known yet. */
export interface CatalogProgress {
  /** YYYY-MM-DD. */
  readonly arrived: string;
  readonly objectsDone: number;
  readonly objects: number;
  readonly bytesDone: number;
  readonly bytes: number;
}

/** The entry of every object of one date of arrival, read now where it is not known. `read`: the keys of these. */
export async function catalogObjects(
  deps: CatalogDeps,
  pipeline: CompiledPipeline,
  objects: readonly ObjectInfo[],
  onProgress: (progress: CatalogProgress) => void,
): Promise<{ readonly entries: CatalogEntry[]; readonly read: readonly string[] }> {
  const known = await deps.catalog.entries(objects);
  const unknown = objects.filter((_, place) => known[place] === undefined);
  const fresh = await readObjects(deps, pipeline, unknown, onProgress);
  return {
    entries: objects.map((object, place) => known[place] ?? (fresh.get(object.key) as CatalogEntry)),
    read: unknown.map(({ key }) => key),
  };
}

/** Reads objects of one date of arrival, whatever is known of them, and commits their entries, page by page. */
export async function readObjects(
  deps: CatalogDeps,
  pipeline: CompiledPipeline,
  objects: readonly ObjectInfo[],
  onProgress: (progress: CatalogProgress) => void,
): Promise<ReadonlyMap<string, CatalogEntry>> {
  const entries = new Map<string, CatalogEntry>();
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  let bytesDone = 0;
  const arrived = arrivalDate(objects[0]?.key ?? '');
  const progress = (): void =>
    onProgress({ arrived, objectsDone: entries.size, objects: objects.length, bytesDone, bytes });
  if (objects.length > 0) progress();
  for (const batch of pagesOf(objects)) {
    const page = await deps.catalog.openPage(arrived);
    try {
      await fillPage(deps, pipeline, page, batch, (entry) => {
        entries.set(entry.object.key, entry);
        bytesDone += entry.object.bytes;
        progress();
      });
      await page.commit();
    } catch (error) {
      await page.discard();
      throw error;
    }
  }
  return entries;
}

/** As many objects as one page takes. */
function* pagesOf(objects: readonly ObjectInfo[]): Generator<readonly ObjectInfo[], void, undefined> {
  let batch: ObjectInfo[] = [];
  let bytes = 0;
  for (const object of objects) {
    const isFull = batch.length >= PLAN_LIMITS.pageObjectsMax || bytes + object.bytes > PLAN_LIMITS.pageBytesMax;
    if (batch.length > 0 && isFull) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(object);
    bytes += object.bytes;
  }
  if (batch.length > 0) yield batch;
}

async function fillPage(
  deps: CatalogDeps,
  pipeline: CompiledPipeline,
  page: CatalogPage,
  objects: readonly ObjectInfo[],
  onEntry: (entry: CatalogEntry) => void,
): Promise<void> {
  let counts = new Counts();
  const end = (entry: CatalogEntry): void => {
    page.end(entry);
    onEntry(entry);
    counts = new Counts();
  };
  for await (const found of readRaw(deps, objects, async () => {})) {
    switch (found.kind) {
      case 'rows':
        for (const raw of found.rows) page.add(counts.add(pipeline, raw));
        await page.drain();
        break;
      case 'end':
        end(counts.entry(found.part, found.footer));
        break;
      case 'unreadable':
        end({ ...new Counts().entry(found.part, NO_ROWS), unreadable: found.detail });
    }
  }
}

const NO_ROWS: RawFooter = { rows: 0, rowGroups: [] };

/** What an object holds, by date. */
class Counts {
  readonly #deliveries: Record<string, number> = {};
  readonly #offered: Record<string, number> = {};

  /** The keys that the delivery may give rows to. */
  add(pipeline: CompiledPipeline, raw: RawRow): ReturnType<typeof datesOf>['keys'] {
    const { day, keys } = datesOf(pipeline, raw);
    count(this.#deliveries, day);
    for (const key of keys) if (key.key !== key.eventKey) count(this.#offered, key.day);
    return keys;
  }

  entry({ key, bytes, version }: ObjectInfo, { rows, rowGroups }: RawFooter): CatalogEntry {
    const object = { key, bytes, version };
    return { object, rows, rowGroups, deliveriesByDate: this.#deliveries, offeredByDate: this.#offered };
  }
}

function count(counts: Record<string, number>, day: number): void {
  const date = formatDay(day);
  counts[date] = (counts[date] ?? 0) + 1;
}
