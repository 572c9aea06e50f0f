// Versions of raw objects: another for other content of the same size and time, the same for the same content at another time.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTENT_VERSION_LIMITS } from '../../adapters/folder/content-version.ts';
import { openFileStore } from '../../adapters/folder/files.ts';
import { isSameVersion, isVersion, type ObjectInfo, type ObjectStore } from '../../ports/object-store.ts';

const KEY = 'raw/pulsecart/dt=2026-06-01/hour=00/part-0.parquet';
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);
const KEY_OF_VERSIONS = new Uint8Array(32).fill(9);
const LARGE_BYTES = 4 * CONTENT_VERSION_LIMITS.wholeBytesMax;

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-versions-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Lake {
  readonly root: string;
  readonly cache: string;
  readonly open: () => ObjectStore;
  put(content: Uint8Array): Promise<void>;
}

function newLake(): Lake {
  const root = join(folder, `lake-${count}`);
  const cache = join(folder, `cache-${count++}`);
  return {
    root,
    cache,
    open: () => openFileStore(root, { contentVersions: { folder: cache, key: KEY_OF_VERSIONS } }),
    put: async (content) => {
      const path = join(root, KEY);
      await mkdir(dirname(path), { recursive: true });
      writeFileSync(path, content);
      await utimes(path, AN_HOUR_AGO, AN_HOUR_AGO);
    },
  };
}

const head = async (store: ObjectStore): Promise<ObjectInfo> => {
  const found = await store.head(KEY);
  if (found === undefined) throw new Error('the object is gone');
  return found;
};

const list = async (store: ObjectStore): Promise<ObjectInfo[]> => {
  const found: ObjectInfo[] = [];
  for await (const info of store.list('raw/pulsecart/')) found.push(info);
  return found;
};

/** Bytes as of a Parquet file with a footer of 16 bytes. */
function largeContent(): Uint8Array {
  const content = Buffer.alloc(LARGE_BYTES, 'raw');
  content.writeUInt32LE(16, LARGE_BYTES - 8);
  content.write('PAR1', LARGE_BYTES - 4);
  return content;
}

describe('the version of a raw object', () => {
  it('is another for other content of the same size and time, also in one process and one tick', async () => {
    const lake = newLake();
    const store = lake.open();
    const seen = new Set<string>();
    for (const text of ['one', 'two', 'six']) {
      await lake.put(Buffer.from(text));
      seen.add((await head(store)).version).add((await head(lake.open())).version);
    }
    expect(seen.size).toBe(3);
  });

  it('is the same after a copy, whatever its time', async () => {
    const [lake, copy] = [newLake(), newLake()];
    await lake.put(largeContent());
    await copy.put(largeContent());
    copyFileSync(join(lake.root, KEY), join(copy.root, KEY));
    const [one, other] = [await head(lake.open()), await head(copy.open())];
    expect(other.version).toBe(one.version);
    expect(other.formerVersion).not.toBe(one.formerVersion);
  });

  it.each([
    ['the footer', LARGE_BYTES - 20],
    ['the beginning', 3],
    ['a sample', Math.floor((LARGE_BYTES - 4096) / 63) * 40 + 7],
  ])('is another when %s of a large object differs by one byte', async (_, at) => {
    const lake = newLake();
    await lake.put(largeContent());
    const before = await head(lake.open());
    const content = largeContent();
    content[at] = 0xff;
    await lake.put(content);
    expect((await head(lake.open())).version).not.toBe(before.version);
  });

  it('is another under another key: a plain digest could be searched for what is not known of a body', async () => {
    const lake = newLake();
    await lake.put(Buffer.from('content'));
    const { version } = await head(lake.open());
    const others = openFileStore(lake.root, {
      contentVersions: { folder: `${lake.cache}-2`, key: new Uint8Array(32) },
    });
    expect((await head(others)).version).not.toBe(version);
    const plain = createHash('sha256').update('content').digest('hex');
    for (let at = 0; at + 8 <= plain.length; at++) expect(version).not.toContain(plain.slice(at, at + 8));
  });

  it('is worked out once, as long as nobody touches the file', async () => {
    const lake = newLake();
    await lake.put(Buffer.from('content'));
    const [first] = await list(lake.open());
    expect(existsSync(lake.cache)).toBe(false);
    // Only a file that has rested for two seconds is known by its facts.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await list(lake.open())).toEqual([first]);
    const [document] = readdirSync(lake.cache);
    expect(document).toMatch(/^[0-9a-f]{32}\.json$/);
    expect(await list(lake.open())).toEqual([first]);
    await lake.put(Buffer.from('CONTENT'));
    expect((await head(lake.open())).version).not.toBe(first?.version);
    writeFileSync(join(lake.cache, document as string), '{"format":1,');
    expect((await list(lake.open())).map(({ bytes }) => bytes)).toEqual([7]);
  });

  it('is known by the one that earlier releases gave, as long as size and time are those', async () => {
    const lake = newLake();
    await lake.put(Buffer.from('content'));
    const former = (await openFileStore(lake.root).head(KEY))?.version ?? '';
    expect(isVersion(await head(lake.open()), former)).toBe(true);
    await utimes(join(lake.root, KEY), new Date(), new Date());
    expect(isVersion(await head(lake.open()), former)).toBe(false);
  });
});

it('two versions that were written down are compared by size when one of them is of an earlier release', () => {
  const today = `7-${'0123456789abcdef'.repeat(2)}`;
  expect(isSameVersion(today, today)).toBe(true);
  expect(isSameVersion(today, today.replace('f', 'e'))).toBe(false);
  expect(isSameVersion('7-1780000000000000000', today)).toBe(true);
  expect(isSameVersion('8-1780000000000000000', today)).toBe(false);
  expect(isSameVersion('7-1780000000000000000', '7-1780000000000000001')).toBe(false);
});
