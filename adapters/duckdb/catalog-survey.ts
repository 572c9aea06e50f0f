// A look over the objects of a lake through the catalog's pages: what is kept of an object is its place in a page, and whether
// it is linked to the window; entries and keys are read page by page when they are asked for.

import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { keyHash } from '../../model/keyed.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import type { CatalogSurvey, SurveyedEntry, WindowKeys } from '../../ports/catalog.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { TableAppender } from './appender.ts';
import { type CatalogPages, type Page, type PageName, versionKey } from './catalog-pages.ts';
import { PAGE } from './catalog-writer.ts';
import { type Duck, quoteLiteral } from './instance.ts';
import { readKeyValues, readParquet } from './parquet-path.ts';

export interface SurveyDeps {
  readonly pages: CatalogPages;
  /** What keys are hashed with. */
  readonly secret: string;
  readonly duck: () => Promise<Duck>;
  /** Throws StoreUnavailable, and removes pages, when some of them are damaged. */
  readonly refuseDamaged: (pages: readonly Page[]) => Promise<void>;
}

/** Objects of one page. */
interface Chosen {
  readonly date: string;
  /** Without its entries. */
  readonly page: Page;
  /** Places of the objects in the page, ascending. */
  readonly objects: Uint32Array;
  /** Of these, the ones that are linked. */
  linked: ReadonlySet<number>;
  /** The page's number in the tables of the last link. */
  place: number;
}

const NONE: ReadonlySet<number> = new Set();

export class DuckSurvey implements CatalogSurvey {
  readonly #deps: SurveyDeps;
  readonly #chosen: Chosen[] = [];
  /** A table of its own: other surveys of the catalog have theirs. */
  readonly #outside: string;

  /** `number`: no other survey of the instance has it. */
  constructor(deps: SurveyDeps, number: number) {
    this.#deps = deps;
    this.#outside = `outside_${number}`;
  }

  async add(objects: readonly ObjectInfo[]): Promise<void> {
    const [first] = objects;
    if (first === undefined) return;
    const date = arrivalDate(first.key);
    const numberOf = numbersOf(objects);
    const { pages } = await this.#deps.pages.ofDate(date);
    // Of each version the last entry.
    const last = new Map<number, readonly [page: Page, object: number]>();
    for (const page of pages) {
      for (const [object, { object: info }] of page.entries.entries()) {
        const number = numberOf(info);
        if (number !== undefined) last.set(number, [page, object]);
      }
    }
    if (last.size < objects.length) throw movedOn();
    for (const page of pages) {
      const here = [...last.values()].flatMap(([of, object]) => (of === page ? [object] : []));
      if (here.length === 0) continue;
      const chosen = Uint32Array.from(here).sort();
      this.#chosen.push({ date, page: { ...page, entries: [] }, objects: chosen, linked: NONE, place: -1 });
    }
  }

  async link({ fromDay, toDay, warehouseKeys, arrived }: WindowKeys): Promise<readonly string[]> {
    for (const one of this.#chosen) one.linked = NONE;
    const isNear = ({ date }: Chosen): boolean => arrived === undefined || (date >= arrived.from && date < arrived.to);
    const near = this.#chosen.filter(isNear);
    return this.#overKeys(near, async (duck) => {
      const standing =
        warehouseKeys === undefined
          ? 'SELECT 0 AS key_hash, NULL AS raw_object, false AS in_window WHERE false'
          : `SELECT * FROM ${readParquet(warehouseKeys)}`;
      // Keys with a row in the window; the events that offer them, at any date; the objects that hold those events.
      await duck.run(`CREATE OR REPLACE TABLE linked_events AS
        WITH standing AS (${standing}),
        wanted AS (SELECT key_hash FROM keys WHERE day >= ${fromDay} AND day < ${toDay}
          UNION SELECT key_hash FROM standing WHERE in_window)
        SELECT DISTINCT event_hash FROM keys WHERE key_hash IN (SELECT key_hash FROM wanted)`);
      const linked = near.map(() => new Set<number>());
      const places = `SELECT DISTINCT page, object FROM keys WHERE event_hash IN (SELECT event_hash FROM linked_events)`;
      for await (const result of duck.stream(places)) {
        for (;;) {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) break;
          const [pages, objects] = [chunk.getColumnVector(0), chunk.getColumnVector(1)];
          for (let row = 0; row < chunk.rowCount; row++)
            linked[Number(pages.getItem(row))]?.add(Number(objects.getItem(row)));
        }
      }
      for (const [place, one] of near.entries()) {
        one.linked = linked[place] ?? NONE;
        one.place = place;
      }
      await duck.run(`CREATE OR REPLACE TABLE ${this.#outside} AS SELECT DISTINCT page, object, event_hash FROM keys
        WHERE event_hash IN (SELECT event_hash FROM linked_events) AND NOT (day >= ${fromDay} AND day < ${toDay})`);
      const gave = await duck.rows(
        `SELECT DISTINCT raw_object FROM (${standing}) WHERE key_hash IN (SELECT event_hash FROM linked_events)`,
      );
      await duck.run('DROP TABLE linked_events');
      return gave.flatMap(({ raw_object }) => (raw_object === null ? [] : [String(raw_object)]));
    });
  }

  async holding(keys: readonly string[]): Promise<readonly string[]> {
    if (keys.length === 0 || this.#chosen.length === 0) return [];
    const found: string[] = [];
    const rows = await this.#overKeys(this.#chosen, async (duck) => {
      await fill(duck, 'wanted_keys', ['key_hash'], keys, (key) => [keyHash(this.#deps.secret, key)]);
      return duck.rows(
        'SELECT DISTINCT page, object FROM keys WHERE key_hash IN (SELECT key_hash FROM wanted_keys) ORDER BY page',
      );
    });
    for (const { page, object } of rows) {
      const { date, page: name } = this.#chosen[Number(page)] as Chosen;
      const entry = (await this.#page(date, name)).entries[Number(object)];
      if (entry !== undefined) found.push(entry.object.key);
    }
    return found.sort();
  }

  async *entries(): AsyncGenerator<readonly SurveyedEntry[], void, undefined> {
    for (let from = 0; from < this.#chosen.length; ) {
      const { date } = this.#chosen[from] as Chosen;
      const found: SurveyedEntry[] = [];
      for (; this.#chosen[from]?.date === date; from++) {
        const { page, objects, linked, place } = this.#chosen[from] as Chosen;
        const { entries } = await this.#page(date, page);
        const outside = linked.size === 0 ? undefined : await this.#outsideOf(place);
        for (const object of objects) {
          const entry = entries[object];
          if (entry === undefined) continue;
          found.push({ entry, isLinked: linked.has(object), eventsOutside: outside?.get(object) ?? [] });
        }
      }
      yield found.sort((a, b) => (a.entry.object.key < b.entry.object.key ? -1 : 1));
    }
  }

  /** Of the objects of a page the events of the window that they have deliveries of at other dates. */
  async #outsideOf(place: number): Promise<ReadonlyMap<number, bigint[]>> {
    const duck = await this.#deps.duck();
    const rows = await duck.rows(`SELECT object, event_hash FROM ${this.#outside} WHERE page = ${place} ORDER BY ALL`);
    const byObject = new Map<number, bigint[]>();
    for (const { object, event_hash } of rows) {
      const events = byObject.get(Number(object));
      if (events === undefined) byObject.set(Number(object), [event_hash as bigint]);
      else events.push(event_hash as bigint);
    }
    return byObject;
  }

  /** The page with its entries. Throws ObjectMissing when another process has replaced it since. */
  async #page(date: string, { place }: PageName): Promise<Page> {
    const { pages, replaced } = await this.#deps.pages.ofDate(date);
    const page = [...pages, ...replaced].find((one) => one.place === place);
    if (page === undefined) throw movedOn();
    return page;
  }

  /** Whether another process has replaced pages since they were chosen. */
  async #hasMovedOn(chosen: readonly Chosen[]): Promise<boolean> {
    this.#deps.pages.forget();
    for (const { date, page } of chosen) {
      const { pages, replaced } = await this.#deps.pages.ofDate(date);
      if (![...pages, ...replaced].some(({ place }) => place === page.place)) return true;
    }
    return false;
  }

  /** Runs the work over a view `keys` of the objects' keys; `page` is the place among the chosen ones. */
  async #overKeys<T>(chosen: readonly Chosen[], work: (duck: Duck) => Promise<T>): Promise<T> {
    const held: { readonly path: string; release(): Promise<void> }[] = [];
    try {
      for (const { page } of chosen) held.push(await this.#deps.pages.fetchKeys(page));
      const duck = await this.#deps.duck();
      for (const [place, { page }] of chosen.entries()) await refuseOther(duck, page, held[place]?.path ?? '');
      await showKeys(
        duck,
        chosen,
        held.map(({ path }) => path),
      );
      return await work(duck);
    } catch (error) {
      const isGone = isRepriseError(error) && error.code === 'ObjectMissing';
      if (isGone && (await this.#hasMovedOn(chosen))) throw movedOn();
      await this.#deps.refuseDamaged(chosen.map(({ page }) => page));
      throw error;
    } finally {
      for (const one of held) await one.release();
    }
  }
}

const movedOn = (): RepriseError =>
  new RepriseError(
    'ObjectMissing',
    'pages of the catalog were replaced by another process while they were read',
    'run this again',
  );

async function showKeys(duck: Duck, chosen: readonly Chosen[], paths: readonly string[]): Promise<void> {
  if (chosen.length === 0) {
    await duck.run(
      'CREATE OR REPLACE VIEW keys AS SELECT 0 AS page, 0 AS object, 0 AS key_hash, 0 AS event_hash, 0 AS day WHERE false',
    );
    return;
  }
  const pages = chosen.map(({ objects }, place) => ({ objects, place }));
  await fill(duck, 'asked', ['page', 'object'], pagesAndObjects(pages), (pair) => pair);
  const files = paths.map((path, place) => `(${quoteLiteral(path)}, ${place})`).join(', ');
  await duck.run('CREATE OR REPLACE TABLE files (filename VARCHAR, page BIGINT)');
  await duck.run(`INSERT INTO files VALUES ${files}`);
  await duck.run(`CREATE OR REPLACE VIEW keys AS SELECT page, object, pages.key_hash, pages.event_hash, pages.day
    FROM ${readParquet(paths, { filename: true })} AS pages JOIN files USING (filename) JOIN asked USING (page, object)`);
}

function* pagesAndObjects(
  pages: readonly { readonly objects: Uint32Array; readonly place: number }[],
): Generator<readonly [number, number]> {
  for (const { objects, place } of pages) for (const object of objects) yield [place, object];
}

/** Throws UnreadableObject for keys that are another page's. */
export async function refuseOther(duck: Duck, { place }: PageName, path: string): Promise<void> {
  const rows = await duck.rows(`SELECT value FROM ${readKeyValues(path)} WHERE key = '${PAGE}'`);
  if (rows.length === 1 && rows[0]?.value === place) return;
  throw new RepriseError('UnreadableObject', `${place}.parquet has the keys of another page`, 'run this again');
}

/** What gives the place of a version among the objects. Of a key there is one, as a rule. */
export function numbersOf(objects: readonly ObjectInfo[]): (object: ObjectInfo) => number | undefined {
  const numbers = new Map<string, number>();
  for (const [number, object] of objects.entries())
    numbers.set(numbers.has(object.key) ? versionKey(object) : object.key, number);
  return (object) => {
    const number = numbers.get(object.key);
    if (number === undefined || objects[number]?.version === object.version) return number;
    return numbers.get(versionKey(object));
  };
}

/** A new table of integers, in place of one of that name. */
async function fill<T>(
  duck: Duck,
  table: string,
  columns: readonly string[],
  items: Iterable<T>,
  rowOf: (item: T) => readonly (number | bigint)[],
): Promise<void> {
  await duck.run(`CREATE OR REPLACE TABLE ${table} (${columns.map((name) => `${name} BIGINT`).join(', ')})`);
  const types = columns.map(() => 'integer' as const);
  const appender = await TableAppender.open(await duck.connect(), table, types);
  for (const item of items) appender.add(rowOf(item));
  appender.close();
}
