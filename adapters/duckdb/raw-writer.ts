// Writes raw objects by DuckDB. Deliveries go into a table of few bytes, from there to pieces in scratch, and the pieces
// leave as one Parquet file: whatever a body's size, no step holds more than some of them.

import { isUtf8 } from 'node:buffer';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BLOB,
  type DuckDBAppender,
  DuckDBBlobValue,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import { RAW_WRITE_LIMITS } from '../../lib/parquet/limits.ts';
import { bodyBytes, type RawDelivery, type RawWriter } from '../../ports/raw-writer.ts';
import { makeFolder } from '../system/open-homes.ts';
import { classifyDuckError, type Duck, openDuck, releaseChunk } from './instance.ts';
import { copyToParquet, readParquet } from './parquet-path.ts';

export interface RawWriterOptions {
  /** Where pieces go, and what DuckDB spills. */
  readonly scratch: string;
}

/** Opens DuckDB at the first write. One write at a time; `close` ends it. */
export function createRawWriter(options: RawWriterOptions): RawWriter & { close(): Promise<void> } {
  let opened: Promise<Duck> | undefined;
  const open = (): Promise<Duck> => {
    // One thread, so that row groups are cut at the same rows every time. They are cut by bytes only where DuckDB need
    // not keep the order of rows; one thread that reads one file after the other keeps it.
    opened ??= openDuck({
      memoryMb: RAW_WRITE_LIMITS.memoryMb,
      threads: 1,
      tempFolder: options.scratch,
      preserveInsertionOrder: false,
    });
    return opened;
  };
  return {
    write: async (path, deliveries) => {
      const folder = join(options.scratch, `pieces-${process.pid}`);
      try {
        const duck = await open();
        await makeFolder(folder);
        await writeObject(duck, path, deliveries, folder);
      } catch (error) {
        throw classifyDuckError(error, 'writing a raw object');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    close: async () => {
      await (await opened)?.close();
      opened = undefined;
    },
  };
}

async function writeObject(
  duck: Duck,
  path: string,
  deliveries: AsyncIterable<readonly RawDelivery[]>,
  folder: string,
): Promise<void> {
  const { rowGroupRowsMax, rowGroupBytes } = RAW_WRITE_LIMITS;
  const pieces = new Pieces(duck, folder);
  try {
    for await (const batch of deliveries) {
      for (const delivery of batch) await pieces.add(delivery);
    }
    const from = await pieces.finish();
    // decode takes the bytes for text as they are, where a cast would read escapes in them.
    await duck.run(
      copyToParquet(
        `SELECT received_at, source, ${pieces.isText ? 'decode(body) AS body' : 'body'} FROM ${from}`,
        path,
        `COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRowsMax}, ROW_GROUP_SIZE_BYTES ${rowGroupBytes}`,
      ),
    );
  } finally {
    await pieces.close();
  }
}

/** Deliveries in their order, as files of bounded bytes. */
class Pieces {
  /** Whether all bodies are valid UTF-8. */
  isText = true;
  readonly #duck: Duck;
  readonly #folder: string;
  readonly #files: string[] = [];
  #open: { readonly appender: DuckDBAppender; close(): void } | undefined;
  #columns: [DuckDBValue[], DuckDBValue[], DuckDBValue[]] = [[], [], []];
  #chunkBytes = 0;
  #pieceBytes = 0;

  constructor(duck: Duck, folder: string) {
    this.#duck = duck;
    this.#folder = folder;
  }

  async add({ receivedAtMicros, source, body }: RawDelivery): Promise<void> {
    const held = typeof body === 'string' ? bodyBytes(body) : body;
    if (this.#pieceBytes > 0 && this.#pieceBytes + held.length > RAW_WRITE_LIMITS.pieceBytes) await this.#toFile();
    this.#open ??= await this.#openTable();
    this.isText &&= isUtf8(held);
    this.#columns[0].push(new DuckDBTimestampValue(receivedAtMicros));
    this.#columns[1].push(source);
    this.#columns[2].push(new DuckDBBlobValue(held));
    this.#chunkBytes += held.length;
    this.#pieceBytes += held.length;
    const { chunkRowsMax, chunkBytesMax } = RAW_WRITE_LIMITS;
    if (this.#columns[0].length === chunkRowsMax || this.#chunkBytes >= chunkBytesMax) this.#flush();
  }

  /** What to read to have all of them in order. */
  async finish(): Promise<string> {
    this.#open ??= await this.#openTable();
    if (this.#files.length > 0) {
      await this.#toFile();
      return readParquet(this.#files);
    }
    this.#flush();
    this.#endAppending();
    return 'deliveries';
  }

  async close(): Promise<void> {
    this.#endAppending();
    await this.#duck.run('DROP TABLE IF EXISTS deliveries');
  }

  async #openTable(): Promise<{ appender: DuckDBAppender; close(): void }> {
    await this.#duck.run('CREATE OR REPLACE TABLE deliveries (received_at TIMESTAMP, source VARCHAR, body BLOB)');
    const connection = await this.#duck.connect();
    const appender = await connection.createAppender('deliveries');
    return {
      appender,
      close: () => {
        appender.closeSync();
        connection.closeSync();
      },
    };
  }

  #flush(): void {
    if (this.#columns[0].length === 0) return;
    const chunk = DuckDBDataChunk.create([TIMESTAMP, VARCHAR, BLOB]);
    chunk.setColumns(this.#columns);
    this.#open?.appender.appendDataChunk(chunk);
    releaseChunk(chunk);
    this.#columns = [[], [], []];
    this.#chunkBytes = 0;
  }

  #endAppending(): void {
    this.#open?.close();
    this.#open = undefined;
  }

  async #toFile(): Promise<void> {
    this.#flush();
    this.#endAppending();
    const file = join(this.#folder, `${this.#files.length}.parquet`);
    await this.#duck.run(copyToParquet('SELECT * FROM deliveries', file, 'COMPRESSION uncompressed'));
    this.#files.push(file);
    this.#pieceBytes = 0;
  }
}
