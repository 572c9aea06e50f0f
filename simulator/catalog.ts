// The catalog in memory: what ports/catalog.ts promises, as maps. Processes share it, as they share the control store.

import type { KeyedDay } from '../model/dating.ts';
import type { Catalog, CatalogEntry, CatalogPage, Linked } from '../ports/catalog.ts';
import type { ObjectInfo } from '../ports/object-store.ts';

/** A key that stands in the warehouse, as exported for the catalog. */
export interface StandingKey {
  /** As `nameOf` gives it: a warehouse may export hashes. */
  readonly key: string;
  readonly rawObject: string;
  readonly inWindow: boolean;
}

export class SimCatalog implements Catalog {
  readonly #exported: (path: string) => Promise<readonly StandingKey[]>;
  readonly #nameOf: (key: string) => string;
  readonly #entries = new Map<string, CatalogEntry>();
  readonly #keys = new Map<string, readonly KeyedDay[]>();

  /**
   * @param exported reads what a warehouse exported
   * @param nameOf how the warehouse exports a key
   */
  constructor(
    exported: (path: string) => Promise<readonly StandingKey[]>,
    nameOf: (key: string) => string = (key) => key,
  ) {
    this.#exported = exported;
    this.#nameOf = nameOf;
  }

  async entries(objects: readonly ObjectInfo[]): Promise<readonly (CatalogEntry | undefined)[]> {
    return objects.map((object) => this.#entries.get(placeOf(object)));
  }

  async openPage(): Promise<CatalogPage> {
    const ended: { readonly entry: CatalogEntry; readonly keys: readonly KeyedDay[] }[] = [];
    let keys: KeyedDay[] = [];
    return {
      add: (more) => void keys.push(...more),
      drain: async () => {},
      end: (entry) => {
        ended.push({ entry, keys: entry.unreadable === undefined ? keys : [] });
        keys = [];
      },
      commit: async () => {
        for (const { entry, keys } of ended) {
          this.#keys.set(placeOf(entry.object), keys);
          this.#entries.set(placeOf(entry.object), entry);
        }
      },
      discard: async () => {},
    };
  }

  async linked(
    objects: readonly ObjectInfo[],
    window: { readonly fromDay: number; readonly toDay: number },
    warehouseKeys: string | undefined,
  ): Promise<Linked> {
    const rows = warehouseKeys === undefined ? [] : await this.#exported(warehouseKeys);
    const standing = new Set(rows.filter((row) => row.inWindow).map((row) => row.key));
    const all = objects.flatMap((object) => this.#keys.get(placeOf(object)) ?? []);
    const wanted = new Set(
      all
        .filter(({ key, day }) => (day >= window.fromDay && day < window.toDay) || standing.has(this.#nameOf(key)))
        .map(({ key }) => key),
    );
    const events = new Set(all.filter(({ key }) => wanted.has(key)).map(({ eventKey }) => eventKey));
    const holds = (object: ObjectInfo): boolean =>
      (this.#keys.get(placeOf(object)) ?? []).some(({ eventKey }) => events.has(eventKey));
    const names = new Set([...events].map(this.#nameOf));
    const gave = rows.filter((row) => names.has(row.key)).map((row) => row.rawObject);
    return { keys: objects.filter(holds).map(({ key }) => key), gave };
  }

  async holding(objects: readonly ObjectInfo[], keys: readonly string[]): Promise<readonly string[]> {
    const holds = (object: ObjectInfo): boolean =>
      (this.#keys.get(placeOf(object)) ?? []).some(({ key }) => keys.includes(key));
    return objects
      .filter(holds)
      .map(({ key }) => key)
      .sort();
  }
}

const placeOf = (object: ObjectInfo): string => `${object.key}\n${object.version}`;
