// The catalog over files: pages of entries and keys for each date of arrival, under the digest of the pipeline's time
// rules. Keys are kept as 60-bit hashes, so that nothing in them names a person.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { sealKey } from '../../model/keyed.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import type { Catalog, CatalogEntry, CatalogPage, CatalogSurvey } from '../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import { giveBackMemory } from '../system/give-back.ts';
import { makeFolder } from '../system/open-homes.ts';
import { CatalogPages, type Page } from './catalog-pages.ts';
import { DuckSurvey, numbersOf, refuseOther } from './catalog-survey.ts';
import { DuckCatalogPage } from './catalog-writer.ts';
import { type Duck, openDuck } from './instance.ts';
import { MEMORY } from './memory.ts';
import { readParquet } from './parquet-path.ts';

export interface DuckCatalogOptions {
  readonly control: ObjectStore;
  readonly pipeline: string;
  readonly timeRulesDigest: string;
  readonly scratch: string;
  readonly deliveryKey: Uint8Array;
}

export class DuckCatalog implements Catalog {
  readonly #options: DuckCatalogOptions;
  readonly #secret: string;
  readonly #pages: CatalogPages;
  /** One instance for all that is written and asked; opened when first needed. */
  #opened: Promise<Duck> | undefined;
  #writers = 0;
  #surveys = 0;

  constructor(options: DuckCatalogOptions) {
    this.#options = options;
    this.#secret = sealKey(options.deliveryKey);
    this.#pages = new CatalogPages(options.control, options.pipeline, options.timeRulesDigest, this.#secret);
  }

  async entries(objects: readonly ObjectInfo[]): Promise<readonly (CatalogEntry | undefined)[]> {
    const found: (CatalogEntry | undefined)[] = new Array(objects.length).fill(undefined);
    const [first] = objects;
    if (first === undefined) return found;
    const numberOf = numbersOf(objects);
    for (const page of (await this.#pages.ofDate(arrivalDate(first.key))).pages) {
      for (const entry of page.entries) {
        const number = numberOf(entry.object);
        if (number !== undefined) found[number] = entry;
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

  survey(): CatalogSurvey {
    const deps = {
      pages: this.#pages,
      secret: this.#secret,
      duck: () => this.#duck(),
      refuseDamaged: (pages: readonly Page[]) => this.#refuseDamaged(pages),
    };
    return new DuckSurvey(deps, ++this.#surveys);
  }

  /**
   * Removes pages of the date of arrival whose keys cannot be read, so that what they knew of its objects is read again.
   * Gives how many.
   */
  async removeDamaged(date: string): Promise<number> {
    return (await this.#removeDamaged((await this.#pages.ofDate(date)).pages)).length;
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
    if (pages.length === 0) return damaged;
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

/** What a damaged file makes of a statement. */
const DAMAGE: ReadonlySet<string> = new Set(['UnreadableObject', 'ObjectMissing', 'WarehouseFailed']);
