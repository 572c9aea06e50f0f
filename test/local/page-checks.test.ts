// What a raw object says about its own pages: checksums that do not fit, encodings that are not known here, row groups
// and files without rows. The objects in `pages/` were written by pyarrow 26 (page checksums, small pages), and
// `zstd-checksum` by hyparquet-writer with frames of the zstd tool.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert, asyncProperty, integer, pre } from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { type ParquetFooter, readParquetFooter } from '../../lib/parquet/footer.ts';
import { readPageHeader } from '../../lib/parquet/page-header.ts';
import { needed } from '../cli/reprise.ts';

const BODY_MAX = 262_144;
const ROWS = 40;
let folder: string;
let reader: ReturnType<typeof createRawReader>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-pages-'));
  reader = createRawReader({ scratch: join(folder, 'spill') });
});
afterAll(async () => {
  await reader.close();
  await rm(folder, { recursive: true, force: true });
});

const fixture = (name: string): string => join(import.meta.dirname, 'pages', `${name}.parquet`);

async function read(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of reader.read(path, undefined, BODY_MAX)) {
    for (const row of batch) found.push([row.row, row.receivedAtMicros, row.source, row.body].join(' '));
  }
  return found;
}

interface Page {
  readonly name: string;
  /** Without its header. */
  readonly at: number;
  readonly bytes: number;
  /** Of the bytes, how many no checksum covers: version 2 never compresses levels, and values only where it saves. */
  readonly bare: number;
  readonly isDictionary: boolean;
}

async function pagesOf(path: string): Promise<Page[]> {
  const content = await readFile(path);
  const { rowGroups, at: end } = (await readParquetFooter(path)) as ParquetFooter;
  const found: Page[] = [];
  for (const [name, chunk] of rowGroups.flatMap(({ chunks }) => Object.entries(chunks))) {
    for (let at = chunk.start, values = 0; values < chunk.values; ) {
      const { page } = await readPageHeader(async (from, bytes) => content.subarray(from, from + bytes), at, end);
      const { compressed, levels, isDictionary } = page;
      at += page.headerBytes;
      const bare = page.isCompressed ? levels : compressed;
      found.push({ name, at, bytes: compressed, bare: page.crc === undefined ? bare : 0, isDictionary });
      at += compressed;
      values += isDictionary ? 0 : page.values;
    }
  }
  return found;
}

/** Whether a checksum covers the byte, or the header of a page holds it. */
const isCovered = (pages: readonly Page[], at: number): boolean =>
  !pages.some((page) => at >= page.at && at < page.at + page.bare);

const CHECKED = ['crc-plain-1', 'crc-snappy-1', 'crc-snappy-2', 'crc-zstd-2', 'crc-delta-2', 'gzip-1', 'gzip-2'];

describe('an object with checksums', () => {
  it.each([...CHECKED, 'zstd-checksum'])(
    '%s with one bit changed anywhere in its pages is read as it was, or not at all',
    async (name) => {
      const intact = await read(fixture(name));
      const content = await readFile(fixture(name));
      const { at: end } = (await readParquetFooter(fixture(name))) as ParquetFooter;
      const path = join(folder, `${name}.parquet`);
      const pages = await pagesOf(fixture(name));
      let refused = 0;
      await assert(
        asyncProperty(integer({ min: 4, max: end - 1 }), integer({ min: 0, max: 7 }), async (at, bit) => {
          pre(isCovered(pages, at));
          const damaged = Buffer.from(content);
          damaged[at] = (damaged[at] as number) ^ (1 << bit);
          await writeFile(path, damaged);
          const found = await read(path).catch((error: { code?: string }) => error.code);
          if (found === 'UnreadableObject') refused++;
          else expect(found).toEqual(intact);
        }),
        { numRuns: 200 },
      );
      expect(refused).toBeGreaterThan(100);
    },
  );

  it.each([
    ['crc-plain-1', 'a page of column body in row group 0 does not fit its checksum'],
    ['crc-snappy-2', 'a page of column body in row group 0 does not fit its checksum'],
    ['gzip-1', 'a page of column body in row group 0 does not fit its gzip checksum'],
  ])('%s names the column and the row group', async (name, detail) => {
    const page = needed(
      (await pagesOf(fixture(name))).find((one) => one.name === 'body' && !one.isDictionary),
      'page',
    );
    const content = await readFile(fixture(name));
    // The end of a gzip stream is its length, and its checksum before.
    const at = page.at + page.bytes - 6;
    content[at] = (content[at] as number) ^ 1;
    const path = join(folder, 'named.parquet');
    await writeFile(path, content);
    await expect(read(path)).rejects.toMatchObject({ code: 'UnreadableObject', message: detail });
  });

  it('is refused also where only rows of another row group are asked for, but not for damage in theirs', async () => {
    const content = await readFile(fixture('empty-group-middle'));
    const { rowGroups } = (await readParquetFooter(fixture('empty-group-middle'))) as ParquetFooter;
    expect(rowGroups.map(({ rows }) => rows)).toEqual([20, 0, 0, 20]);
    const { start, compressed } = (rowGroups[3] as (typeof rowGroups)[0]).chunks.body;
    content[start + compressed - 1] = (content[start + compressed - 1] as number) ^ 1;
    const path = join(folder, 'second-group.parquet');
    await writeFile(path, content);
    const rowsOf = async (from: number, to: number): Promise<number> => {
      let rows = 0;
      for await (const batch of reader.read(path, { from, to }, BODY_MAX)) rows += batch.length;
      return rows;
    };
    expect(await rowsOf(0, 20)).toBe(20);
    await expect(rowsOf(0, 21)).rejects.toMatchObject({ code: 'UnreadableObject' });
    await expect(read(path)).rejects.toMatchObject({ message: expect.stringContaining('in row group 3') });
  });

  it.each([0, 6])('pages larger than what is decompressed at once are checked too (level %i)', async (level) => {
    const bodies = Array.from({ length: 60 }, (_, n) => `${n} `.repeat(70_000));
    const write = (spoil: (gzip: Buffer) => void): Buffer =>
      Buffer.from(
        parquetWriteBuffer({
          codec: 'GZIP',
          compressors: {
            GZIP: (bytes) => {
              const gzip = gzipSync(bytes, { level });
              if (bytes.length > 9_000_000) spoil(gzip);
              return gzip;
            },
          },
          pageSize: 64_000_000,
          statistics: false,
          columnData: [
            { name: 'received_at', data: bodies.map(() => '2026-06-01T10:00:00Z'), type: 'STRING' },
            { name: 'source', data: bodies.map(() => 'web'), type: 'STRING' },
            { name: 'body', data: bodies, type: 'STRING', encoding: 'PLAIN' },
          ],
        }),
      );
    const path = join(folder, 'large.parquet');
    await writeFile(
      path,
      write(() => {}),
    );
    expect(await read(path)).toHaveLength(60);
    for (const fromEnd of [1, 8]) {
      await writeFile(
        path,
        write((gzip) => gzip.writeUInt8(gzip.readUInt8(gzip.length - fromEnd) ^ 1, gzip.length - fromEnd)),
      );
      await expect(read(path)).rejects.toMatchObject({ message: expect.stringContaining('gzip checksum') });
    }
  });
});

describe('an intact object', () => {
  it('in an encoding that cannot be decoded here is named as that', async () => {
    await expect(read(fixture('byte-stream-split'))).rejects.toMatchObject({
      code: 'UnreadableObject',
      message: 'column received_at is in the encoding BYTE_STREAM_SPLIT, which cannot be decoded here',
      fix: expect.stringContaining('in another encoding'),
    });
  });

  it.each(['first', 'middle', 'last'])('is read whole with empty row groups %s', async (where) => {
    const found = await read(fixture(`empty-group-${where}`));
    expect(found).toEqual(await read(fixture('crc-plain-1')));
    const { rows, rowGroups } = await reader.footer(fixture(`empty-group-${where}`));
    expect([rows, rowGroups.every((group) => group.rows > 0)]).toEqual([ROWS, true]);
  });

  it('is empty without rows, whatever its columns are', async () => {
    const names = (await readdir(join(import.meta.dirname, 'pages'))).filter((name) => /^no-rows|alone/.test(name));
    expect(names).toHaveLength(5);
    for (const name of names) {
      const path = join(import.meta.dirname, 'pages', name);
      expect([name, await read(path), await reader.footer(path)]).toEqual([name, [], { rows: 0, rowGroups: [] }]);
    }
  });

  it('may have a source of the type that holds nothing but nulls', async () => {
    for await (const batch of reader.read(fixture('source-null'), undefined, BODY_MAX)) {
      expect(batch.map(({ source }) => source)).toEqual(Array.from({ length: ROWS }, () => null));
    }
  });
});
