// The store that keeps what is written above one that may only be read.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileStore } from '../../adapters/folder/files.ts';
import { openOverlayStore } from '../../adapters/folder/overlay-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { describeObjectStore } from '../contracts/object-store.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-overlay-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const openFolder = (): ObjectStore => openFileStore(join(folder, String(count++)));

describeObjectStore('overlay', async () => openOverlayStore(openFolder(), openFolder()));

describe('the overlay store', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const open = async (): Promise<{ readonly base: ObjectStore; readonly store: ObjectStore }> => {
    const base = openFolder();
    for (const key of ['a/1', 'a/3']) await base.write(key, bytes(`below ${key}`), { if: 'always' });
    return { base, store: openOverlayStore(base, openFolder()) };
  };
  const read = async (store: ObjectStore, key: string): Promise<string> =>
    new TextDecoder().decode(await store.read(key));

  it('shows what is below, and above it what was written', async () => {
    const { base, store } = await open();
    await store.write('a/2', bytes('above'), { if: 'absent' });
    await store.write('a/3', bytes('above'), { if: 'always' });
    const keys: string[] = [];
    for await (const info of store.list('a/')) {
      expect(info).toEqual(await store.head(info.key));
      keys.push(info.key);
    }
    expect(keys).toEqual(['a/1', 'a/2', 'a/3']);
    expect(await read(store, 'a/1')).toBe('below a/1');
    expect(await read(store, 'a/3')).toBe('above');
    expect(await read(base, 'a/3')).toBe('below a/3');
    expect(await base.head('a/2')).toBeUndefined();
    await store.remove('a/3');
    expect(await read(store, 'a/3')).toBe('below a/3');
  });

  it('takes the versions below for those that a condition names, and lets one of many writers win', async () => {
    const { store } = await open();
    const version = (await store.head('a/1'))?.version as string;
    expect(await store.write('a/1', bytes('x'), { if: 'absent' })).toBe('lost');
    expect(await store.write('a/1', bytes('x'), { if: 'version', version: 'other' })).toBe('lost');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => store.write('a/1', bytes(`w${writer}`), { if: 'version', version })),
    );
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    expect(await read(store, 'a/1')).toBe(`w${outcomes.indexOf('written')}`);
    expect(await store.write('a/1', bytes('late'), { if: 'version', version })).toBe('lost');
  });
});
