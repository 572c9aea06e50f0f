// LZ4 as Hadoop frames it: blocks and frames by hand, and objects that Spark 4 wrote (`spark/`: 1,200 rows, pages of
// version 1 with a timestamp and text, of version 2 with text times and binary bodies), whole and damaged.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { randomFrom } from '../../generator/random.ts';
import { decompressHadoopLz4, Lz4Fault } from '../../lib/parquet/lz4.ts';
import type { RawRow } from '../../model/raw-row.ts';

const ROWS = 1200;
const DAMAGES = 150;
const folder = await mkdtemp(join(tmpdir(), 'reprise-lz4-'));
const reader = createRawReader({ scratch: join(folder, 'scratch') });
afterAll(async () => {
  await reader.close();
  await rm(folder, { recursive: true, force: true });
});

const bytes = (text: string): number[] => [...Buffer.from(text)];
const lengthOf = (count: number): number[] => [count >>> 24, (count >> 16) & 255, (count >> 8) & 255, count & 255];
const text = (input: readonly number[], length: number): string =>
  Buffer.from(decompressHadoopLz4(Uint8Array.from(input), length)).toString();

/** `abc`, then a match of 9 that reaches into itself, then `!`. */
const BLOCK = [0x35, ...bytes('abc'), 3, 0, 0x10, ...bytes('!')];
const PLAIN = 'abcabcabcabc!';

describe('decompression', () => {
  it('copies literals and matches, of one frame or of several, of one block or of several', () => {
    expect(text([...lengthOf(13), ...lengthOf(BLOCK.length), ...BLOCK], 13)).toBe(PLAIN);
    const block = [...lengthOf(BLOCK.length), ...BLOCK];
    expect(text([...lengthOf(26), ...block, ...block], 26)).toBe(PLAIN + PLAIN);
    expect(text([...lengthOf(13), ...block, ...lengthOf(13), ...block], 26)).toBe(PLAIN + PLAIN);
  });

  it('reads lengths of more than one byte', () => {
    const long = 'x'.repeat(300);
    const block = [0xf0, 255, 300 - 15 - 255, ...bytes(long)];
    expect(text([...lengthOf(300), ...lengthOf(block.length), ...block], 300)).toBe(long);
  });

  it('takes one block without frames, as some writers have it', () => {
    expect(text(BLOCK, 13)).toBe(PLAIN);
  });

  it.each([
    ['a match before the start', [0x30, ...bytes('abc'), 4, 0, 0x10, ...bytes('!')], 13],
    ['a match at no distance', [0x35, ...bytes('abc'), 0, 0, 0x10, ...bytes('!')], 13],
    ['more than was said', BLOCK, 12],
    ['less than was said', BLOCK, 14],
    ['an end within literals', BLOCK.slice(0, 2), 13],
    ['an end within a match', BLOCK.slice(0, 5), 13],
    ['no end of a length', [0xf0, 255, 255], 1000],
    ['nothing', [], 13],
  ])('refuses %s', (_, input, length) => {
    expect(() => decompressHadoopLz4(Uint8Array.from(input), length)).toThrow(Lz4Fault);
  });
});

async function read(path: string): Promise<RawRow[]> {
  const rows: RawRow[] = [];
  for await (const batch of reader.read(path, undefined, 300_000)) rows.push(...batch);
  return rows;
}

const spark = (name: string): string => join(import.meta.dirname, 'spark', `${name}.parquet`);

describe.each(['lz4-pages-1', 'lz4-pages-2'])('Spark’s %s', (name) => {
  it('gives every row', async () => {
    expect((await reader.footer(spark(name))).rows).toBe(ROWS);
    const rows = await read(spark(name));
    expect(rows.map(({ row, source, body, receivedAtMicros }) => ({ row, source, body, receivedAtMicros }))).toEqual(
      Array.from({ length: ROWS }, (_, row) => ({
        row,
        source: ['web', 'app', 'order-service'][row % 3],
        body: `{"i":${row},"text":"${'abc'.repeat(row % 20)}é🙂"}`,
        receivedAtMicros: BigInt(Date.parse(`2026-06-01T10:${String(row % 60).padStart(2, '0')}:00.123Z`)) * 1000n,
      })),
    );
  });

  it('is read in part', async () => {
    const rows: RawRow[] = [];
    for await (const batch of reader.read(spark(name), { from: 700, to: 703 }, 300_000)) rows.push(...batch);
    expect(rows.map(({ row, body }) => [row, body?.slice(0, 8)])).toEqual([
      [700, '{"i":700'],
      [701, '{"i":701'],
      [702, '{"i":702'],
    ]);
  });

  it('with a byte changed anywhere is read or refused, never waited for', async () => {
    const sound = await readFile(spark(name));
    const random = randomFrom(7);
    const path = join(folder, 'damaged.parquet');
    let refused = 0;
    for (let damage = 0; damage < DAMAGES; damage++) {
      const damaged = Buffer.from(sound);
      damaged[Math.floor(random.fraction() * sound.length)] = Math.floor(random.fraction() * 256);
      await writeFile(path, damaged);
      await read(path).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'UnreadableObject' });
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(0);
  });
});
