// The catalog over files: pages of entries and keys for each date of arrival, under the digest of the pipeline's time
// rules. Keys are kept as 60-bit hashes, so that nothing in them names a person.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { sealKey } from '../../model/keyed.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import type { Catalog, CatalogEntry, CatalogPage, Linked } from '../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import { giveBackMemory } from '../system/give-back.ts';
import { makeFolder } from '../system/open-homes.ts';
import { TableAppender } from './appender.ts';
import { CatalogPages, type Page, versionKey } from './catalog-pages.ts';
import { DuckCatalogPage, keyHash, PAGE } from './catalog-writer.ts';
import { type Duck, openDuck, quoteLiteral } from './instance.ts';
import { MEMORY } from './memory.ts';
import { readKeyValues, readParquet } from './parquet-path.ts';

export interface DuckCatalogOptions {
  readonly control: ObjectStore;
  readonly pipeline: string;
  readonly timeRulesDigest: string;
  readonly scratch: string;
  readonly deliveryKey: Uint8Array;
}

/** How often pages that another process has just replaced are looked up anew. */
const LOOKS_MAX = 3;

export class DuckCatalog implements Catalog {
  readonly #options: DuckCatalogOptions;
  readonly #secret: string;
  readonly #pages: CatalogPages;
  /** One instance for all that is written and asked; opened when first needed. */
  #opened: Promise<Duck> | undefined;
  #writers = 0;

  constructor(options: DuckCatalogOptions) {
    this.#options = options;
    this.#secret = sealKey(options.deliveryKey);
    this.#pages = new CatalogPages(options.control, options.pipeline, options.timeRulesDigest, this.#secret);
  }

  async entries(objects: readonly ObjectInfo[]): Promise<readonly (CatalogEntry | undefined)[]> {
    const found: (CatalogEntry | undefined)[] = new Array(objects.length).fill(undefined);
    for (const [date, asked] of askedOf(objects)) {
      for (const page of (await this.#pages.ofDate(date)).pages) {
        for (const entry of page.entries) {
          const number = asked(entry.object);
          if (number !== undefined) found[number] = entry;
        }
      }
    }
    return found;
  }

  async openPage(date: string): Promise<CatalogPage> {
    if (this.#writers === 0) await this.#pages.removeFormer();
    // What reading the objects of the page before left.
    giveBackMemory();
    const folder = join(this.#options.scratch, 'catalog');
    await makeFolder(folder);
    return DuckCatalogPage.open(
      await this.#duck(),
      this.#pages,
      date,
      { folder, number: ++this.#writers },
      this.#secret,
    );
  }

  async linked(
    objects: readonly ObjectInfo[],
    window: { readonly fromDay: number; readonly toDay: number },
    warehouseKeys: string | undefined,
  ): Promise<Linked> {
    if (objects.length === 0) return { keys: [], gave: [] };
    return this.#overKeys(objects, async (duck) => {
      const standing =
        warehouseKeys === undefined
          ? 'SELECT 0 AS key_hash, NULL AS raw_object, false AS in_window WHERE false'
          : `SELECT * FROM ${readParquet(warehouseKeys)}`;
      // Keys with a row in the window; the events that offer them, at any date; the objects that hold those events.
      const rows = await duck.rows(`
        WITH standing AS (${standing}),
        wanted AS (SELECT key_hash FROM keys WHERE day >= ${window.fromDay} AND day < ${window.toDay}
          UNION SELECT key_hash FROM standing WHERE in_window),
        events AS (SELECT DISTINCT event_hash FROM keys WHERE key_hash IN (SELECT key_hash FROM wanted))
        SELECT DISTINCT number, NULL AS raw_object FROM keys WHERE event_hash IN (SELECT event_hash FROM events)
        UNION ALL
        SELECT DISTINCT NULL, raw_object FROM standing WHERE key_hash IN (SELECT event_hash FROM events)`);
      return {
        keys: rows.flatMap(({ number }) => (number === null ? [] : (objects[Number(number)] as ObjectInfo).key)),
        gave: rows.flatMap((row) => (row.raw_object === null ? [] : [String(row.raw_object)])),
      };
    });
  }

  async holding(objects: readonly ObjectInfo[], keys: readonly string[]): Promise<readonly string[]> {
    if (objects.length === 0 || keys.length === 0) return [];
    const secret = this.#secret;
    return this.#overKeys(objects, async (duck) => {
      await fill(duck, 'wanted_keys', ['key_hash'], function* () {
        for (const key of keys) yield [keyHash(secret, key)];
      });
      const rows = await duck.rows(
        'SELECT DISTINCT number FROM keys WHERE key_hash IN (SELECT key_hash FROM wanted_keys)',
      );
      return rows.map(({ number }) => (objects[Number(number)] as ObjectInfo).key).sort();
    });
  }

  /** Runs the work over a view `keys` of the objects' keys; `number` is the object's place among `objects`. */
  async #overKeys<T>(objects: readonly ObjectInfo[], work: (duck: Duck) => Promise<T>): Promise<T> {
    for (let looks = 1; ; looks++) {
      const pages = await this.#pagesOf(objects);
      const held: { readonly path: string; release(): Promise<void> }[] = [];
      try {
        for (const { page } of pages) held.push(await this.#pages.fetchKeys(page));
        const duck = await this.#duck();
        for (const [place, { page }] of pages.entries()) await refuseOther(duck, page, held[place]?.path ?? '');
        await this.#showKeys(duck, pages, held);
        return await work(duck);
      } catch (error) {
        const isGone = isRepriseError(error) && error.code === 'ObjectMissing';
        if (isGone && looks < LOOKS_MAX) continue;
        await this.#refuseDamaged(pages.map(({ page }) => page));
        throw error;
      } finally {
        for (const one of held) await one.release();
      }
    }
  }

  async #showKeys(duck: Duck, pages: readonly AskedPage[], held: readonly { readonly path: string }[]): Promise<void> {
    await fill(duck, 'asked', ['page', 'object', 'number'], function* () {
      for (const [place, { asked }] of pages.entries())
        for (const [object, number] of asked) yield [place, object, number];
    });
    const files = held.map(({ path }, place) => `(${quoteLiteral(path)}, ${place})`).join(', ');
    await duck.run('CREATE OR REPLACE TABLE files (filename VARCHAR, page BIGINT)');
    if (held.length === 0) {
      await duck.run(
        `CREATE OR REPLACE VIEW keys AS SELECT 0 AS number, 0 AS key_hash, 0 AS event_hash, 0 AS day WHERE false`,
      );
      return;
    }
    await duck.run(`INSERT INTO files VALUES ${files}`);
    const read = readParquet(
      held.map(({ path }) => path),
      { filename: true },
    );
    await duck.run(`CREATE OR REPLACE VIEW keys AS SELECT asked.number, pages.key_hash, pages.event_hash, pages.day
      FROM ${read} AS pages JOIN files USING (filename) JOIN asked USING (page, object)`);
  }

  /** The pages that hold the objects' versions: of each the last. */
  async #pagesOf(objects: readonly ObjectInfo[]): Promise<AskedPage[]> {
    const found: AskedPage[] = [];
    for (const [date, asked] of askedOf(objects)) {
      const last = new Map<number, readonly [page: Page, object: number]>();
      const { pages } = await this.#pages.ofDate(date);
      for (const page of pages) {
        for (const [object, { object: info }] of page.entries.entries()) {
          const number = asked(info);
          if (number !== undefined) last.set(number, [page, object]);
        }
      }
      for (const page of pages) {
        const here = [...last].flatMap(([number, [of, object]]) => (of === page ? [[object, number] as const] : []));
        if (here.length > 0) found.push({ page: { ...page, entries: [] }, asked: here });
      }
    }
    return found;
  }

  /** Removes pages whose keys cannot be read, so that what they knew of these objects is read again. Gives how many. */
  async removeDamaged(objects: readonly ObjectInfo[]): Promise<number> {
    const pages: Page[] = [];
    for (const date of new Set(objects.map(({ key }) => arrivalDate(key))))
      pages.push(...(await this.#pages.ofDate(date)).pages);
    return (await this.#removeDamaged(pages)).length;
  }

  async #refuseDamaged(pages: readonly Page[]): Promise<void> {
    const damaged = await this.#removeDamaged(pages);
    if (damaged.length === 0) return;
    throw new RepriseError(
      'StoreUnavailable',
      `${damaged.length} page(s) of the catalog could not be read, and were removed: ${damaged[0]?.place}.parquet`,
      'run this again: the objects that they knew are read again',
    );
  }

  async #removeDamaged(pages: readonly Page[]): Promise<readonly Page[]> {
    const damaged: Page[] = [];
    // An instance of its own: one that failed inside refuses everything afterwards.
    const duck = await this.#open('catalog-probe');
    try {
      for (const page of pages) if (!(await this.#isSound(duck, page))) damaged.push(page);
    } finally {
      await duck.close();
    }
    for (const page of damaged) await this.#pages.remove(page);
    return damaged;
  }

  async #isSound(duck: Duck, page: Page): Promise<boolean> {
    try {
      const local = await this.#pages.fetchKeys(page);
      const [found] = await duck.rows(
        `SELECT count(*) AS n, bit_xor(object), bit_xor(key_hash), bit_xor(event_hash), bit_xor(day) FROM ${readParquet(local.path)}`,
      );
      await refuseOther(duck, page, local.path);
      await local.release();
      return Number(found?.n) === page.keys;
    } catch (error) {
      return !isRepriseError(error) || !DAMAGE.has(error.code);
    }
  }

  #duck(): Promise<Duck> {
    this.#opened ??= this.#open('catalog-spill');
    return this.#opened;
  }

  #open(spill: string): Promise<Duck> {
    return openDuck({
      memoryMb: MEMORY.catalogMb,
      threads: 2,
      tempFolder: join(this.#options.scratch, spill),
      preserveInsertionOrder: false,
    });
  }

  /** Gives back all that it holds; whoever asks for more opens it again. */
  async close(): Promise<void> {
    await (await this.#opened)?.close();
    this.#opened = undefined;
    this.#pages.forget();
    await rm(join(this.#options.scratch, 'catalog'), { recursive: true, force: true });
  }
}

/** Throws UnreadableObject for keys that are another page's. */
async function refuseOther(duck: Duck, { place, isUnsealed }: Page, path: string): Promise<void> {
  if (isUnsealed === true) return;
  const rows = await duck.rows(`SELECT value FROM ${readKeyValues(path)} WHERE key = '${PAGE}'`);
  if (rows.length === 1 && rows[0]?.value === place) return;
  throw new RepriseError('UnreadableObject', `${place}.parquet has the keys of another page`, 'run this again');
}

interface AskedPage {
  /** Without its entries. */
  readonly page: Page;
  /** Place of an object in the page, and among those that were asked about. */
  readonly asked: readonly (readonly [object: number, number: number])[];
}

/** What a damaged file makes of a statement. */
const DAMAGE: ReadonlySet<string> = new Set(['UnreadableObject', 'ObjectMissing', 'WarehouseFailed']);

/** By date of arrival what gives the place of a version among the objects. Of a key there is one, as a rule. */
function askedOf(objects: readonly ObjectInfo[]): Map<string, (object: ObjectInfo) => number | undefined> {
  const byDate = new Map<string, Map<string, number>>();
  for (const [number, { key }] of objects.entries()) {
    const date = arrivalDate(key);
    const numbers = byDate.get(date) ?? new Map<string, number>();
    byDate.set(date, numbers.set(numbers.has(key) ? versionKey(objects[number] as ObjectInfo) : key, number));
  }
  return new Map(
    [...byDate].map(([date, numbers]) => [
      date,
      (object) => {
        const number = numbers.get(object.key);
        if (number === undefined || objects[number]?.version === object.version) return number;
        return numbers.get(versionKey(object));
      },
    ]),
  );
}

/** A new table of integers, in place of one of that name. */
async function fill(
  duck: Duck,
  table: string,
  columns: readonly string[],
  rows: () => Iterable<readonly (number | bigint)[]>,
): Promise<void> {
  await duck.run(`CREATE OR REPLACE TABLE ${table} (${columns.map((name) => `${name} BIGINT`).join(', ')})`);
  const types = columns.map(() => 'integer' as const);
  const appender = await TableAppender.open(await duck.connect(), table, types);
  for (const row of rows()) appender.add(row);
  appender.close();
}
