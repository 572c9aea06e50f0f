// Raw objects for tests, put into a home's lake by the writers that the world uses.

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import parquetjs from 'parquetjs-lite';
import { TableAppender } from '../../adapters/duckdb/appender.ts';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { copyToParquet } from '../../adapters/duckdb/parquet-path.ts';
import type { Delivery } from '../../generator/sample.ts';
import { parseTimeText } from '../../model/time.ts';

export type Writer = (path: string, deliveries: readonly Delivery[]) => Promise<void>;

export const WRITERS: Readonly<Record<string, Writer>> = {
  /** Zoned time, text body, other column order, a further column. */
  duckdb: async (path, deliveries) => {
    const duck = await openDuck({ memoryMb: 128, threads: 1, tempFolder: `${path}.spill` });
    await duck.run('CREATE TABLE d (body VARCHAR, source VARCHAR, received_at TIMESTAMP)');
    const rows = await TableAppender.open(await duck.connect(), 'd', ['text', 'text', 'timestamp']);
    for (const { received_at, source, body } of deliveries)
      rows.add([body, source, parseTimeText(received_at) as bigint]);
    rows.close();
    await duck.run(
      copyToParquet(
        "SELECT body, 7 AS extra, source, received_at AT TIME ZONE 'UTC' AS received_at FROM d",
        path,
        'COMPRESSION gzip',
      ),
    );
    await duck.close();
  },
  /** Milliseconds, Snappy, text. */
  'parquetjs-lite': async (path, deliveries) => {
    const schema = new parquetjs.ParquetSchema({
      source: { type: 'UTF8', compression: 'SNAPPY' },
      received_at: { type: 'TIMESTAMP_MILLIS' },
      body: { type: 'UTF8', compression: 'SNAPPY' },
    });
    const writer = await parquetjs.ParquetWriter.openFile(schema, path);
    for (const { received_at, source, body } of deliveries) {
      await writer.appendRow({ source, received_at: new Date(received_at), body });
    }
    await writer.close();
  },
  /** Text time, binary body. */
  hyparquet: async (path, deliveries) => {
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'received_at', data: deliveries.map((d) => d.received_at), type: 'STRING' },
        { name: 'body', data: deliveries.map((d) => Buffer.from(d.body)), type: 'BYTE_ARRAY' },
        { name: 'source', data: deliveries.map((d) => d.source), type: 'STRING' },
      ],
    });
  },
};

/** Writes the deliveries as one raw object and gives its key. */
export async function putObject(
  home: string,
  pipeline: string,
  name: string,
  deliveries: readonly Delivery[],
  writer: Writer,
): Promise<string> {
  const key = `raw/${pipeline}/dt=2026-06-04/hour=00/${name}.parquet`;
  const path = join(home, 'lake', key);
  await mkdir(dirname(path), { recursive: true });
  await writer(path, deliveries);
  return key;
}
