// The counting store: it keeps the promises of every store, and counts what S3 would bill.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CountingStore } from '../../simulator/counting-store.ts';
import { SyntheticLake } from '../../simulator/synthetic-lake.ts';
import { MemoryStore } from '../adapters/memory-store.ts';
import { describeObjectStore } from '../contracts/object-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-counting-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stores = 0;
const open = (): CountingStore => new CountingStore(new MemoryStore(join(folder, String(stores++))));

describeObjectStore('counting', async () => open());

describe('the counting store counts', () => {
  const content = new Uint8Array(10);

  it('one request for each call, by kind and by the beginning of the key', async () => {
    const store = open();
    const path = join(folder, 'local');
    writeFileSync(path, 'local');
    await store.write('a/1', content, { if: 'always' });
    await store.write('a/1', content, { if: 'absent' });
    await store.writeFile('b/1', path, { if: 'always' });
    const { key } = await store.writeNamed([content], (sha256) => `b/${sha256}`);
    await store.head('a/none');
    await store.read('a/1');
    await store.read('a/none');
    await store.range('a/1', 8, 100);
    await store.digest('b/1');
    await (await store.fetch(key)).release();
    await store.remove(key);
    expect(store.requestsByKind('a/')).toEqual({ write: 2, head: 1, read: 2, range: 1 });
    expect(store.requestsByKind('b/')).toEqual({ writeFile: 1, writeNamed: 1, digest: 1, fetch: 1, remove: 1 });
    expect(store.requests()).toBe(11);
    expect(store.bytesRead('a/')).toBe(10 + 2);
    expect(store.bytesRead('b/')).toBe('local'.length + 10);
    store.reset();
    expect([store.requests(), store.bytesRead()]).toEqual([0, 0]);
  });

  it.each([
    [0, 1],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [2000, 2],
    [2001, 3],
  ])('a listing of %i keys as %i requests', async (objects, requests) => {
    const store = new CountingStore(new SyntheticLake({ pipeline: 'p', objects, days: 3, firstDate: '2026-01-01' }));
    let listed = 0;
    for await (const _ of store.list('raw/p/')) listed++;
    expect(listed).toBe(objects);
    expect(store.requestsByKind()).toEqual({ list: requests });
  });

  it('of a listing only what was asked for', async () => {
    const store = new CountingStore(
      new SyntheticLake({ pipeline: 'p', objects: 5000, days: 3, firstDate: '2026-01-01' }),
    );
    let listed = 0;
    for await (const _ of store.list('raw/p/')) if (++listed === 1500) break;
    expect(store.requestsByKind('raw/')).toEqual({ list: 2 });
    expect(store.requests('raw/other/')).toBe(0);
  });
});
