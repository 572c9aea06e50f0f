// Fills the catalog: reads each raw object that it does not know once, and keeps which dates and keys it has. Reading
// is all it does; an object that cannot be read is kept as such.

import type { Catalog, CatalogEntry } from '../../ports/catalog.ts';
import { isRepriseError } from '../../ports/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import type { RawReader } from '../../ports/raw-reader.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { datesOf } from '../model/dating.ts';
import { LIMITS } from '../model/limits.ts';
import { formatDay } from '../model/time.ts';
import { isRawKey, rawPrefix, refuseUnpartitioned } from './raw-keys.ts';

export interface CatalogDeps {
  readonly lake: ObjectStore;
  readonly catalog: Catalog;
  readonly reader: RawReader;
}

export interface CatalogProgress {
  readonly objectsDone: number;
  readonly objects: number;
  readonly bytesDone: number;
  readonly bytes: number;
}

/** Every raw object of the pipeline, ascending by key. Throws Configuration for one outside the partitions. */
export async function listRaw(lake: ObjectStore, pipeline: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const object of lake.list(rawPrefix(pipeline))) {
    if (!isRawKey(object.key)) continue;
    refuseUnpartitioned(object.key);
    objects.push(object);
  }
  return objects;
}

/** The entry of every object, read now where it is not known. */
export async function catalogObjects(
  deps: CatalogDeps,
  pipeline: CompiledPipeline,
  objects: readonly ObjectInfo[],
  onProgress: (progress: CatalogProgress) => void,
): Promise<{ readonly entries: CatalogEntry[]; readonly built: number }> {
  const known = await Promise.all(objects.map((object) => deps.catalog.entry(object)));
  const unknown = objects.filter((_, place) => known[place] === undefined);
  const bytes = unknown.reduce((sum, object) => sum + object.bytes, 0);
  let bytesDone = 0;
  const fresh = new Map<string, CatalogEntry>();
  for (const [objectsDone, object] of unknown.entries()) {
    onProgress({ objectsDone, objects: unknown.length, bytesDone, bytes });
    fresh.set(object.key, await catalogObject(deps, pipeline, object));
    bytesDone += object.bytes;
  }
  if (unknown.length > 0) onProgress({ objectsDone: unknown.length, objects: unknown.length, bytesDone, bytes });
  return {
    entries: objects.map((object, place) => known[place] ?? (fresh.get(object.key) as CatalogEntry)),
    built: unknown.length,
  };
}

/** Reads one object and commits its entry. */
export async function catalogObject(
  deps: CatalogDeps,
  pipeline: CompiledPipeline,
  object: ObjectInfo,
): Promise<CatalogEntry> {
  const writer = await deps.catalog.open(object);
  const deliveries: Record<string, number> = {};
  const offered: Record<string, number> = {};
  const add = (counts: Record<string, number>, day: number): void => {
    const date = formatDay(day);
    counts[date] = (counts[date] ?? 0) + 1;
  };
  const local = await deps.lake.fetch(object.key);
  try {
    const footer = await deps.reader.footer(local.path);
    for await (const batch of deps.reader.read(local.path, undefined, LIMITS.bodyBytesMax)) {
      for (const raw of batch) {
        const { day, keys } = datesOf(pipeline, raw);
        add(deliveries, day);
        for (const key of keys) if (key.key !== key.eventKey) add(offered, key.day);
        writer.add(keys);
      }
      await writer.drain();
    }
    const entry = {
      object: entryObject(object),
      rows: footer.rows,
      rowGroups: footer.rowGroups,
      deliveriesByDate: deliveries,
      offeredByDate: offered,
    };
    await writer.commit(entry);
    return entry;
  } catch (error) {
    await writer.discard();
    if (!isRepriseError(error) || error.code !== 'UnreadableObject') throw error;
    const entry = {
      object: entryObject(object),
      rows: 0,
      rowGroups: [],
      deliveriesByDate: {},
      offeredByDate: {},
      unreadable: error.message,
    };
    const empty = await deps.catalog.open(object);
    await empty.commit(entry);
    return entry;
  } finally {
    await local.release();
  }
}

/** What is kept of an object: its version of today alone. */
const entryObject = ({ key, bytes, version }: ObjectInfo): ObjectInfo => ({ key, bytes, version });
