// The catalog over files: for each object an entry (JSON) and its keys (Parquet: key_hash, event_hash, day), under the
// digest of the pipeline's time rules. Keys are kept as 60-bit hashes, so that nothing in them names a person.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyedDay } from '../../../engine/model/dating.ts';
import { sha256Hex } from '../../../engine/model/digest.ts';
import type { Catalog, CatalogEntry, CatalogWriter, Linked } from '../../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../../ports/object-store.ts';
import { makeFolder } from '../open-homes.ts';
import { TableAppender } from './appender.ts';
import { type Duck, openDuck } from './instance.ts';
import { MEMORY } from './memory.ts';
import { copyToParquet, readParquet } from './parquet-path.ts';

export interface DuckCatalogOptions {
  readonly control: ObjectStore;
  readonly pipeline: string;
  readonly timeRulesDigest: string;
  readonly scratch: string;
}

/** The 60-bit hash under which keys are kept: the first 15 hex digits of their sha256. */
export const keyHash = (key: string): bigint => BigInt(`0x${sha256Hex(key).slice(0, 15)}`);

export class DuckCatalog implements Catalog {
  readonly #options: DuckCatalogOptions;
  /** One instance for all that is written and asked; opened when first needed. */
  #opened: Promise<Duck> | undefined;
  #writers = 0;

  constructor(options: DuckCatalogOptions) {
    this.#options = options;
  }

  #place(object: ObjectInfo): string {
    const { pipeline, timeRulesDigest } = this.#options;
    return `catalog/${pipeline}/${timeRulesDigest.slice(0, 16)}/${sha256Hex(`${object.key}\n${object.version}`).slice(0, 32)}`;
  }

  async entry(object: ObjectInfo): Promise<CatalogEntry | undefined> {
    const content = await this.#options.control.read(`${this.#place(object)}.json`);
    return content === undefined ? undefined : (JSON.parse(Buffer.from(content).toString('utf8')) as CatalogEntry);
  }

  async open(object: ObjectInfo): Promise<CatalogWriter> {
    const { control, scratch } = this.#options;
    const folder = join(scratch, 'catalog');
    await makeFolder(folder);
    const duck = await this.#duck();
    const table = `keys_${++this.#writers}`;
    await duck.run(`CREATE TABLE ${table} (key_hash BIGINT, event_hash BIGINT, day BIGINT)`);
    const appender = await TableAppender.open(await duck.connect(), table, ['integer', 'integer', 'integer']);
    const place = this.#place(object);
    return {
      add: (keys: readonly KeyedDay[]) => {
        for (const { key, eventKey, day } of keys) {
          const hash = keyHash(key);
          appender.add([hash, key === eventKey ? hash : keyHash(eventKey), day]);
        }
      },
      drain: async () => {},
      commit: async (entry) => {
        appender.close();
        const file = join(folder, `${sha256Hex(place).slice(0, 16)}.parquet`);
        await duck.run(copyToParquet(`SELECT DISTINCT * FROM ${table} ORDER BY ALL`, file));
        await duck.run(`DROP TABLE IF EXISTS ${table}`);
        await control.writeFile(`${place}.parquet`, file, { if: 'always' });
        await control.write(`${place}.json`, Buffer.from(JSON.stringify(entry)), { if: 'always' });
      },
      discard: async () => {
        appender.close();
        await duck.run(`DROP TABLE IF EXISTS ${table}`);
      },
    };
  }

  async linked(
    objects: readonly ObjectInfo[],
    window: { readonly fromDay: number; readonly toDay: number },
    warehouseKeys: string | undefined,
  ): Promise<Linked> {
    if (objects.length === 0) return { keys: [], gave: [] };
    try {
      return await this.#overKeys(objects, async (duck, keyOf) => {
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
          SELECT DISTINCT filename, NULL AS raw_object FROM keys WHERE event_hash IN (SELECT event_hash FROM events)
          UNION ALL
          SELECT DISTINCT NULL, raw_object FROM standing WHERE key_hash IN (SELECT event_hash FROM events)`);
        return {
          keys: rows.flatMap((row) => keyOf.get(String(row.filename)) ?? []),
          gave: rows.flatMap((row) => (row.raw_object === null ? [] : [String(row.raw_object)])),
        };
      });
    } finally {
      await rm(join(this.#options.scratch, 'catalog'), { recursive: true, force: true });
    }
  }

  async holding(objects: readonly ObjectInfo[], keys: readonly string[]): Promise<readonly string[]> {
    if (objects.length === 0 || keys.length === 0) return [];
    return this.#overKeys(objects, async (duck, keyOf) => {
      const hashes = keys.map((key) => String(keyHash(key))).join(', ');
      const rows = await duck.rows(`SELECT DISTINCT filename FROM keys WHERE key_hash IN (${hashes})`);
      return rows.map((row) => keyOf.get(String(row.filename)) as string).sort();
    });
  }

  /** Runs the work over a view `keys` of the objects' key files; `keyOf` tells the object of a file. */
  async #overKeys<T>(
    objects: readonly ObjectInfo[],
    work: (duck: Duck, keyOf: ReadonlyMap<string, string>) => Promise<T>,
  ): Promise<T> {
    const keyOf = new Map<string, string>();
    const held: { release(): Promise<void> }[] = [];
    const duck = await this.#duck();
    try {
      for (const object of objects) {
        const local = await this.#options.control.fetch(`${this.#place(object)}.parquet`);
        held.push(local);
        keyOf.set(local.path, object.key);
      }
      const files = readParquet([...keyOf.keys()], { filename: true });
      await duck.run(`CREATE OR REPLACE TEMP VIEW keys AS SELECT * FROM ${files}`);
      return await work(duck, keyOf);
    } finally {
      for (const local of held) await local.release();
    }
  }

  #duck(): Promise<Duck> {
    this.#opened ??= openDuck({
      memoryMb: MEMORY.catalogMb,
      threads: 2,
      tempFolder: join(this.#options.scratch, 'catalog-spill'),
      preserveInsertionOrder: false,
    });
    return this.#opened;
  }

  async close(): Promise<void> {
    await (await this.#opened)?.close();
    this.#opened = undefined;
  }
}
