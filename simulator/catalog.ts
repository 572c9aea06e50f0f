// The catalog in memory: what ports/catalog.ts promises, as maps. Processes share it, as they share the control store.

import type { KeyedDay } from '../model/dating.ts';
import { RepriseError } from '../model/errors.ts';
import { keyHash, sealKey } from '../model/keyed.ts';
import { arrivalDate } from '../ports/arrival.ts';
import type { Catalog, CatalogEntry, CatalogPage, CatalogSurvey, SurveyedEntry, WindowKeys } from '../ports/catalog.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import { DELIVERY_KEY } from './model.ts';

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
  /** As plans name events. */
  readonly hashOf: (key: string) => bigint;
  readonly #entries = new Map<string, CatalogEntry>();
  readonly #keys = new Map<string, readonly KeyedDay[]>();

  /**
   * @param exported reads what a warehouse exported
   * @param nameOf how the warehouse exports a key
   * @param deliveryKey what events are hashed with
   */
  constructor(
    exported: (path: string) => Promise<readonly StandingKey[]>,
    nameOf: (key: string) => string = (key) => key,
    deliveryKey: Uint8Array = DELIVERY_KEY,
  ) {
    const secret = sealKey(deliveryKey);
    this.hashOf = (key) => keyHash(secret, key);
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

  survey(): CatalogSurvey {
    return new SimSurvey(this);
  }

  /** What is known of a version of an object. */
  known(object: ObjectInfo): { readonly entry: CatalogEntry | undefined; readonly keys: readonly KeyedDay[] } {
    return { entry: this.#entries.get(placeOf(object)), keys: this.#keys.get(placeOf(object)) ?? [] };
  }

  /** What a warehouse exported, and whether it names a key. */
  async standing(path: string | undefined): Promise<{
    readonly rows: readonly StandingKey[];
    readonly nameOf: (key: string) => string;
  }> {
    return { rows: path === undefined ? [] : await this.#exported(path), nameOf: this.#nameOf };
  }
}

class SimSurvey implements CatalogSurvey {
  readonly #catalog: SimCatalog;
  readonly #objects: ObjectInfo[] = [];
  #linked: ReadonlySet<ObjectInfo> = new Set();
  #outside: ReadonlyMap<ObjectInfo, readonly bigint[]> = new Map();

  constructor(catalog: SimCatalog) {
    this.#catalog = catalog;
  }

  async add(objects: readonly ObjectInfo[]): Promise<void> {
    for (const object of objects)
      if (this.#catalog.known(object).entry === undefined)
        throw new RepriseError(
          'ObjectMissing',
          `the catalog does not know this version of ${object.key}`,
          'plan again',
        );
    this.#objects.push(...objects);
  }

  async link({ fromDay, toDay, warehouseKeys, arrived }: WindowKeys): Promise<readonly string[]> {
    const { rows, nameOf } = await this.#catalog.standing(warehouseKeys);
    const standing = new Set(rows.filter((row) => row.inWindow).map((row) => row.key));
    const isNear = ({ key }: ObjectInfo): boolean =>
      arrived === undefined || (arrivalDate(key) >= arrived.from && arrivalDate(key) < arrived.to);
    const near = this.#objects.filter(isNear);
    const all = near.flatMap((object) => this.#catalog.known(object).keys);
    const isWanted = ({ key, day }: KeyedDay): boolean => (day >= fromDay && day < toDay) || standing.has(nameOf(key));
    const wanted = new Set(all.filter(isWanted).map(({ key }) => key));
    const events = new Set(all.filter(({ key }) => wanted.has(key)).map(({ eventKey }) => eventKey));
    const holds = (object: ObjectInfo): boolean =>
      this.#catalog.known(object).keys.some(({ eventKey }) => events.has(eventKey));
    this.#linked = new Set(near.filter(holds));
    const isOutside = ({ eventKey, day }: KeyedDay): boolean =>
      events.has(eventKey) && !(day >= fromDay && day < toDay);
    this.#outside = new Map(
      near.map((object) => {
        const keys = this.#catalog.known(object).keys.filter(isOutside);
        const hashes = new Set(keys.map(({ eventKey }) => this.#catalog.hashOf(eventKey)));
        return [object, [...hashes].sort((a, b) => (a < b ? -1 : 1))];
      }),
    );
    const names = new Set([...events].map(nameOf));
    return rows.filter((row) => names.has(row.key)).map((row) => row.rawObject);
  }

  async holding(keys: readonly string[]): Promise<readonly string[]> {
    const holds = (object: ObjectInfo): boolean =>
      this.#catalog.known(object).keys.some(({ key }) => keys.includes(key));
    return this.#objects
      .filter(holds)
      .map(({ key }) => key)
      .sort();
  }

  async *entries(): AsyncGenerator<readonly SurveyedEntry[]> {
    for (const date of new Set(this.#objects.map(({ key }) => arrivalDate(key)))) {
      const entries = this.#objects
        .filter(({ key }) => arrivalDate(key) === date)
        .map((object) => ({
          entry: this.#catalog.known(object).entry as CatalogEntry,
          isLinked: this.#linked.has(object),
          eventsOutside: this.#outside.get(object) ?? [],
        }));
      yield entries.sort((a, b) => (a.entry.object.key < b.entry.object.key ? -1 : 1));
    }
  }
}

const placeOf = (object: ObjectInfo): string => `${object.key}\n${object.version}`;
