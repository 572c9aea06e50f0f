// Writes a page of the catalog: entries in memory, keys in a table that spills. Small pages of a date are joined with the
// new one when there are many, so that no date has more than a few.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyedDay } from '../../model/dating.ts';
import { keyHash } from '../../model/keyed.ts';
import type { CatalogEntry, CatalogPage } from '../../ports/catalog.ts';
import { TableAppender } from './appender.ts';
import { type CatalogPages, nameOf, type Page, versionKey } from './catalog-pages.ts';
import { type Duck, quoteLiteral } from './instance.ts';
import { copyToParquet, readParquet } from './parquet-path.ts';

export const PAGE_LIMITS = {
  /** So many small pages of one date are joined to one. */
  smallPagesMax: 16,
  /** A page is small below both. */
  smallObjects: 2_000,
  smallKeys: 200_000,
} as const;

/** How a file of keys names its page. */
export const PAGE = 'page';

const COLUMNS = ['object', 'key_hash', 'event_hash', 'day'] as const;
const DEFINITION = COLUMNS.map((name) => `${name} BIGINT`).join(', ');

export class DuckCatalogPage implements CatalogPage {
  readonly #duck: Duck;
  readonly #pages: CatalogPages;
  readonly #date: string;
  readonly #table: string;
  readonly #file: string;
  readonly #appender: TableAppender;
  readonly #entries: CatalogEntry[] = [];
  /** To be dropped at the end. */
  readonly #tables: string[];

  readonly #secret: string;

  private constructor(
    duck: Duck,
    pages: CatalogPages,
    date: string,
    name: Names,
    appender: TableAppender,
    secret: string,
  ) {
    this.#secret = secret;
    this.#duck = duck;
    this.#pages = pages;
    this.#date = date;
    this.#table = name.table;
    this.#tables = [name.table];
    this.#file = name.file;
    this.#appender = appender;
  }

  /** `folder`: there, for what is not finished. `number`: of this process alone. `secret`: what hashes are made with. */
  static async open(
    duck: Duck,
    pages: CatalogPages,
    date: string,
    { folder, number }: { readonly folder: string; readonly number: number },
    secret: string,
  ): Promise<DuckCatalogPage> {
    const name = { table: `page_${number}`, file: join(folder, `page-${number}.parquet`) };
    await duck.run(`CREATE TABLE ${name.table} (${DEFINITION})`);
    const types = COLUMNS.map(() => 'integer' as const);
    const appender = await TableAppender.open(await duck.connect(), name.table, types);
    return new DuckCatalogPage(duck, pages, date, name, appender, secret);
  }

  add(keys: readonly KeyedDay[]): void {
    const object = this.#entries.length;
    for (const { key, eventKey, day } of keys) {
      const hash = keyHash(this.#secret, key);
      this.#appender.add([object, hash, key === eventKey ? hash : keyHash(this.#secret, eventKey), day]);
    }
  }

  // The appender writes as it fills: there is nothing to wait for.
  async drain(): Promise<void> {}

  end(entry: CatalogEntry): void {
    this.#entries.push(entry);
  }

  async commit(): Promise<void> {
    this.#appender.close();
    try {
      this.#pages.refresh(this.#date);
      const { pages, replaced, unreadable } = await this.#pages.ofDate(this.#date);
      // What they knew is read again, or nobody asks for it.
      for (const page of unreadable) await this.#pages.remove(page);
      const small = pages.filter(
        ({ entries, keys }) => entries.length < PAGE_LIMITS.smallObjects && keys < PAGE_LIMITS.smallKeys,
      );
      if (small.length < PAGE_LIMITS.smallPagesMax) await this.#write(pages, []);
      else {
        // Those that were replaced before this commit: whoever still reads them began long ago.
        for (const page of replaced) await this.#pages.remove(page);
        // A page whose keys cannot be read is not joined; whoever needs them finds that out.
        await this.#write(pages, small).catch(() => this.#write(pages, []));
      }
    } finally {
      await this.#end();
    }
  }

  async discard(): Promise<void> {
    this.#appender.close();
    await this.#end();
  }

  async #end(): Promise<void> {
    for (const table of this.#tables) await this.#duck.run(`DROP TABLE IF EXISTS ${table}`);
    await rm(this.#file, { force: true });
  }

  async #write(others: readonly Page[], joined: readonly Page[]): Promise<void> {
    const { entries, query } = await this.#content(joined);
    const name = this.#pages.next(this.#date, others, entries);
    const options = `COMPRESSION zstd, KV_METADATA {'${PAGE}': ${quoteLiteral(name.place)}}`;
    await this.#duck.run(copyToParquet(`SELECT * FROM (${query}) ORDER BY key_hash, object`, this.#file, options));
    const [counted] = await this.#duck.rows(`SELECT count(*) AS n FROM ${readParquet(this.#file)}`);
    const page = {
      ...name,
      entries,
      keys: Number(counted?.n),
      replaces: joined.map(({ place }) => nameOf(place)),
    };
    await this.#pages.write(this.#date, page, this.#file);
  }

  /** The entries of the joined pages and of this one, the last of each version; and the query of their keys. */
  async #content(joined: readonly Page[]): Promise<{ entries: CatalogEntry[]; query: string }> {
    const sources: { readonly entries: readonly CatalogEntry[]; readonly keys: string }[] = [];
    for (const page of joined) {
      sources.push({ entries: page.entries, keys: readParquet((await this.#pages.fetchKeys(page)).path) });
    }
    sources.push({ entries: this.#entries, keys: this.#table });
    const last = new Map(sources.flatMap((source) => source.entries.map((one) => [versionKey(one.object), one])));
    const entries: CatalogEntry[] = [];
    const queries: string[] = [];
    for (const source of sources) {
      const from = entries.length;
      const places = source.entries.flatMap((entry, place): [number, number][] => {
        if (last.get(versionKey(entry.object)) !== entry) return [];
        entries.push(entry);
        return entry.unreadable === undefined ? [[place, entries.length - 1]] : [];
      });
      const isWhole = places.length === source.entries.length;
      queries.push(isWhole ? keysFrom(source.keys, from) : await this.#keysAt(source.keys, places));
    }
    return { entries, query: queries.join(' UNION ALL ') };
  }

  /** The query of the keys of objects at these places, under their new ones. */
  async #keysAt(keys: string, places: readonly (readonly [number, number])[]): Promise<string> {
    const table = `${this.#table}_places_${this.#tables.length}`;
    this.#tables.push(table);
    await this.#duck.run(`CREATE TABLE ${table} (object BIGINT, place BIGINT)`);
    const appender = await TableAppender.open(await this.#duck.connect(), table, ['integer', 'integer']);
    for (const pair of places) appender.add(pair);
    appender.close();
    return `SELECT DISTINCT place AS object, key_hash, event_hash, day FROM ${keys} JOIN ${table} USING (object)`;
  }
}

const keysFrom = (keys: string, from: number): string =>
  `SELECT DISTINCT object + ${from} AS object, key_hash, event_hash, day FROM ${keys}`;

interface Names {
  readonly table: string;
  readonly file: string;
}
