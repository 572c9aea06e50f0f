// Reads raw objects: Parquet written by anyone, by DuckDB over a local file. The footer is checked first. What DuckDB
// refuses as a whole is read from a copy: text that is no UTF-8 as binary, LZ4 as Hadoop frames it without compression.

import { chmod, constants, copyFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { type EmptyFooter, type ParquetFooter, RAW_COLUMNS, readParquetFooter } from '../../lib/parquet/footer.ts';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import { checkPages } from '../../lib/parquet/page-checks.ts';
import { copyPlain, needsPlainCopy } from '../../lib/parquet/plain-copy.ts';
import { UnreadableFile } from '../../lib/parquet/unreadable.ts';
import { type ErrorCode, RepriseError } from '../../model/errors.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RawFooter, RawReader, RowRange, WholeObject } from '../../ports/raw-reader.ts';
import { classifyFileError } from '../system/file-errors.ts';
import { makeFolder } from '../system/open-homes.ts';
import { sharedTurn } from '../system/shared-turn.ts';
import { classifyDuckError, type Duck, isInvalidText, openDuck, releaseChunk } from './instance.ts';
import { leave, prepareScan, rawBatches } from './raw-scan.ts';
import { readTogether, smallObjects } from './raw-together.ts';
import { readFailure, unreadable } from './unreadable.ts';
import { scanParts, wideBatches } from './wide-scan.ts';

export interface RawReaderOptions {
  /** For binary copies of objects whose text is no UTF-8, and for what DuckDB spills. */
  readonly scratch: string;
  readonly memoryMb?: number;
  /** More than one reads row groups ahead; the order of rows stays. */
  readonly threads?: number;
  /** Shared by all readers of the process, so that one of them at a time reads a very large page. */
  readonly turn?: SharedArrayBuffer;
}

/** A DuckDB instance that failed inside refuses everything afterwards: how often a read starts over on another one. */
const INSTANCES_MAX = 3;

/** What says nothing of the file that was read. */
const NOT_THE_FILES_FAULT: ReadonlySet<ErrorCode> = new Set(['Cancelled', 'DiskFull', 'OpenFilesLimit']);

/** Opens DuckDB at the first read. `close` ends it; reads in flight must have ended. */
export function createRawReader(options: RawReaderOptions): RawReader & { close(): Promise<void> } {
  return new DuckRawReader(options);
}

class DuckRawReader implements RawReader {
  readonly #scratch: string;
  readonly #memoryMb: number;
  readonly #threads: number;
  readonly #turn: SharedArrayBuffer;
  #duck: Promise<Duck> | undefined;
  #copies = 0;

  constructor(options: RawReaderOptions) {
    this.#scratch = options.scratch;
    this.#memoryMb = options.memoryMb ?? RAW_READ_LIMITS.memoryMb;
    this.#threads = options.threads ?? 1;
    this.#turn = options.turn ?? sharedTurn();
  }

  async footer(path: string): Promise<RawFooter> {
    const { rows, rowGroups } = await readParquetFooter(path).catch((error: unknown) => {
      throw readFailure(error);
    });
    const withRows = rowGroups.filter((group) => group.rows > 0);
    return { rows, rowGroups: withRows.map((group) => ({ rows: group.rows, bytes: group.bytes })) };
  }

  async *read(
    path: string,
    range: RowRange | undefined,
    bodyBytesMax: number,
  ): AsyncGenerator<readonly RawRow[], void, undefined> {
    try {
      yield* this.#read(path, range, bodyBytesMax);
    } catch (error) {
      throw readFailure(error);
    }
  }

  async *#read(
    path: string,
    range: RowRange | undefined,
    bodyBytesMax: number,
  ): AsyncGenerator<readonly RawRow[], void, undefined> {
    const own = await readParquetFooter(path);
    const to = Math.min(range?.to ?? own.rows, own.rows);
    let next = range?.from ?? 0;
    if (isEmpty(own) || next >= to) return;
    await checkPages(path, own, { from: next, to });
    let footer = own;
    const copies: string[] = [];
    let isBinary = false;
    let instances = 0;
    try {
      if (needsPlainCopy(footer)) {
        const plain = await this.#copied('plain', copies, (copy) => copyPlain(path, copy, footer));
        const moved = await readParquetFooter(plain);
        if (isEmpty(moved)) throw unreadable('corrupt');
        footer = moved;
      }
      while (next < to) {
        const duck = await this.#open();
        try {
          for await (const batch of this.#scan(duck, copies.at(-1) ?? path, footer, { from: next, to }, bodyBytesMax)) {
            next += batch.length;
            yield batch;
          }
          if (next < to) throw unreadable('corrupt');
        } catch (error) {
          const isText = isInvalidText(error) && !isBinary;
          if (isText) {
            const from = copies.at(-1) ?? path;
            await this.#copied('binary', copies, (copy) => copyAsBinary(from, copy, footer));
            isBinary = true;
          } else if (isBroken(error)) await this.#drop(duck);
          const isOtherReadsFault = isBrokenBefore(error) && ++instances < INSTANCES_MAX;
          if (!isText && !isOtherReadsFault) throw this.#meaning(error);
        }
      }
    } finally {
      for (const copy of copies) await rm(copy, { force: true });
    }
  }

  async *readTogether(paths: readonly string[], bodyBytesMax: number): AsyncGenerator<WholeObject, void, undefined> {
    for (const objects of await smallObjects(paths)) {
      const duck = await this.#open();
      try {
        yield* readTogether(duck, objects, bodyBytesMax);
      } catch (error) {
        if (isBroken(error)) await this.#drop(duck);
        // What is the matter with one of them, reading it alone says.
        const fault = this.#meaning(error);
        if (fault.code !== 'UnreadableObject') throw fault;
      }
    }
  }

  async close(): Promise<void> {
    const duck = this.#duck;
    this.#duck = undefined;
    await (await duck)?.close();
  }

  async *#scan(
    duck: Duck,
    path: string,
    footer: ParquetFooter,
    range: RowRange,
    bodyBytesMax: number,
  ): AsyncGenerator<RawRow[], void, undefined> {
    const connection = await duck.connect();
    try {
      const scan = await prepareScan(connection, path, footer, bodyBytesMax);
      for (const part of scanParts(footer, range, bodyBytesMax)) {
        if (part.wide !== undefined) {
          const pieceFile = join(this.#scratch, `piece-${process.pid}-${threadId}-${this.#copies++}.parquet`);
          yield* wideBatches({ duck, path, footer, scan, bodyBytesMax, pieceFile, turn: this.#turn }, part);
          continue;
        }
        const result = await connection.stream(scan.sql(part));
        for (let next = part.from; ; ) {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) break;
          yield* rawBatches(chunk, next, scan.timeForm);
          next += chunk.rowCount;
          releaseChunk(chunk);
        }
      }
    } finally {
      leave(connection);
    }
  }

  #open(): Promise<Duck> {
    this.#duck ??= openDuck({ memoryMb: this.#memoryMb, threads: this.#threads, tempFolder: this.#scratch });
    return this.#duck;
  }

  async #drop(duck: Duck): Promise<void> {
    if (this.#duck !== undefined && (await this.#duck) === duck) this.#duck = undefined;
    await duck.close();
  }

  /** Makes a copy in scratch and adds it to `copies`, also when making it fails. */
  async #copied(what: string, copies: string[], make: (copy: string) => Promise<void>): Promise<string> {
    const copy = join(this.#scratch, `${what}-${process.pid}-${threadId}-${this.#copies++}.parquet`);
    copies.push(copy);
    try {
      await makeFolder(this.#scratch);
      await make(copy);
      return copy;
    } catch (error) {
      if (error instanceof RepriseError || error instanceof UnreadableFile) throw error;
      throw classifyFileError(error, 'copying an object to scratch');
    }
  }

  /** The file passed every check of its footer, so what DuckDB cannot read of it is the file's own fault. */
  #meaning(error: unknown): RepriseError {
    if (error instanceof UnreadableFile) return unreadable(error.message, error.fix);
    const classified = classifyDuckError(error, 'reading an object');
    if (error instanceof RepriseError || NOT_THE_FILES_FAULT.has(classified.code)) return classified;
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === 'string') return fileFailure(code);
    if (messageOf(error).startsWith('Out of Memory')) {
      return unreadable(`needs more than ${this.#memoryMb} MB of memory`);
    }
    return unreadable('corrupt');
  }
}

function fileFailure(code: string): RepriseError {
  const what = 'copying an object to scratch';
  return code === 'ENOSPC'
    ? new RepriseError('DiskFull', `${what}: the disk is full`, 'free space, run this again')
    : new RepriseError('StoreUnavailable', `${what} failed (${code})`, 'run this again');
}

/** The same file with the marks removed from its footer that make its columns text: no byte moves. */
async function copyAsBinary(path: string, copy: string, footer: ParquetFooter): Promise<void> {
  await copyFile(path, copy, constants.COPYFILE_FICLONE);
  // It has the original's permissions: maybe for others, maybe not to be written.
  await chmod(copy, 0o600);
  const file = await open(copy, 'r+');
  try {
    for (const { at, to } of RAW_COLUMNS.flatMap((name) => footer.columns[name].asBinary)) {
      await file.write(Uint8Array.of(to), 0, 1, at);
    }
  } finally {
    await file.close();
  }
}

const isEmpty = (footer: ParquetFooter | EmptyFooter): footer is EmptyFooter => footer.rows === 0;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

const isBrokenBefore = (error: unknown): boolean => /database has been invalidated/.test(messageOf(error));

const isBroken = (error: unknown): boolean => isBrokenBefore(error) || /^(INTERNAL|FATAL) Error/.test(messageOf(error));
