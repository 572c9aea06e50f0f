// Small raw objects that are read by one query: what is given of an object is what reading it alone gives, and of one that
// anything is the matter with nothing is given.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { smallObject, stockChange } from './small-objects.ts';

const BODY_MAX = 1000;
const DAY = '2026-06-01';

let folder: string;
let reader: ReturnType<typeof createRawReader>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-together-'));
  reader = createRawReader({ scratch: join(folder, 'spill') });
});
afterAll(async () => {
  await reader.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
async function put(content: Uint8Array, name = `part-${count++}`): Promise<string> {
  const path = join(folder, `${name}.parquet`);
  await writeFile(path, content);
  return path;
}

const object = (numbers: readonly number[], time?: 'text'): Uint8Array =>
  smallObject(
    numbers.map((number) => stockChange(number, DAY)),
    time,
  );

async function alone(path: string): Promise<RawRow[]> {
  const rows: RawRow[] = [];
  for await (const batch of reader.read(path, undefined, BODY_MAX)) rows.push(...batch);
  return rows;
}

async function together(paths: readonly string[]): Promise<Map<number, readonly RawRow[]>> {
  const found = new Map<number, readonly RawRow[]>();
  for await (const { place, footer, rows } of reader.readTogether(paths, BODY_MAX)) {
    expect(found.has(place)).toBe(false);
    expect(footer).toEqual(await reader.footer(paths[place] as string));
    found.set(place, rows);
  }
  return found;
}

it('gives each object what reading it alone gives, whatever its columns and name', async () => {
  const long = { ...stockChange(1, DAY), body: 'x'.repeat(2 * BODY_MAX) };
  const paths = [
    await put(object([0])),
    await put(object([1, 2, 3])),
    await put(object([4, 5], 'text')),
    await put(object([6]), 'part-[0]'),
    await put(object([7]), 'part-*'),
    await put(object([8], 'text')),
    await put(smallObject([stockChange(9, DAY), long])),
    await put(smallObject([{ ...stockChange(10, DAY), body: '' }])),
  ];
  const found = await together(paths);
  expect([...found.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const [place, path] of paths.entries()) expect(found.get(place)).toEqual(await alone(path));
});

it('gives nothing of an object that cannot be read, is not small, or has no rows', async () => {
  const good = object([0, 1]);
  const flipped = Uint8Array.from(good);
  flipped[6] = 0xff;
  const badTime = smallObject([{ ...stockChange(2, DAY), receivedAt: 'yesterday' }], 'text');
  const rowsMany = Array.from({ length: RAW_READ_LIMITS.batchRowsMax + 1 }, (_, number) => number);
  const paths = [
    await put(good),
    await put(good.slice(0, 50)),
    await put(new Uint8Array(0)),
    await put(object([])),
    await put(object(rowsMany)),
    await put(object([3])),
    join(folder, 'gone.parquet'),
  ];
  expect([...(await together(paths)).keys()]).toEqual([0, 5]);
  // In the middle of a group: those after it have to be read alone, and none is given wrongly.
  const damaged = [await put(good), await put(flipped), await put(object([4])), await put(badTime)];
  const found = await together(damaged);
  expect(found.has(1)).toBe(false);
  expect(found.has(3)).toBe(false);
  for (const [place, rows] of found) expect(rows).toEqual(await alone(damaged[place] as string));
});

it('gives several thousand in groups', async () => {
  const paths: string[] = [];
  for (let number = 0; number < 1500; number++) paths.push(await put(object([number])));
  const found = await together(paths);
  expect([...found.values()].map(([row]) => row?.body)).toEqual(
    paths.map((_, number) => stockChange(number, DAY).body),
  );
});
