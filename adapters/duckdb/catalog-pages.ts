// Where the catalog's pages are in the control store, and what is in them: below the digest of the time rules a folder
// for each date of arrival, in it pages of two files. `<page>.jsonl` has a head line and then the entries of raw objects, one
// a line; `<page>.parquet` their keys (`object`: place among the entries; `key_hash`, `event_hash`, `day`). The entries are
// written last, and both never change: the entries are sealed, and the keys name the page that they belong to. All of it is
// a cache: a page that cannot be read, or was changed, is as one that is not there.

import { createHmac } from 'node:crypto';
import { sha256Hex } from '../../model/digest.ts';
import type { CatalogEntry } from '../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';

const FORMAT = 4;
const ENTRIES = '.jsonl';
/** The entries of earlier releases, whose pages are not read. */
const FORMER_ENTRIES = '.json';
const KEYS = '.parquet';
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
}

/** A page's file of entries as it is listed. */
interface Listed extends PageName {
  readonly version: string;
  readonly isFormer: boolean;
}

export class CatalogPages {
  readonly #control: ObjectStore;
  readonly #prefix: string;
  readonly #secret: string;
  /** By date what is listed; one listing shows all dates. A date that was written to since is listed anew. */
  #listed: Promise<Map<string, readonly Listed[]>> | undefined;
  readonly #stale = new Set<string>();
  /** Pages of the date that was asked for last: its objects are looked at several times, and then never again. */
  #held: { readonly date: string; readonly pages: Map<string, { readonly version: string; readonly page: Page }> } = {
    date: '',
    pages: new Map(),
  };

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
    for (const listed of await this.#listedOf(date)) {
      const page = listed.isFormer ? undefined : await this.#page(date, listed);
      if (page === undefined) unreadable.push(listed);
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
  async write(date: string, page: Page, keysFile: string): Promise<void> {
    await this.#control.writeFile(`${page.place}${KEYS}`, keysFile, { if: 'always' });
    const lines = page.entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    const head = { format: FORMAT, keys: page.keys, replaces: page.replaces, entries: page.entries.length };
    const seal = sealOf(this.#secret, page.place, JSON.stringify(head), lines);
    const document = `${JSON.stringify({ ...head, seal })}\n${lines}`;
    await this.#control.write(`${page.place}${ENTRIES}`, Buffer.from(document), { if: 'always' });
    this.#stale.add(date);
  }

  fetchKeys(page: PageName): Promise<{ readonly path: string; release(): Promise<void> }> {
    return this.#control.fetch(`${page.place}${KEYS}`);
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
    for (const ending of [ENTRIES, FORMER_ENTRIES, KEYS]) await this.#control.remove(`${page.place}${ending}`);
    this.forget();
  }

  #folder(date: string): string {
    return `${this.#prefix}dt=${date}/`;
  }

  /** Another process may have written to the date since it was listed. */
  refresh(date: string): void {
    this.#stale.add(date);
  }

  /** What was listed and read is looked up anew when it is asked for again. */
  forget(): void {
    this.#listed = undefined;
    this.#stale.clear();
    this.#held = { date: '', pages: new Map() };
  }

  async #listedOf(date: string): Promise<readonly Listed[]> {
    this.#listed ??= this.#list(`${this.#prefix}dt=`);
    const listed = await this.#listed;
    if (this.#stale.delete(date)) listed.set(date, (await this.#list(this.#folder(date))).get(date) ?? []);
    return listed.get(date) ?? [];
  }

  async #list(prefix: string): Promise<Map<string, readonly Listed[]>> {
    const byDate = new Map<string, Listed[]>();
    for await (const { key, version } of this.#control.list(prefix)) {
      const ending = [ENTRIES, FORMER_ENTRIES].find((one) => key.endsWith(one));
      if (ending === undefined) continue;
      const place = key.slice(0, -ending.length);
      const date = place.slice(`${this.#prefix}dt=`.length, place.lastIndexOf('/'));
      const listed = { place, number: numberOf(place), version, isFormer: ending === FORMER_ENTRIES };
      byDate.set(date, [...(byDate.get(date) ?? []), listed]);
    }
    return byDate;
  }

  async #page(date: string, { place, version }: Listed): Promise<Page | undefined> {
    if (this.#held.date !== date) this.#held = { date, pages: new Map() };
    const known = this.#held.pages.get(place);
    if (known?.version === version) return known.page;
    const content = await this.#control.read(`${place}${ENTRIES}`);
    const page = content && parsePage(place, content, this.#secret);
    if (page !== undefined) this.#held.pages.set(place, { version, page });
    return page;
  }
}

const LINE_END = 10;

/** Undefined for what is not the page that was written to that place of the control store. */
export function parsePage(place: string, content: Uint8Array, secret: string): Page | undefined {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length);
  const headEnd = text.indexOf(LINE_END);
  const lines = text.subarray(headEnd + 1);
  try {
    const { seal, ...head } = JSON.parse(text.toString('utf8', 0, headEnd)) as Head;
    if (head.format !== FORMAT || seal !== sealOf(secret, place, JSON.stringify(head), lines)) return undefined;
    const { keys, replaces } = head;
    const entries: CatalogEntry[] = [];
    for (let at = 0, end = 0; at < lines.length; at = end + 1) {
      end = lines.indexOf(LINE_END, at);
      entries.push(JSON.parse(lines.toString('utf8', at, end)) as CatalogEntry);
    }
    return entries.length === head.entries ? { place, number: numberOf(place), entries, keys, replaces } : undefined;
  } catch {
    return undefined;
  }
}

interface Head {
  readonly format: number;
  readonly keys: number;
  readonly replaces: readonly string[];
  readonly entries: number;
  readonly seal: string;
}

/** Of the head without its seal and of the lines as they are written. */
const sealOf = (secret: string, place: string, head: string, lines: string | Uint8Array): string =>
  createHmac('sha256', secret).update(`catalog page\n${place}\n${head}\n`).update(lines).digest('hex');

const numberOf = (place: string): number => Number(nameOf(place).split('-')[0]);
export const nameOf = (place: string): string => place.slice(place.lastIndexOf('/') + 1);

/** What an object's entry is known by. */
export const versionKey = ({ key, version }: ObjectInfo): string => `${key}\n${version}`;
