// Writes raw objects by DuckDB: rows go into a table in memory, which spills, and leave it as one Parquet file.

import { isUtf8 } from 'node:buffer';
import {
  BLOB,
  DuckDBBlobValue,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import { bodyBytes, type RawDelivery, type RawWriter } from '../../../ports/raw-writer.ts';
import { classifyDuckError, type Duck, openDuck } from './instance.ts';
import { RAW_WRITE_LIMITS } from './limits.ts';
import { copyToParquet } from './parquet-path.ts';

export interface RawWriterOptions {
  /** Where DuckDB spills. */
  readonly scratch: string;
}

/** Opens DuckDB at the first write. One write at a time; `close` ends it. */
export function createRawWriter(options: RawWriterOptions): RawWriter & { close(): Promise<void> } {
  let opened: Promise<Duck> | undefined;
  const open = (): Promise<Duck> => {
    // One thread, so that row groups are cut at the same rows every time.
    opened ??= openDuck({ memoryMb: RAW_WRITE_LIMITS.memoryMb, threads: 1, tempFolder: options.scratch });
    return opened;
  };
  return {
    write: async (path, deliveries) => {
      try {
        await writeObject(await open(), path, deliveries);
      } catch (error) {
        throw classifyDuckError(error, 'writing a raw object');
      }
    },
    close: async () => {
      await (await opened)?.close();
      opened = undefined;
    },
  };
}

async function writeObject(duck: Duck, path: string, deliveries: AsyncIterable<readonly RawDelivery[]>): Promise<void> {
  await duck.run('CREATE OR REPLACE TABLE deliveries (received_at TIMESTAMP, source VARCHAR, body BLOB)');
  try {
    const { rows, bytes, isText } = await append(duck, deliveries);
    // decode takes the bytes for text as they are, where a cast would read escapes in them.
    await duck.run(
      copyToParquet(
        `SELECT received_at, source, ${isText ? 'decode(body) AS body' : 'body'} FROM deliveries`,
        path,
        `COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRows(rows, bytes)}`,
      ),
    );
  } finally {
    await duck.run('DROP TABLE deliveries');
  }
}

async function append(
  duck: Duck,
  deliveries: AsyncIterable<readonly RawDelivery[]>,
): Promise<{ rows: number; bytes: number; isText: boolean }> {
  const connection = await duck.connect();
  const appender = await connection.createAppender('deliveries');
  let columns: [DuckDBValue[], DuckDBValue[], DuckDBValue[]] = [[], [], []];
  let chunkBytes = 0;
  let rows = 0;
  let bytes = 0;
  let isText = true;
  const flush = (): void => {
    if (columns[0].length === 0) return;
    const chunk = DuckDBDataChunk.create([TIMESTAMP, VARCHAR, BLOB]);
    chunk.setColumns(columns);
    appender.appendDataChunk(chunk);
    columns = [[], [], []];
    chunkBytes = 0;
  };
  try {
    for await (const batch of deliveries) {
      for (const { receivedAtMicros, source, body } of batch) {
        const held = typeof body === 'string' ? bodyBytes(body) : body;
        isText &&= isUtf8(held);
        columns[0].push(new DuckDBTimestampValue(receivedAtMicros));
        columns[1].push(source);
        columns[2].push(new DuckDBBlobValue(held));
        rows++;
        bytes += held.length;
        chunkBytes += held.length;
        if (columns[0].length === RAW_WRITE_LIMITS.chunkRowsMax || chunkBytes >= RAW_WRITE_LIMITS.chunkBytesMax)
          flush();
      }
    }
    flush();
  } finally {
    appender.closeSync();
    connection.closeSync();
  }
  return { rows, bytes, isText };
}

/** Rows of a row group: near the bytes it shall have, in whole vectors. */
function rowGroupRows(rows: number, bytes: number): number {
  const { rowGroupBytes, rowGroupRowsMax, rowGroupRowsStep } = RAW_WRITE_LIMITS;
  const fitting = Math.floor(rowGroupBytes / Math.max(1, bytes / Math.max(1, rows)));
  const steps = Math.floor(Math.min(fitting, rowGroupRowsMax) / rowGroupRowsStep);
  return Math.max(1, steps) * rowGroupRowsStep;
}
