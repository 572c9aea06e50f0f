import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanFileStore, openFileStore } from '../../adapters/folder/files.ts';
import { tryLock } from '../../adapters/folder/lock-file.ts';
import { identityName, ownIdentity } from '../../adapters/system/process-identity.ts';
import { describeObjectStore } from '../contracts/object-store.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeObjectStore('folder', async () => openFileStore(join(folder, `store-${count++}`)));
describeObjectStore(
  'folder with versions of content',
  async () =>
    openFileStore(join(folder, `store-${count}`), {
      contentVersions: { folder: join(folder, `versions-${count++}`), key: new Uint8Array(32) },
    }),
  { versions: 'other content' },
);

/** The identity of a process that has just ended. */
async function deadProcess(): Promise<{ pid: number; started: string }> {
  const child = fork('-e', [], { execArgv: ['-e', ''], stdio: 'ignore' });
  await new Promise((resolve) => child.on('exit', resolve));
  return { pid: child.pid ?? 0, started: '1' };
}

describe('folder store', () => {
  it('leaves no temporary file behind and lists none', async () => {
    const root = join(folder, 'clean');
    const store = openFileStore(root);
    await store.write('a', new Uint8Array(3), { if: 'absent' });
    await store.write('a', new Uint8Array(3), { if: 'absent' });
    await store.write('a', new Uint8Array(3), { if: 'always' });
    expect(await readdir(join(root, '.tmp'))).toEqual([]);
    await writeFile(join(root, '.a.crc'), 'x');
    await writeFile(join(root, '.tmp', 'b'), 'x');
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['a']);
  });

  it('removes what dead processes left, and nothing of the living', async () => {
    const root = join(folder, 'leftovers');
    const { pid, started } = await deadProcess();
    const { place } = ownIdentity();
    const mine = `${identityName(ownIdentity())}.0.7`;
    await mkdir(join(root, '.tmp'), { recursive: true });
    for (const name of [`${pid}-${started}-${place}.0.1`, `${process.pid}-1-${place}.0.1`, mine])
      await writeFile(join(root, '.tmp', name), '');
    await cleanFileStore(root, root, Date.now());
    expect(await readdir(join(root, '.tmp'))).toEqual([mine]);
  });

  it('says a full disk or another trouble in words of its own', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const store = openFileStore(join(folder, 'a-file'));
    const failure = await store.write('a', new Uint8Array(1), { if: 'always' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/^writing a failed \(E[A-Z]+\)$/),
    });
    if (existsSync('/dev/full')) {
      const full = openFileStore(join(folder, 'full'));
      await mkdir(join(folder, 'full'), { recursive: true });
      await expect(full.writeFile('a', '/dev/full/none', { if: 'always' })).rejects.toMatchObject({
        code: 'StoreUnavailable',
      });
    }
  });

  it('takes the lock of a key from a process that died holding it', async () => {
    const root = join(folder, 'crashed');
    const store = openFileStore(root);
    await store.write('k', new Uint8Array(1), { if: 'always' });
    const { pid, started } = await deadProcess();
    const { createHash } = await import('node:crypto');
    const lock = join(root, '.tmp', `lock-${createHash('sha256').update('k').digest('hex').slice(0, 32)}`);
    await writeFile(lock, JSON.stringify({ pid, started, place: ownIdentity().place, unique: 'dead', note: {} }));
    expect(await store.write('k', new Uint8Array(2), { if: 'always' })).toBe('written');
    expect(existsSync(lock)).toBe(false);
  });
});

describe('lock file', () => {
  it('lets one of many take over from the dead, time and again, also with dead ones among them', async () => {
    const locks = join(folder, 'locks');
    await mkdir(locks, { recursive: true });
    const { pid, started } = await deadProcess();
    const { createHash } = await import('node:crypto');
    for (let round = 0; round < 20; round++) {
      const path = join(locks, `lock-${round}`);
      const dead = JSON.stringify({ pid, started, place: ownIdentity().place, unique: `dead-${round}`, note: {} });
      await writeFile(path, dead);
      if (round % 2 === 1) {
        const digest = createHash('sha256').update(dead).digest('hex').slice(0, 16);
        await writeFile(`${path}.${digest}.1`, dead);
      }
      const attempts = await Promise.all(
        Array.from({ length: 20 }, () => tryLock(path, locks, {}, { silentMsMax: 1000 })),
      );
      const winners = attempts.filter((attempt) => attempt.taken);
      expect(winners).toHaveLength(1);
      await Promise.all(winners.map((winner) => winner.taken && winner.release()));
      expect((await readdir(locks)).filter((name) => name.startsWith(`lock-${round}`))).toEqual([]);
    }
  });

  it('does not take a torn file for a holder', async () => {
    const path = join(folder, 'torn');
    await writeFile(path, '{"pid":12');
    expect((await tryLock(path, folder, {}, { silentMsMax: 1000 })).taken).toBe(true);
  });
});
