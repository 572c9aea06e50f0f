// Where the catalog's pages are in the control store, and what is in them: below the digest of the time rules a folder
// for each date of arrival, in it pages of two files. `<page>.json` has the entries of raw objects; `<page>.parquet` their
// keys (`object`: place among the entries; `key_hash`, `event_hash`, `day`). The entries are written last, and both
// never change: the entries are sealed, and the keys name the page that they belong to. All of it is a cache: a page that
// cannot be read, or was changed, is as one that is not there.

import { createHmac } from 'node:crypto';
import { sha256Hex } from '../../model/digest.ts';
import type { CatalogEntry } from '../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';

const FORMAT = 3;
/** An earlier release did not seal what it wrote. */
const UNSEALED_FORMAT = 2;
/** Files of an earlier release that one command removes. */
const FORMER_REMOVED_MAX = 1000;

/** A page without its entries. */
export interface PageName {
  /** Key in the control store, without the ending. */
  readonly place: string;
  /** Later pages have greater ones. */
  readonly number: number;
}

export interface Page extends PageName {
  readonly entries: readonly CatalogEntry[];
  /** Keys of the Parquet file. */
  readonly keys: number;
  /** Names of pages of the same date whose content it took over. */
  readonly replaces: readonly string[];
  /** An earlier release wrote it, whose keys do not name their page. */
  readonly isUnsealed?: boolean;
}

export class CatalogPages {
  readonly #control: ObjectStore;
  readonly #prefix: string;
  readonly #secret: string;
  /** Pages that were read, by place: a plan asks for them several times. Whoever holds their entries holds most of it. */
  readonly #read = new Map<string, { readonly version: string; readonly page: Page }>();

  /** `secret`: of `sealKey`. */
  constructor(control: ObjectStore, pipeline: string, timeRulesDigest: string, secret: string) {
    this.#control = control;
    this.#secret = secret;
    this.#prefix = `catalog/${pipeline}/${timeRulesDigest.slice(0, 16)}/`;
  }

  /**
   * The pages of a date of arrival, ascending by number, and apart from them those that others of them replace, and those
   * that cannot be read.
   */
  async ofDate(date: string): Promise<{
    readonly pages: readonly Page[];
    readonly replaced: readonly Page[];
    readonly unreadable: readonly PageName[];
  }> {
    const pages: Page[] = [];
    const unreadable: PageName[] = [];
    for await (const { key, version } of this.#control.list(this.#folder(date))) {
      if (!key.endsWith('.json')) continue;
      const place = key.slice(0, -'.json'.length);
      const page = await this.#page(place, version);
      if (page === undefined) unreadable.push({ place, number: numberOf(place) });
      else pages.push(page);
    }
    const names = new Set(pages.flatMap(({ replaces }) => replaces));
    const isReplaced = ({ place }: Page): boolean => names.has(nameOf(place));
    return { pages: pages.filter((page) => !isReplaced(page)), replaced: pages.filter(isReplaced), unreadable };
  }

  /** The name of a page that follows the others. */
  next(date: string, others: readonly PageName[], entries: readonly CatalogEntry[]): PageName {
    const number = Math.max(0, ...others.map((page) => page.number)) + 1;
    const digest = sha256Hex(entries.map(({ object }) => `${object.key}\n${object.version}\n`).join('')).slice(0, 16);
    return { place: `${this.#folder(date)}${String(number).padStart(8, '0')}-${digest}`, number };
  }

  /** Makes the page appear; its keys' file is moved. */
  async write(page: Page, keysFile: string): Promise<void> {
    await this.#control.writeFile(`${page.place}.parquet`, keysFile, { if: 'always' });
    const content = { keys: page.keys, replaces: page.replaces, entries: page.entries };
    const seal = sealOf(this.#secret, page.place, content);
    const document = JSON.stringify({ format: FORMAT, seal, ...content });
    await this.#control.write(`${page.place}.json`, Buffer.from(document), { if: 'always' });
  }

  fetchKeys(page: PageName): Promise<{ readonly path: string; release(): Promise<void> }> {
    return this.#control.fetch(`${page.place}.parquet`);
  }

  /** Removes some of what earlier releases kept: two files for each object, beside the folders of dates. */
  async removeFormer(): Promise<void> {
    let left = FORMER_REMOVED_MAX;
    for await (const { key } of this.#control.list(this.#prefix)) {
      if (key.startsWith(`${this.#prefix}dt=`)) continue;
      if (left-- === 0) return;
      await this.#control.remove(key);
    }
  }

  async remove(page: PageName): Promise<void> {
    await this.#control.remove(`${page.place}.json`);
    await this.#control.remove(`${page.place}.parquet`);
  }

  #folder(date: string): string {
    return `${this.#prefix}dt=${date}/`;
  }

  /** What was read is read anew when it is asked for again. */
  forget(): void {
    this.#read.clear();
  }

  async #page(place: string, version: string): Promise<Page | undefined> {
    const known = this.#read.get(place);
    if (known?.version === version) return known.page;
    const page = await this.#readPage(place);
    if (page !== undefined) this.#read.set(place, { version, page });
    return page;
  }

  async #readPage(place: string): Promise<Page | undefined> {
    const content = await this.#control.read(`${place}.json`);
    if (content === undefined) return undefined;
    return parsePage(place, Buffer.from(content).toString('utf8'), this.#secret);
  }
}

type Content = Pick<Page, 'keys' | 'replaces' | 'entries'>;

/** Undefined for what is not the page that was written to that place of the control store. */
export function parsePage(place: string, text: string, secret: string): Page | undefined {
  const number = numberOf(place);
  try {
    const { format, seal, entries, keys, replaces } = JSON.parse(text) as Content & { format: number; seal?: string };
    const isUnsealed = format === UNSEALED_FORMAT && seal === undefined;
    if (!isUnsealed && (format !== FORMAT || seal !== sealOf(secret, place, { keys, replaces, entries })))
      return undefined;
    if (!Number.isSafeInteger(keys) || !Array.isArray(replaces) || !entries.every(isEntry)) return undefined;
    return { place, number, entries, keys, replaces, ...(isUnsealed ? { isUnsealed } : {}) };
  } catch {
    return undefined;
  }
}

/** What was parsed is laid out as it was written: members keep their order. */
const sealOf = (secret: string, place: string, content: Content): string =>
  createHmac('sha256', secret)
    .update(`catalog page\n${place}\n${JSON.stringify(content)}`)
    .digest('hex');

const numberOf = (place: string): number => Number(nameOf(place).split('-')[0]);
export const nameOf = (place: string): string => place.slice(place.lastIndexOf('/') + 1);

/** What an object's entry is known by. */
export const versionKey = ({ key, version }: ObjectInfo): string => `${key}\n${version}`;

function isEntry(value: unknown): boolean {
  const { object, rows, rowGroups, deliveriesByDate, offeredByDate } = (value ?? {}) as Partial<CatalogEntry>;
  return (
    typeof object?.key === 'string' &&
    typeof object.version === 'string' &&
    Number.isSafeInteger(rows) &&
    Array.isArray(rowGroups) &&
    typeof deliveriesByDate === 'object' &&
    typeof offeredByDate === 'object'
  );
}
