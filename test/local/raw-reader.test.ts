// Reading raw objects that DuckDB, parquetjs-lite and hyparquet-writer wrote, and objects that are damaged on purpose.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Duck, openDuck, quoteLiteral } from '../../adapters/duckdb/instance.ts';
import { copyToParquet } from '../../adapters/duckdb/parquet-path.ts';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { createRawWriter } from '../../adapters/duckdb/raw-writer.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RowRange } from '../../ports/raw-reader.ts';

const parquetjs = createRequire(import.meta.url)('parquetjs-lite') as {
  ParquetSchema: new (fields: Record<string, unknown>) => unknown;
  ParquetWriter: {
    openFile(
      schema: unknown,
      path: string,
    ): Promise<{
      setRowGroupSize(rows: number): void;
      appendRow(row: Record<string, unknown>): Promise<void>;
      close(): Promise<void>;
    }>;
  };
};

let folder: string;
let duck: Duck;
let reader: ReturnType<typeof createRawReader>;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-raw-'));
  duck = await openDuck({ memoryMb: 512, threads: 2, tempFolder: join(folder, 'spill') });
  reader = createRawReader({ scratch: join(folder, 'spill'), threads: 2 });
});
afterAll(async () => {
  await reader.close();
  await duck.close();
  await rm(folder, { recursive: true, force: true });
});

const newPath = (): string => join(folder, `object-${count++}.parquet`);
const BODY_MAX = 262_144;

async function rows(path: string, range?: RowRange, bodyBytesMax = BODY_MAX): Promise<RawRow[]> {
  const found: RawRow[] = [];
  for await (const batch of reader.read(path, range, bodyBytesMax)) found.push(...batch);
  return found;
}

async function byDuck(select: string, options = ''): Promise<string> {
  const path = newPath();
  await duck.run(copyToParquet(select, path, options));
  return path;
}

async function byHyparquet(options: Parameters<typeof parquetWriteBuffer>[0]): Promise<string> {
  const path = newPath();
  await writeFile(path, Buffer.from(parquetWriteBuffer(options)));
  return path;
}

const sha = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;
const unreadable = (detail: string | RegExp) => ({
  code: 'UnreadableObject',
  message: detail instanceof RegExp ? expect.stringMatching(detail) : detail,
});

const T = '2026-03-01T10:00:00.123Z';

describe('rows', () => {
  it('come with exact bodies, sizes and hashes', async () => {
    const bodies = ['{"a":1}', '', 'é🙂', '\ufeffbom', '\0nul', '\\x41', 'x'.repeat(13)];
    const list = bodies.map((body) => quoteLiteral(body).replaceAll('\0', `' || chr(0) || '`)).join(', ');
    const path = await byDuck(
      `SELECT ${quoteLiteral(T)}::TIMESTAMP AS received_at, 'web' AS source, unnest([${list}]) AS body`,
    );
    expect(await rows(path)).toEqual(
      bodies.map((body, row) => ({
        row,
        receivedAtMicros: micros(T),
        source: 'web',
        body,
        bodyBytes: Buffer.byteLength(body),
        bodySha256: sha(body),
      })),
    );
    expect(await reader.footer(path)).toMatchObject({ rows: 7, rowGroups: [{ rows: 7 }] });
  });

  it.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'lz4_raw', 'brotli'])('are read from %s', async (codec) => {
    const path = await byDuck(
      `SELECT 7 AS extra, ('body ' || i)::BLOB AS body, 'web' AS source, {'a': 1} AS nested, [1, 2] AS list,
       ${quoteLiteral(T)}::TIMESTAMP AS received_at FROM range(5000) t(i)`,
      `COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`,
    );
    const found = await rows(path);
    expect(found).toHaveLength(5000);
    expect(found.every(({ row, body }, place) => row === place && body === `body ${place}`)).toBe(true);
  });

  it.each([
    ['TIMESTAMP', micros(T)],
    ['TIMESTAMP_MS', micros(T)],
    ['TIMESTAMP_S', micros('2026-03-01T10:00:00Z')],
    ['TIMESTAMP_NS', micros(T)],
    ['TIMESTAMPTZ', micros(T)],
    ['VARCHAR', micros(T)],
  ])('have a time of type %s', async (type, expected) => {
    const path = await byDuck(
      `SELECT ${quoteLiteral(type === 'VARCHAR' ? T : T.slice(0, -1))}::${type} AS received_at, 's' AS source, 'b' AS body`,
    );
    expect((await rows(path))[0]?.receivedAtMicros).toBe(expected);
  });

  it('have nanoseconds floored, also before 1970, and text times of the contract', async () => {
    const nanos = await byDuck(
      `SELECT TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS received_at, 's' AS source, 'b' AS body`,
    );
    expect((await rows(nanos))[0]?.receivedAtMicros).toBe(-1n);
    const text = await byDuck(
      `SELECT unnest(['2026-03-01 10:00:00 UTC', '2026-03-01T12:00:00.1234567+02:00', '2026-03-01T10:00:00']) AS received_at, 's' AS source, 'b' AS body`,
    );
    const at = micros('2026-03-01T10:00:00Z');
    expect((await rows(text)).map((row) => row.receivedAtMicros)).toEqual([at, at + 123_456n, at]);
    const blob = await byDuck(`SELECT '2026-03-01T10:00:00Z'::BLOB AS received_at, 's'::BLOB AS source, 'b' AS body`);
    expect(await rows(blob)).toMatchObject([{ receivedAtMicros: at, source: 's', body: 'b' }]);
  });

  it('keep null sources, and read null bodies as empty', async () => {
    const path = await byDuck(
      `SELECT TIMESTAMP '2026-01-01' AS received_at, NULL::VARCHAR AS source, NULL::VARCHAR AS body`,
    );
    expect(await rows(path)).toMatchObject([{ source: null, body: '', bodyBytes: 0, bodySha256: sha('') }]);
  });

  it('are taken as they stand from a JSON column', async () => {
    const path = await byDuck(
      `SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source, '{"a" : 1.50}'::JSON AS body`,
    );
    expect(await rows(path)).toMatchObject([{ body: '{"a" : 1.50}' }]);
  });

  it('do not carry bodies over the limit', async () => {
    const path = await byDuck(
      `SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source, unnest(['12345', '123456']) AS body`,
    );
    expect(await rows(path, undefined, 5)).toMatchObject([
      { body: '12345' },
      { body: undefined, bodyBytes: 6, bodySha256: sha('123456') },
    ]);
  });

  it('are those of the range asked for, in order, in bounded batches', async () => {
    const path = await byDuck(
      `SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source, repeat(i::VARCHAR, 2000) AS body FROM range(20000) t(i)`,
      'ROW_GROUP_SIZE 4096',
    );
    for (const [from, to] of [
      [0, 1],
      [4095, 4097],
      [5000, 14_000],
      [19_999, 30_000],
      [7, 7],
      [20_000, 20_005],
    ] as const) {
      const found = await rows(path, { from, to });
      expect(found.map(({ row }) => row)).toEqual(
        Array.from({ length: Math.max(0, Math.min(to, 20_000) - from) }, (_, n) => from + n),
      );
    }
    let largest = 0;
    for await (const batch of reader.read(path, undefined, BODY_MAX)) {
      largest = Math.max(
        largest,
        batch.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0),
      );
    }
    expect(largest).toBeLessThan(9 * 1024 * 1024);
  });

  it('are found by the exact column name, in a file whose name is a pattern and whose other columns are odd', async () => {
    const path = join(folder, `dt=2026-01-01 [1] it's *.parquet`);
    const names = ['Body', 'file_row_number', 'filename', 'body', 'received_at', 'source', 'c0'];
    const columnData = names.map((name) => ({ name, data: [name], type: 'STRING' as const }));
    await writeFile(
      path,
      Buffer.from(
        parquetWriteBuffer({
          columnData: columnData.map((column) =>
            column.name === 'received_at' ? { ...column, data: [new Date(T)], type: 'TIMESTAMP' as const } : column,
          ),
        }),
      ),
    );
    expect(await rows(path)).toMatchObject([{ row: 0, body: 'body', source: 'source' }]);
  });

  it('may be left early, and several may be read at once', async () => {
    const path = await byDuck(
      `SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source, 'b' || i AS body FROM range(300000) t(i)`,
    );
    for await (const batch of reader.read(path, undefined, BODY_MAX)) {
      expect(batch[0]?.row).toBe(0);
      break;
    }
    const all = await Promise.all([0, 1, 2].map((n) => rows(path, { from: n * 1000, to: n * 1000 + 5 })));
    expect(all.map((found) => found[0]?.body)).toEqual(['b0', 'b1000', 'b2000']);
  });
});

describe('other writers', () => {
  it.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP'])('parquetjs-lite, %s', async (compression) => {
    const path = newPath();
    const schema = new parquetjs.ParquetSchema({
      source: { type: 'UTF8', compression, optional: true },
      received_at: { type: 'TIMESTAMP_MILLIS', compression },
      body: { type: 'UTF8', compression },
    });
    const writer = await parquetjs.ParquetWriter.openFile(schema, path);
    writer.setRowGroupSize(64);
    for (let n = 0; n < 200; n++) {
      await writer.appendRow({
        received_at: new Date(T),
        body: `body é ${n}`,
        ...(n % 2 === 0 ? { source: 'web' } : {}),
      });
    }
    await writer.close();
    const found = await rows(path);
    expect(found.map(({ body }) => body)).toEqual(Array.from({ length: 200 }, (_, n) => `body é ${n}`));
    expect(found[0]).toMatchObject({ source: 'web', receivedAtMicros: micros(T) });
    expect(found[1]?.source).toBeNull();
  });

  it.each(['UNCOMPRESSED', 'SNAPPY'] as const)('hyparquet-writer, %s', async (codec) => {
    const path = await byHyparquet({
      codec,
      rowGroupSize: 50,
      columnData: [
        { name: 'received_at', data: Array.from({ length: 120 }, () => new Date(T)), type: 'TIMESTAMP' },
        { name: 'source', data: Array.from({ length: 120 }, () => 'web'), type: 'STRING' },
        { name: 'body', data: Array.from({ length: 120 }, (_, n) => Buffer.from(`b${n}`)), type: 'BYTE_ARRAY' },
      ],
    });
    const found = await rows(path);
    expect(found.map(({ body }) => body)).toEqual(Array.from({ length: 120 }, (_, n) => `b${n}`));
    expect(found[5]).toMatchObject({ source: 'web', receivedAtMicros: micros(T) });
  });

  it('Spark: INT96 times, also before 1970', async () => {
    const path = await handMadeInt96([micros(T) * 1000n, -1n]);
    expect((await rows(path)).map((row) => row.receivedAtMicros)).toEqual([micros(T), -1n]);
  });

  it('ours: the same bytes for the same deliveries, and generalised UTF-8 only where it must be', async () => {
    const writer = createRawWriter({ scratch: join(folder, 'spill') });
    const deliveries = Array.from({ length: 5000 }, (_, n) => ({
      receivedAtMicros: BigInt(n),
      source: 'web',
      body: `body ${n} é`,
    }));
    const paths = [newPath(), newPath(), newPath()] as const;
    const batches = async function* (sizes: number, more: string[] = []) {
      for (let at = 0; at < deliveries.length; at += sizes) yield deliveries.slice(at, at + sizes);
      yield more.map((body) => ({ receivedAtMicros: 9n, source: 'web', body }));
    };
    await writer.write(paths[0], batches(5000));
    await writer.write(paths[1], batches(7));
    await writer.write(paths[2], batches(1000, ['\ud83d!', '🙂']));
    await writer.close();
    expect(await readFile(paths[1])).toEqual(await readFile(paths[0]));
    const found = await rows(paths[2]);
    expect(found.slice(0, 5000).map(({ body }) => body)).toEqual(deliveries.map(({ body }) => body));
    expect(found.slice(5000)).toMatchObject([
      { body: undefined, bodyBytes: 4, bodySha256: sha(Uint8Array.of(0xed, 0xa0, 0xbd, 0x21)) },
      { body: '🙂' },
    ]);
  });
});

function int96(nanos: bigint): Uint8Array {
  const NANOS_PER_DAY = 86_400_000_000_000n;
  const ofDay = ((nanos % NANOS_PER_DAY) + NANOS_PER_DAY) % NANOS_PER_DAY;
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, ofDay, true);
  view.setInt32(8, Number((nanos - ofDay) / NANOS_PER_DAY) + 2_440_588, true);
  return bytes;
}

/** parquetjs-lite writes INT96, of its own numbers: the right bytes are put in their place, uncompressed and in order. */
async function handMadeInt96(nanos: readonly bigint[]): Promise<string> {
  const path = newPath();
  const schema = new parquetjs.ParquetSchema({
    received_at: { type: 'INT96' },
    source: { type: 'UTF8' },
    body: { type: 'UTF8' },
  });
  const writer = await parquetjs.ParquetWriter.openFile(schema, path);
  const marks = nanos.map((_, n) => 1_234_567_890 + n);
  for (const mark of marks) await writer.appendRow({ received_at: mark, source: 's', body: 'b' });
  await writer.close();
  const content = await readFile(path);
  for (const [n, mark] of marks.entries()) {
    const placed = Buffer.alloc(12);
    placed.writeBigInt64LE(BigInt(mark));
    // Statistics hold it too.
    for (let at = content.indexOf(placed); at !== -1; at = content.indexOf(placed))
      content.set(int96(nanos[n] as bigint), at);
  }
  await writeFile(path, content);
  return path;
}

describe('text that is no UTF-8', () => {
  it('makes no body of its own row, and harms no other row', async () => {
    const bodies = Array.from({ length: 5000 }, (_, n) => Buffer.from(`body ${n} é`));
    bodies[17] = Buffer.from([0x61, 0xff]);
    bodies[4321] = Buffer.from([0xed, 0xa0, 0xbd]);
    for (const [converted, codec] of [
      ['UTF8', 'SNAPPY'],
      ['ENUM', 'SNAPPY'],
    ] as const) {
      const path = await byHyparquet({
        codec,
        rowGroupSize: 1000,
        schema: [
          { name: 'root', num_children: 3 },
          { name: 'received_at', type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type: 'REQUIRED' },
          { name: 'source', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
          {
            name: 'body',
            type: 'BYTE_ARRAY',
            converted_type: converted,
            ...(converted === 'ENUM' ? {} : { logical_type: { type: 'STRING' } }),
            repetition_type: 'REQUIRED',
          },
        ],
        columnData: [
          { name: 'received_at', data: bodies.map((_, n) => BigInt(n)) },
          { name: 'source', data: bodies.map((_, n) => (n === 3 ? Buffer.from([0x80]) : Buffer.from('s'))) },
          { name: 'body', data: bodies },
        ],
      });
      const found = await rows(path);
      expect(found).toHaveLength(5000);
      for (const [n, row] of found.entries()) {
        const bytes = bodies[n] as Buffer;
        expect(row.body).toBe(n === 17 || n === 4321 ? undefined : bytes.toString());
        expect(row.bodySha256).toBe(sha(bytes));
      }
      expect(found[3]?.source).toBe('\ufffd');
      expect(await rows(path, { from: 4320, to: 4323 })).toHaveLength(3);
    }
    expect((await readdir(join(folder, 'spill'))).filter((name) => name.startsWith('binary-'))).toEqual([]);
  });
});

describe('unreadable objects', () => {
  it.each([
    [`SELECT 1::BIGINT AS received_at, 's' AS source, 'b' AS body`, 'column received_at is INT64'],
    [`SELECT DATE '2026-01-01' AS received_at, 's' AS source, 'b' AS body`, 'column received_at is INT32 DATE'],
    [`SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source`, 'no column body'],
    [`SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source, 'b' AS "BODY"`, 'no column body'],
    [`SELECT TIMESTAMP '2026-01-01' AS received_at, 5 AS source, 'b' AS body`, 'column source is INT32'],
    [`SELECT TIMESTAMP '2026-01-01' AS received_at, 's' AS source, ['b'] AS body`, 'column body is nested'],
    [`SELECT NULL::TIMESTAMP AS received_at, 's' AS source, 'b' AS body`, 'received_at of row 0 is not a time'],
    [
      `SELECT unnest(['2026-01-01T00:00:00Z', 'soon']) AS received_at, 's' AS source, 'b' AS body`,
      'received_at of row 1 is not a time',
    ],
    [`SELECT TIMESTAMP 'infinity' AS received_at, 's' AS source, 'b' AS body`, 'received_at of row 0 is not a time'],
    [`SELECT TIMESTAMP '12026-01-01' AS received_at, 's' AS source, 'b' AS body`, 'received_at of row 0 is not a time'],
  ])('%s', async (select, detail) => {
    await expect(rows(await byDuck(select))).rejects.toMatchObject(unreadable(detail));
  });

  it('are those whose pages are not compressed as they say', async () => {
    const column = (name: string, data: unknown[], type: 'STRING' | 'TIMESTAMP') => ({ name, data, type });
    const path = await byHyparquet({
      codec: 'LZ4',
      compressors: { LZ4: (input: Uint8Array) => input },
      columnData: [
        column('received_at', [new Date(T)], 'TIMESTAMP'),
        column('source', ['s'], 'STRING'),
        column('body', ['b'], 'STRING'),
      ],
    });
    await expect(rows(path)).rejects.toMatchObject(unreadable('corrupt'));
  });

  it('are told from objects that are gone', async () => {
    await expect(rows(join(folder, 'gone'))).rejects.toMatchObject({ code: 'ObjectMissing' });
  });

  it.each([
    ['', 'empty file'],
    ['PAR', 'no Parquet file'],
    ['PAR1PAR1', 'truncated'],
    ['{"received_at": 1}', 'no Parquet file'],
    ['PARE0000000000PARE', 'encrypted'],
    ['PAR1\xff\xff\xff\x7fPAR1', 'corrupt footer'],
    ['PAR1\0\0\0\0PAR1', 'corrupt footer'],
  ])('%j', async (content, detail) => {
    const path = newPath();
    await writeFile(path, Buffer.from(content, 'latin1'));
    await expect(rows(path)).rejects.toMatchObject(unreadable(detail));
  });

  it('are told at whatever place a file was cut', { timeout: 120_000 }, async () => {
    const whole = await readFile(await sample('zstd'));
    const path = newPath();
    for (let length = 0; length < whole.length; length += Math.max(1, Math.floor(whole.length / 60))) {
      await writeFile(path, whole.subarray(0, length));
      await expect(rows(path)).rejects.toMatchObject({ code: 'UnreadableObject' });
    }
  });

  it('never make another error, nor a crash, whatever byte is changed', { timeout: 300_000 }, async () => {
    let random = 42;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    const path = newPath();
    for (const codec of ['zstd', 'snappy', 'uncompressed']) {
      const whole = await readFile(await sample(codec));
      const footerAt = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
      for (let round = 0; round < 50; round++) {
        const damaged = Buffer.from(whole);
        for (let flips = 1 + next(3); flips > 0; flips--) {
          const at = round % 2 === 0 ? footerAt + next(whole.length - footerAt) : next(whole.length);
          damaged[at] = round % 3 === 0 ? next(256) : (damaged[at] as number) ^ (1 << next(8));
        }
        await writeFile(path, damaged);
        const failure = await rows(path).then(
          () => undefined,
          (error: unknown) => error,
        );
        const isRight = failure === undefined || (isRepriseError(failure) && failure.code === 'UnreadableObject');
        if (!isRight) throw new Error(`${codec}, round ${round}: another error`, { cause: failure });
      }
    }
  });

  it('are those that declare more than the limits allow, or what does not fit into the file', async () => {
    const whole = await readFile(await sample('uncompressed'));
    const path = newPath();
    const footerAt = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
    const edited = (from: bigint, to: bigint): Buffer => replaceInteger(whole, footerAt, from, to);
    const metadata = parquetMetadata(new Uint8Array(whole));
    const chunk = metadata.row_groups[0]?.columns[2]?.meta_data;
    const uncompressed = chunk?.total_uncompressed_size as bigint;
    await writeFile(path, edited(uncompressed, 40n * 1024n ** 3n));
    await expect(rows(path)).rejects.toMatchObject(
      unreadable(/^row group 0 (declares 40 GB for body, limit 4 GB|points beyond the file)$/),
    );
    await writeFile(path, edited(chunk?.data_page_offset as bigint, 10n ** 12n));
    await expect(rows(path)).rejects.toMatchObject(unreadable('row group 0 points beyond the file'));
    await writeFile(path, edited(metadata.num_rows, 10n ** 15n));
    await expect(rows(path)).rejects.toMatchObject({ code: 'UnreadableObject' });
  });
});

async function sample(codec: string): Promise<string> {
  return byDuck(
    `SELECT TIMESTAMP '2026-01-01' + to_microseconds(i) AS received_at, 's' || (i % 3) AS source, repeat('é' || i, 1 + i % 50) AS body FROM range(3000) t(i)`,
    `COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`,
  );
}

/** The footer with every integer `from` replaced by `to`, as zigzag varints, and its length corrected. */
function replaceInteger(content: Buffer, footerAt: number, from: bigint, to: bigint): Buffer {
  const varint = (value: bigint): Buffer => {
    const bytes: number[] = [];
    let rest = value * 2n;
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    return Buffer.from([...bytes, Number(rest)]);
  };
  let footer = content.subarray(footerAt, content.length - 8);
  const old = varint(from);
  const changed = varint(to);
  for (let at = footer.indexOf(old); at !== -1; at = footer.indexOf(old, at + changed.length)) {
    footer = Buffer.concat([footer.subarray(0, at), changed, footer.subarray(at + old.length)]);
  }
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([content.subarray(0, footerAt), footer, length, Buffer.from('PAR1')]);
}
