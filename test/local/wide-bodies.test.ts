// Bodies of hundreds of kilobytes, by the hundred: what is written, read and staged of them at once is bounded by bytes, so
// that no DuckDB instance needs more memory than it is given, and all of it comes back as it was.

import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { copyToParquet, readParquet } from '../../adapters/duckdb/parquet-path.ts';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { createRawWriter } from '../../adapters/duckdb/raw-writer.ts';
import { scanParts } from '../../adapters/duckdb/wide-scan.ts';
import { type ParquetFooter, readParquetFooter } from '../../lib/parquet/footer.ts';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import { readBodyPages } from '../../lib/parquet/text-pages.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RowRange } from '../../ports/raw-reader.ts';
import type { RawDelivery } from '../../ports/raw-writer.ts';

const KB = 1024;
const MB = 1024 * KB;
const BODY_MAX = 256 * KB;
let folder: string;
let duck: Duck;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-wide-'));
  duck = await openDuck({ memoryMb: 2048, threads: 2, tempFolder: join(folder, 'spill') });
});
afterAll(async () => {
  await duck.close();
  await rm(folder, { recursive: true, force: true });
});

/** Text of so many bytes that says which row it is of and does not compress to nothing. */
function bodyOf(row: number, bytes: number): string {
  const block = createHash('sha512').update(String(row)).digest('base64');
  return `${row}:${block.repeat(Math.ceil(bytes / block.length))}`.slice(0, bytes);
}

async function rowsOf(path: string, range?: RowRange, memoryMb?: number): Promise<RawRow[]> {
  const reader = createRawReader({ scratch: join(folder, 'spill'), ...(memoryMb === undefined ? {} : { memoryMb }) });
  const rows: RawRow[] = [];
  try {
    for await (const batch of reader.read(path, range, BODY_MAX)) rows.push(...batch);
  } finally {
    await reader.close();
  }
  return rows;
}

const digest = (rows: readonly RawRow[]): string[] => rows.map((row) => `${row.row} ${row.source} ${row.bodySha256}`);

async function byDuck(name: string, select: string, options = 'COMPRESSION zstd'): Promise<string> {
  const path = join(folder, `${name}.parquet`);
  await duck.run(copyToParquet(select, path, `${options}, ROW_GROUP_SIZE 10000000`));
  return path;
}

/** `bytes` by row, as SQL. */
const selectOf = (
  rows: number,
  bytes: string,
): string => `SELECT TIMESTAMP '2026-06-01 10:00:00' + INTERVAL (i) SECOND AS received_at,
  's' || (i % 7) AS source, left(repeat(sha256(i::VARCHAR) || md5((i * 7)::VARCHAR), 2800), (${bytes})::INTEGER) AS body
  FROM range(${rows}) AS t(i) ORDER BY i`;

describe('landing', () => {
  it.each([
    [250, 250 * KB],
    [1250, 50 * KB],
    [2, 16 * MB],
  ])('writes an object of %d bodies of %d bytes, the same bytes every time', async (rows, bytes) => {
    async function* deliveries(): AsyncGenerator<readonly RawDelivery[]> {
      for (let row = 0; row < rows; row++)
        yield [{ receivedAtMicros: BigInt(row), source: 'voice', body: bodyOf(row, bytes) }];
    }
    const paths = ['a', 'b'].map((name) => join(folder, `landed-${bytes}-${name}.parquet`));
    for (const path of paths) {
      const writer = createRawWriter({ scratch: join(folder, 'spill') });
      await writer.write(path, deliveries());
      await writer.close();
    }
    const read = await rowsOf(paths[0] as string);
    expect(read.map((row) => row.bodySha256)).toEqual(
      Array.from({ length: rows }, (_, row) => createHash('sha256').update(bodyOf(row, bytes)).digest('hex')),
    );
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    expect(sizes[0]).toBe(sizes[1]);
    const { rowGroups } = await readParquetFooter(paths[0] as string);
    for (const group of rowGroups as ParquetFooter['rowGroups'])
      expect(group.chunks.body.uncompressed).toBeLessThanOrEqual(48 * MB);
  });
});

describe('a row group whose bodies are too many bytes for one vector', () => {
  it('is read with less memory than a vector of them takes', async () => {
    const path = await byDuck('large', selectOf(1400, `${250 * KB}`));
    const rows = await rowsOf(path, undefined, 320);
    expect(rows.length).toBe(1400);
    expect(rows.every((row, place) => row.row === place && row.bodyBytes === 250 * KB)).toBe(true);
    expect(rows[1399]?.body?.length).toBe(250 * KB);
  });

  it('gives the same rows by ranges as all at once, oversized and null bodies too', async () => {
    const bytes = 'CASE WHEN i % 50 = 0 THEN 268000 WHEN i % 11 = 0 THEN NULL ELSE 100 + (i * 7919) % 60000 END';
    const path = await byDuck('ranges', selectOf(900, bytes));
    const footer = (await readParquetFooter(path)) as ParquetFooter;
    expect(scanParts(footer, { from: 0, to: 900 }, BODY_MAX).some((part) => part.wide !== undefined)).toBe(true);
    const all = await rowsOf(path);
    const expected = await duck.rows(
      `SELECT source, sha256(coalesce(body, '')) AS sha, coalesce(strlen(body), 0) AS n FROM (${selectOf(900, bytes)})`,
    );
    expect(all.map((row) => [row.source, row.bodySha256, row.bodyBytes])).toEqual(
      expected.map((row) => [row.source, row.sha, Number(row.n)]),
    );
    expect(all.filter((row) => row.body === undefined).length).toBe(18);
    const pieces: string[] = [];
    for (const [from, to] of [
      [0, 1],
      [1, 417],
      [417, 899],
      [899, 900],
    ] as const)
      pieces.push(...digest(await rowsOf(path, { from, to })));
    expect(pieces).toEqual(digest(all));
  });

  it('is read when few bodies stand for many rows, in a dictionary', async () => {
    const path = await byDuck(
      'dictionary',
      `SELECT * REPLACE (left(repeat(sha256((i % 3)::VARCHAR), 4000), 250000) AS body)
      FROM (SELECT *, row_number() OVER () AS i FROM (${selectOf(700, '10')}))`.replace(
        'SELECT * REPLACE',
        'SELECT * EXCLUDE (i) REPLACE',
      ),
    );
    const footer = (await readParquetFooter(path)) as ParquetFooter;
    const group = footer.rowGroups[0] as ParquetFooter['rowGroups'][number];
    expect((await readBodyPages(path, group.chunks.body)).dictionary).toBeDefined();
    expect(group.chunks.body.uncompressed).toBeLessThan(RAW_READ_LIMITS.bodyPieceBytes);
    const rows = await rowsOf(path);
    expect(rows.length).toBe(700);
    expect(new Set(rows.map((row) => row.bodySha256)).size).toBe(3);
    expect(rows.every((row) => row.body?.length === 250000)).toBe(true);
  });
});

describe('files that are small because their rows are long', () => {
  it('are not gathered into one vector by a join or a filter', async () => {
    const files: string[] = [];
    for (let file = 0; file < 12; file++)
      files.push(
        await byDuck(`few-${file}`, `SELECT ${file} * 40 + i AS id, repeat('x', 9000) AS body FROM range(40) AS t(i)`),
      );
    await duck.run('CREATE OR REPLACE TABLE chosen AS SELECT i AS id FROM range(480) AS t(i) WHERE i % 9 <> 0');
    const sizes: number[] = [];
    const where = 'id IN (SELECT id FROM chosen) AND length(body) % 7 <> 6';
    for await (const result of duck.stream(`SELECT * FROM ${readParquet(files)} WHERE ${where}`)) {
      for (
        let chunk = await result.fetchChunk();
        chunk !== null && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      )
        sizes.push(chunk.rowCount);
    }
    expect(sizes.reduce((sum, rows) => sum + rows, 0)).toBe(426);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(40);
  });
});
