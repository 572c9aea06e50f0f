// What every object store promises, run by each adapter against the real thing.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined): string | undefined =>
  content === undefined ? undefined : new TextDecoder().decode(content);

/** Local files as a store under test knows them. */
export interface LocalFiles {
  /** Gives the path. */
  write(name: string, content: string): Promise<string>;
  /** Undefined for a missing file. */
  read(path: string): Promise<string | undefined>;
}

export interface StoreProperties {
  /** What gives an object another version; every write when absent. */
  readonly versions?: 'every write' | 'other content';
  /** Files on the disk when absent. */
  readonly files?: LocalFiles;
}

/** `open` gives an empty store each time. */
export function describeObjectStore(
  name: string,
  open: () => Promise<ObjectStore>,
  { versions = 'every write', files }: StoreProperties = {},
): void {
  describe(`${name}: object store`, () => {
    let store: ObjectStore;
    let folder: string;
    let local: LocalFiles;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'reprise-store-'));
      local = files ?? filesIn(folder);
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      store = await open();
    });

    const list = async (prefix: string): Promise<ObjectInfo[]> => {
      const found: ObjectInfo[] = [];
      for await (const info of store.list(prefix)) found.push(info);
      return found;
    };
    const contentOf = async (key: string): Promise<string | undefined> => text(await store.read(key));
    const versionOf = async (key: string): Promise<string> => (await store.head(key))?.version ?? 'none';

    it('has nothing at first', async () => {
      expect(await list('')).toEqual([]);
      expect(await list('raw/pulsecart/')).toEqual([]);
      expect(await store.head('raw/a')).toBeUndefined();
      expect(await store.read('raw/a')).toBeUndefined();
      await store.remove('raw/a');
    });

    it('reads what was written, exactly', async () => {
      const content = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      expect(await store.write('a/b=1/c.bin', content, { if: 'always' })).toBe('written');
      expect(await store.read('a/b=1/c.bin')).toEqual(content);
      expect(await store.head('a/b=1/c.bin')).toMatchObject({ key: 'a/b=1/c.bin', bytes: 256 });
      expect(await store.write('empty', new Uint8Array(0), { if: 'absent' })).toBe('written');
      expect(await store.read('empty')).toEqual(new Uint8Array(0));
    });

    it('reads a range of bytes, and less where the object ends', async () => {
      await store.write('a/b', bytes('PAR1 and more'), { if: 'always' });
      expect(text(await store.range('a/b', 0, 4))).toBe('PAR1');
      expect(text(await store.range('a/b', 5, 3))).toBe('and');
      expect(text(await store.range('a/b', 9, 100))).toBe('more');
      expect(text(await store.range('a/b', 13, 4))).toBe('');
      await store.write('short', bytes('P'), { if: 'always' });
      expect(text(await store.range('short', 0, 4))).toBe('P');
      expect(await store.range('none', 0, 4)).toBeUndefined();
    });

    it('writes content of any length under its own digest, and over what was damaged there', async () => {
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let piece = 0; piece < 300; piece++) yield new Uint8Array(10_000).fill(piece % 256);
      };
      const written = await store.writeNamed(pieces(), (sha256) => `named/${sha256}.bin`);
      expect(written).toMatchObject({ key: `named/${written.sha256}.bin`, bytes: 3_000_000 });
      expect(await store.digest(written.key)).toBe(written.sha256);
      expect(await store.range(written.key, 2_999_999, 5)).toEqual(Uint8Array.of(299 % 256));
      await store.write(written.key, bytes('damaged'), { if: 'always' });
      expect(await store.writeNamed(pieces(), (sha256) => `named/${sha256}.bin`)).toEqual(written);
      expect(await store.digest(written.key)).toBe(written.sha256);
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield bytes('a piece');
        throw new RangeError('the second piece failed');
      };
      await expect(store.writeNamed(failing(), () => 'named/failed')).rejects.toThrow('the second piece failed');
      expect(await list('named/')).toHaveLength(1);
    });

    it('lists ascending by key, below a prefix that need not end at a slash', async () => {
      const keys = ['a/b', 'a-b', 'a.b/c', 'a/b-c', 'a0', 'a/bc/d', 'ab/c', 'b'];
      for (const key of keys) await store.write(key, bytes(key), { if: 'always' });
      expect((await list('')).map(({ key }) => key)).toEqual([...keys].sort());
      expect((await list('a/')).map(({ key }) => key)).toEqual(['a/b', 'a/b-c', 'a/bc/d']);
      expect((await list('a/b')).map(({ key }) => key)).toEqual(['a/b', 'a/b-c', 'a/bc/d']);
      expect((await list('a/bc')).map(({ key }) => key)).toEqual(['a/bc/d']);
      expect(await list('c')).toEqual([]);
      const [first] = await list('a/b-');
      expect(first).toEqual(await store.head('a/b-c'));
    });

    it('writes absent only where nothing is', async () => {
      expect(await store.write('k', bytes('one'), { if: 'absent' })).toBe('written');
      expect(await store.write('k', bytes('two'), { if: 'absent' })).toBe('lost');
      expect(text(await store.read('k'))).toBe('one');
      await store.remove('k');
      expect(await store.write('k', bytes('three'), { if: 'absent' })).toBe('written');
    });

    it('writes over a version only while it stands', async () => {
      expect(await store.write('k', bytes('one'), { if: 'version', version: 'none' })).toBe('lost');
      expect(await store.head('k')).toBeUndefined();
      await store.write('k', bytes('one'), { if: 'always' });
      const version = await versionOf('k');
      expect(await store.write('k', bytes('two'), { if: 'version', version })).toBe('written');
      expect(await store.write('k', bytes('three'), { if: 'version', version })).toBe('lost');
      expect(text(await store.read('k'))).toBe('two');
    });

    it(`gives another version to ${versions}, however fast and of whatever size`, async () => {
      const seen = new Set<string>();
      const contentOf = (count: number): string =>
        versions === 'other content' ? `v${count}` : count % 3 === 0 ? 'abc' : `v${count % 10}`;
      for (let count = 0; count < 50; count++) {
        await store.write('k', bytes(contentOf(count)), { if: 'always' });
        seen.add(await versionOf('k'));
      }
      expect(seen.size).toBe(50);
    });

    it('lets one of 50 concurrent writers win, under either condition', async () => {
      const first = await Promise.all(
        Array.from({ length: 50 }, (_, writer) => store.write('race/k', bytes(`w${writer}`), { if: 'absent' })),
      );
      expect(first.filter((outcome) => outcome === 'written')).toHaveLength(1);
      expect(text(await store.read('race/k'))).toBe(`w${first.indexOf('written')}`);
      const version = await versionOf('race/k');
      const second = await Promise.all(
        Array.from({ length: 50 }, (_, writer) =>
          store.write('race/k', bytes(`x${writer}`), { if: 'version', version }),
        ),
      );
      expect(second.filter((outcome) => outcome === 'written')).toHaveLength(1);
      expect(text(await store.read('race/k'))).toBe(`x${second.indexOf('written')}`);
    });

    it('moves a local file to its key, and removes it when the key is taken', async () => {
      const first = await local.write('part', 'moved');
      expect(await store.writeFile('f/g', first, { if: 'absent' })).toBe('written');
      expect(await local.read(first)).toBeUndefined();
      expect(await contentOf('f/g')).toBe('moved');
      const late = await local.write('part', 'late');
      expect(await store.writeFile('f/g', late, { if: 'absent' })).toBe('lost');
      expect(await local.read(late)).toBeUndefined();
      const over = await local.write('part', 'over');
      expect(await store.writeFile('f/g', over, { if: 'version', version: await versionOf('f/g') })).toBe('written');
      expect(await contentOf('f/g')).toBe('over');
    });

    it('fetches an object as a local file', async () => {
      await store.write('x/y', bytes('content'), { if: 'always' });
      const fetched = await store.fetch('x/y');
      expect(await local.read(fetched.path)).toBe('content');
      await fetched.release();
      await expect(store.fetch('x/z')).rejects.toMatchObject({ code: 'ObjectMissing' });
    });

    it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/./b', '.tmp/a', 'a\\b', 'a\0b', 'a\nb', 'a/\u001b'])(
      'refuses the key %j',
      async (key) => {
        await expect(store.write(key, bytes('x'), { if: 'always' })).rejects.toMatchObject({ code: 'Usage' });
        await expect(store.read(key)).rejects.toMatchObject({ code: 'Usage' });
      },
    );
  });
}

/** On the disk. */
const filesIn = (folder: string): LocalFiles => ({
  write: async (name, content) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  },
  read: async (path) => (existsSync(path) ? readFile(path, 'utf8') : undefined),
});
