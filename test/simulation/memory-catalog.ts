// The catalog in memory: what DuckCatalog promises, as a Map. It lets the simulation make thousands of plans.

import { keyHash } from '../../adapters/local/duckdb/catalog.ts';
import { type Duck, quoteLiteral } from '../../adapters/local/duckdb/instance.ts';
import type { KeyedDay } from '../../engine/model/dating.ts';
import type { Catalog, CatalogEntry, CatalogWriter, Linked } from '../../ports/catalog.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';

export class MemoryCatalog implements Catalog {
  readonly #duck: Duck;
  readonly #entries = new Map<string, CatalogEntry>();
  readonly #keys = new Map<string, readonly KeyedDay[]>();

  /** `duck` reads the key hashes that a warehouse exports. */
  constructor(duck: Duck) {
    this.#duck = duck;
  }

  async entry(object: ObjectInfo): Promise<CatalogEntry | undefined> {
    return this.#entries.get(placeOf(object));
  }

  async open(object: ObjectInfo): Promise<CatalogWriter> {
    const keys: KeyedDay[] = [];
    return {
      add: (more) => void keys.push(...more),
      drain: async () => {},
      commit: async (entry) => {
        this.#keys.set(placeOf(object), keys);
        this.#entries.set(placeOf(object), entry);
      },
      discard: async () => {},
    };
  }

  async linked(
    objects: readonly ObjectInfo[],
    window: { readonly fromDay: number; readonly toDay: number },
    warehouseKeys: string | undefined,
  ): Promise<Linked> {
    const rows =
      warehouseKeys === undefined
        ? []
        : await this.#duck.rows(`SELECT * FROM read_parquet(${quoteLiteral(warehouseKeys)})`);
    const standing = new Set(rows.filter((row) => row.in_window).map((row) => String(row.key_hash)));
    const all = objects.flatMap((object) => this.#keys.get(placeOf(object)) ?? []);
    const wanted = new Set(
      all
        .filter(({ key, day }) => (day >= window.fromDay && day < window.toDay) || standing.has(String(keyHash(key))))
        .map(({ key }) => key),
    );
    const events = new Set(all.filter(({ key }) => wanted.has(key)).map(({ eventKey }) => eventKey));
    const holds = (object: ObjectInfo): boolean =>
      (this.#keys.get(placeOf(object)) ?? []).some(({ eventKey }) => events.has(eventKey));
    const hashes = new Set([...events].map((key) => String(keyHash(key))));
    const gave = rows.filter((row) => hashes.has(String(row.key_hash))).map((row) => String(row.raw_object));
    return { keys: objects.filter(holds).map(({ key }) => key), gave };
  }

  async holding(objects: readonly ObjectInfo[], keys: readonly string[]): Promise<readonly string[]> {
    const holds = (object: ObjectInfo): boolean =>
      (this.#keys.get(placeOf(object)) ?? []).some(({ key }) => keys.includes(key));
    return objects.filter(holds).map(({ key }) => key);
  }
}

const placeOf = (object: ObjectInfo): string => `${object.key}\n${object.version}`;
