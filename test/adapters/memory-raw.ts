// A raw lake in memory for tests: objects hold deliveries as JSON, and the reader that goes with it reads them by the
// pseudo path that `fetch` gives. No Parquet is written or read.

import { RepriseError } from '../../model/errors.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RawFooter, RawReader, RowRange, WholeObject } from '../../ports/raw-reader.ts';
import { type RawDelivery, rawRow } from '../../simulator/raw.ts';
import { MemoryStore } from './memory-store.ts';

const PATH = 'memory:';
const BATCH_ROWS = 500;
const BROKEN = Buffer.from('broken');

/** A store whose raw objects are made of deliveries. `deliveries` gives them back. */
export class MemoryLake extends MemoryStore {
  readonly #rows = new Map<string, readonly RawRow[]>();

  /** Lands an object; landing it again gives it another version. */
  async land(key: string, deliveries: readonly RawDelivery[]): Promise<void> {
    const rows = deliveries.map(rawRow);
    this.#rows.set(key, rows);
    await this.write(key, Buffer.from(JSON.stringify(deliveries)), { if: 'always' });
  }

  /** Overwrites the object with what cannot be read. Landing it again mends it. */
  async breakObject(key: string): Promise<void> {
    this.#rows.delete(key);
    await this.write(key, BROKEN, { if: 'always' });
  }

  override async remove(key: string): Promise<void> {
    this.#rows.delete(key);
    await super.remove(key);
  }

  override async fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }> {
    if ((await this.head(key)) === undefined) {
      throw new RepriseError('ObjectMissing', `there is no object ${key}`, 'plan again');
    }
    return { path: `${PATH}${key}`, release: async () => {} };
  }

  /** The rows of the object at a pseudo path; undefined when it cannot be read. */
  rowsAt(path: string): readonly RawRow[] | undefined {
    return this.#rows.get(path.slice(PATH.length));
  }
}

/** Reads objects of a MemoryLake. One row group each, unless `rowGroupRows` says otherwise. */
export class MemoryRawReader implements RawReader {
  readonly #lake: MemoryLake;
  readonly #rowGroupRows: number;
  /** Keys whose rows stop being readable in the middle, although their footer is sound. */
  readonly breaking = new Set<string>();

  constructor(lake: MemoryLake, rowGroupRows = Number.MAX_SAFE_INTEGER) {
    this.#lake = lake;
    this.#rowGroupRows = rowGroupRows;
  }

  async footer(path: string): Promise<RawFooter> {
    const rows = this.#rows(path);
    const rowGroups: { rows: number; bytes: number }[] = [];
    for (let from = 0; from < rows.length; from += this.#rowGroupRows) {
      const group = rows.slice(from, from + this.#rowGroupRows);
      rowGroups.push({ rows: group.length, bytes: group.reduce((sum, row) => sum + row.bodyBytes + 20, 0) });
    }
    return { rows: rows.length, rowGroups };
  }

  async *read(path: string, range: RowRange | undefined, bodyBytesMax: number): AsyncGenerator<readonly RawRow[]> {
    const all = this.#rows(path);
    const breaks = this.breaking.has(path.slice(PATH.length));
    const to = Math.min(range?.to ?? all.length, breaks ? all.length >> 1 : all.length);
    for (let from = range?.from ?? 0; from < to; from += BATCH_ROWS) {
      yield all
        .slice(from, Math.min(from + BATCH_ROWS, to))
        .map((row) => (row.bodyBytes > bodyBytesMax ? { ...row, body: undefined } : row));
    }
    if (breaks) throw unreadable();
  }

  async *readTogether(paths: readonly string[], bodyBytesMax: number): AsyncGenerator<WholeObject> {
    for (const [place, path] of paths.entries()) {
      if (this.#lake.rowsAt(path) === undefined || this.breaking.has(path.slice(PATH.length))) continue;
      const batches: RawRow[] = [];
      for await (const batch of this.read(path, undefined, bodyBytesMax)) batches.push(...batch);
      yield { place, footer: await this.footer(path), rows: batches };
    }
  }

  #rows(path: string): readonly RawRow[] {
    const rows = this.#lake.rowsAt(path);
    if (rows === undefined) throw unreadable();
    return rows;
  }
}

const unreadable = (): RepriseError =>
  new RepriseError('UnreadableObject', 'the footer is no footer', 'replace it by an intact copy');
