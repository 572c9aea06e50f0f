// Landing, from a file of NDJSON to what the raw reader reads back, over real files and DuckDB.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { createRawWriter } from '../../adapters/duckdb/raw-writer.ts';
import { openDeliveryFile } from '../../adapters/folder/delivery-file.ts';
import { openFileStore } from '../../adapters/folder/files.ts';
import { openScratch } from '../../adapters/folder/scratch.ts';
import { readDelivery } from '../../engine/land/delivery.ts';
import { type Landing, land } from '../../engine/land/land.ts';
import { LAND_LIMITS } from '../../engine/land/limits.ts';
import { encodeRecord } from '../../engine/land/record.ts';
import { formatMicros } from '../../model/time.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

let folder: string;
let writer: ReturnType<typeof createRawWriter>;
let reader: ReturnType<typeof createRawReader>;
let count = 0;
const KEY = new Uint8Array(32).fill(5);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-land-'));
  writer = createRawWriter({ scratch: join(folder, 'spill') });
  reader = createRawReader({ scratch: join(folder, 'spill') });
});
afterAll(async () => {
  await writer.close();
  await reader.close();
  await rm(folder, { recursive: true, force: true });
});

const newLake = (): ObjectStore => openFileStore(join(folder, `lake-${count++}`));

/** Lands the bytes, cut into pieces of a size, and checks that scratch is gone afterwards. */
async function landBytes(
  content: Uint8Array | string,
  lake: ObjectStore,
  pieceBytes = 64,
  deliveryKey = KEY,
): Promise<Landing> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const parent = join(folder, `scratch-${count++}`);
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  try {
    const scratch = await openScratch(parent);
    return await land({ pipeline: 'pulsecart', chunks: pieces(), lake, writer, scratch, deliveryKey });
  } finally {
    expect(await readdir(parent)).toEqual([]);
  }
}

/** sha256 over the record of the line's delivery, as landing makes it. */
async function digestOf(text: string): Promise<string> {
  const read = readDelivery(text);
  if (!('delivery' in read)) throw new Error('no delivery');
  return createHash('sha256').update(encodeRecord(read.delivery).record).digest('hex');
}

type Row = readonly [receivedAt: string, source: string | null, body: string | undefined];

async function rowsOf(lake: ObjectStore): Promise<Record<string, Row[]>> {
  const found: Record<string, Row[]> = {};
  for await (const { key } of lake.list('raw/')) {
    const { path } = await lake.fetch(key);
    const rows: Row[] = [];
    for await (const batch of reader.read(path, undefined, 262_144)) {
      for (const row of batch) rows.push([formatMicros(row.receivedAtMicros), row.source, row.body]);
    }
    found[key.slice(0, key.lastIndexOf('/'))] = [...(found[key.slice(0, key.lastIndexOf('/'))] ?? []), ...rows];
  }
  return found;
}

const line = (receivedAt: string, body: string, source = 'web'): string =>
  JSON.stringify({ received_at: receivedAt, source, body });

describe('land', () => {
  it('gives names that nobody can make from the content without the key', async () => {
    const lake = newLake();
    // One payment in an object, of whose card all is known but six digits.
    const payment = (digits: number): string =>
      line(
        '2026-03-01T10:00:00Z',
        JSON.stringify({ event_id: 'p-1', card: { number: `453900${String(digits).padStart(6, '0')}1234` } }),
        'payment-service',
      );
    const content = payment(120_000);
    const { objects } = await landBytes(content, lake);
    const name = objects[0]?.key.split('/').at(-1) as string;
    expect(name).toMatch(/^landed-[0-9a-f]{32}\.parquet$/);
    const records: string[] = [];
    for (let tried = 119_000; tried < 121_000; tried++) {
      records.push(await digestOf(payment(tried)), createHash('sha256').update(payment(tried)).digest('hex'));
    }
    // The very digest that names objects of older versions is among those tried.
    expect(records).toContain(await digestOf(content));
    expect(records.filter((digest) => name.includes(digest.slice(0, 8)))).toEqual([]);
    const other = newLake();
    const again = await landBytes(content, other, 64, new Uint8Array(32).fill(6));
    expect(again.objects[0]?.key).not.toBe(objects[0]?.key);
  });

  it('lands nothing again that an older version landed under a plain hash', async () => {
    const lake = newLake();
    const text = [1, 2, 3].map((n) => line(`2026-03-01T0${n}:00:00Z`, `body ${n}`)).join('\n');
    await landBytes(text, lake);
    const older = newLake();
    for (const [place, hour] of ['01', '02'].entries()) {
      const folder = `raw/pulsecart/dt=2026-03-01/hour=${hour}`;
      const digest = await digestOf(text.split('\n')[place] as string);
      for await (const { key } of lake.list(`${folder}/`)) {
        const { path } = await lake.fetch(key);
        await older.write(`${folder}/${digest.slice(0, 32)}.parquet`, await readFile(path), { if: 'absent' });
      }
    }
    expect(await landBytes(text, older)).toMatchObject({ read: 3, landed: 1, alreadyThere: 2 });
    expect(await landBytes(text, older)).toMatchObject({ read: 3, landed: 0, alreadyThere: 3 });
  });

  it('puts deliveries into their hours of arrival, in the order of the file, to the last character', async () => {
    const lake = newLake();
    const bodies = ['{"a": 1}', '', 'no json', 'é – 🙂 \u0000 \\ " \n\r\t', '\ufeffbom', "'; --", '\\x41 \\u0041'];
    const text = [
      ...bodies.map((body, place) => line(`2026-03-01T10:00:0${9 - place}.123456789Z`, body)),
      line('2026-03-01 23:30:00-02:00', 'later', 'order-service'),
      line('1969-12-31T23:59:59.999999 UTC', 'early'),
    ].join('\n');
    const landing = await landBytes(text, lake);
    expect(landing).toMatchObject({ read: 9, landed: 9, alreadyThere: 0, objectsAlreadyThere: 0 });
    expect(landing.objects.map(({ rows }) => rows)).toEqual([1, 7, 1]);
    expect(await rowsOf(lake)).toEqual({
      'raw/pulsecart/dt=1969-12-31/hour=23': [['1969-12-31T23:59:59.999999Z', 'web', 'early']],
      'raw/pulsecart/dt=2026-03-01/hour=10': bodies.map((body, place) => [
        `2026-03-01T10:00:0${9 - place}.123456Z`,
        'web',
        body,
      ]),
      'raw/pulsecart/dt=2026-03-02/hour=01': [['2026-03-02T01:30:00.000000Z', 'order-service', 'later']],
    });
  });

  it('lands the same content once, whatever the file and its cuts', async () => {
    const lake = newLake();
    const text = `${Array.from({ length: 500 }, (_, n) => line(`2026-03-0${1 + (n % 3)}T00:00:00Z`, `body ${n}`)).join('\n')}\n`;
    const first = await landBytes(text, lake);
    expect(first).toMatchObject({ read: 500, landed: 500 });
    const again = await landBytes(`${text}\r\n\n`, lake, 7);
    expect(again).toEqual({ read: 500, landed: 0, objects: [], alreadyThere: 500, objectsAlreadyThere: 3 });
  });

  it('completes a landing that stopped halfway', async () => {
    const lake = newLake();
    const text = Array.from({ length: 60 }, (_, n) => line(`2026-03-01T0${n % 6}:00:00Z`, `body ${n}`)).join('\n');
    let moved = 0;
    const failing: ObjectStore = Object.assign(Object.create(lake) as ObjectStore, {
      head: (key: string) => lake.head(key),
      writeFile: (...given: Parameters<ObjectStore['writeFile']>) => {
        if (moved++ === 3) throw new Error('the power went');
        return lake.writeFile(...given);
      },
    });
    await expect(landBytes(text, failing)).rejects.toThrow('the power went');
    const rest = await landBytes(text, lake);
    expect(rest).toMatchObject({ read: 60, landed: 30, alreadyThere: 30, objectsAlreadyThere: 3 });
    expect(Object.values(await rowsOf(lake)).flat()).toHaveLength(60);
  });

  it.each<readonly [string, string | Uint8Array, string]>([
    ['no JSON', '{"received_at"', 'line 3 is no JSON: truncated at character 15'],
    ['no object', '[1]', 'line 3 is no JSON object'],
    ['no body', '{"received_at":"2026-03-01T00:00:00Z","source":"web"}', 'line 3 lacks body'],
    [
      'a body that is no text',
      '{"received_at":"2026-03-01T00:00:00Z","source":"web","body":{}}',
      'line 3 has a body that is no text',
    ],
    ['no time', line('yesterday', 'secret'), 'line 3 has a received_at that is no time'],
    ['24:00', line('2026-03-01T24:00:00Z', 'secret'), 'line 3 has a received_at that is no time'],
    [
      'a control character',
      '{"received_at":"2026-03-01T00:00:00Z","source":"a\tb","body":"x"}',
      'line 3 is no JSON: control_character at character 50',
    ],
    [
      'text after the object',
      `${line('2026-03-01T00:00:00Z', 'x')}{}`,
      'line 3 is no JSON: trailing_text at character 65',
    ],
    ['a blank line', '\n', 'line 3 is blank'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'line 3 is not UTF-8'],
    [
      'half a pair in the source',
      '{"received_at":"2026-03-01T00:00:00Z","source":"\\ud800","body":"x"}',
      'line 3 has a source with half a surrogate pair',
    ],
  ])('lands nothing of a file with %s', async (_, bad, message) => {
    const lake = newLake();
    const good = line('2026-03-01T00:00:00Z', 'secret');
    const content = Buffer.concat([
      Buffer.from(`${good}\n${good}\n`),
      Buffer.from(bad as string),
      Buffer.from(`\n${good}\n`),
    ]);
    await expect(landBytes(content, lake)).rejects.toMatchObject({
      code: 'NotADelivery',
      message: `${message}; nothing was landed`,
    });
    expect(await rowsOf(lake)).toEqual({});
  });

  it('refuses a line beyond its limit without holding it', async () => {
    const long = line('2026-03-01T00:00:00Z', 'x'.repeat(LAND_LIMITS.lineBytesMax));
    await expect(landBytes(`${long}\n`, newLake(), 1024 * 1024)).rejects.toMatchObject({
      message: 'line 1 is longer than 16 MB; nothing was landed',
    });
  });

  it('keeps half a surrogate pair as bytes that are no UTF-8, never as U+FFFD', async () => {
    const lake = newLake();
    const text = `${line('2026-03-01T00:00:00Z', 'whole 🙂')}
{"received_at":"2026-03-01T00:00:01Z","source":"web","body":"half \\ud83d then"}
{"received_at":"2026-03-01T00:00:02Z","source":"web","body":"\\ud83d\\ude42 escaped","x":"\\udfff"}
{"received_at":"2026-03-01T00:00:03Z","body":"\\udfff","source":"web"}\n`;
    await landBytes(text, lake);
    expect(await landBytes(text, lake)).toMatchObject({ landed: 0 });
    const rows = Object.values(await rowsOf(lake)).flat();
    expect(rows.map(([, , body]) => body)).toEqual(['whole 🙂', undefined, '🙂 escaped', undefined]);
  });

  it('cuts an hour into objects of bounded size, the same every time', { timeout: 60_000 }, async () => {
    const lake = newLake();
    const body = 'x'.repeat(8 * 1024 * 1024);
    const text = Array.from({ length: 20 }, (_, n) => line('2026-03-01T00:00:00Z', `${n}${body}`)).join('\n');
    const landing = await landBytes(text, lake, 1024 * 1024);
    expect(landing.objects.map(({ rows }) => rows)).toEqual([7, 7, 6]);
    expect(await landBytes(text, lake, 1024 * 1024)).toMatchObject({ landed: 0, objectsAlreadyThere: 3 });
  });
});

describe('readDelivery', () => {
  it('takes the first of repeated keys, in any order and spacing, and ignores the rest', () => {
    const expected = { delivery: { receivedAtMicros: 0n, source: 's', body: 'b' } };
    for (const text of [
      '{"received_at":"1970-01-01T00:00:00Z","source":"s","body":"b"}',
      '{"received_at": "1970-01-01T00:00:00Z", "source": "s", "body": "b"}\r',
      '{"received_at":"1970-01-01T00:00:00Z","source":"s","body":"b","body":"c","source":1}',
      ' { "body" : "b", "x": [{"body": "\\ud800"}], "source":"\\u0073","received_at":"1970-01-01T00:00:00Z", "body": 3 } ',
      '{"received_at":"1970-01-01T00:00:00Z","source":"s","body":"b" }',
    ]) {
      expect(readDelivery(text)).toEqual(expected);
    }
  });

  it('does not take two fields for one body', () => {
    const read = readDelivery('{"received_at":"1970-01-01T00:00:00Z","source":"s","body":"b","y":"}"}');
    expect(read).toEqual({ delivery: { receivedAtMicros: 0n, source: 's', body: 'b' } });
  });
});

describe('delivery file', () => {
  const text = async (path: string): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const part of await openDeliveryFile(path)) parts.push(part.slice());
    return Buffer.concat(parts).toString();
  };

  it('reads plain and gzip by content, also several members', async () => {
    const plain = join(folder, 'plain.gz');
    const zipped = join(folder, 'zipped.ndjson');
    await writeFile(plain, 'a\nb\n');
    await writeFile(zipped, Buffer.concat([gzipSync('a\n'), gzipSync('b\n'.repeat(300_000))]));
    expect(await text(plain)).toBe('a\nb\n');
    expect(await text(zipped)).toBe(`a\n${'b\n'.repeat(300_000)}`);
    await writeFile(plain, '');
    expect(await text(plain)).toBe('');
    await writeFile(plain, 'x');
    expect(await text(plain)).toBe('x');
  });

  it('names a gzip file that is cut short or damaged, at every cut', async () => {
    const path = join(folder, 'cut.gz');
    const whole = gzipSync(Array.from({ length: 200 }, (_, n) => `${n} ${Math.sin(n)}\n`).join(''));
    for (let length = 2; length < whole.length; length += 97) {
      await writeFile(path, whole.subarray(0, length));
      await expect(text(path)).rejects.toMatchObject({ code: 'NotADelivery', message: expect.stringContaining(path) });
    }
    const damaged = Buffer.from(whole);
    damaged[40] = (damaged[40] as number) ^ 0xff;
    await writeFile(path, damaged);
    await expect(text(path)).rejects.toMatchObject({ code: 'NotADelivery' });
  });

  it('says at once that a file is not there', async () => {
    await expect(openDeliveryFile(join(folder, 'absent'))).rejects.toMatchObject({ code: 'NotFound' });
    await expect(openDeliveryFile(folder)).rejects.toMatchObject({ code: 'NotFound' });
  });
});
