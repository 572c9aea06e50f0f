// A home that several processes make at once, one that is removed while it is open, and one that lost its key or marker.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { openHome } from '../../adapters/folder/home.ts';
import { packageRoot } from '../../lib/package-root.ts';

const PROCESSES = 6;
const ROUNDS = 12;
const create = { create: true, randomBytes };
const existing = { create: false, randomBytes };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-races-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Makes and closes homes, one after another, in a process of its own; gives the keys it saw. */
function makeHomes(homes: readonly string[], startsAtMs: number): Promise<string[]> {
  const module = pathToFileURL(join(packageRoot(), 'dist', 'adapters', 'folder', 'home.js')).href;
  const code = `
    import('node:crypto').then(async ({ randomBytes }) => {
      const { openHome } = await import(${JSON.stringify(module)});
      const keys = [];
      for (const [place, home] of ${JSON.stringify(homes)}.entries()) {
        while (Date.now() < ${startsAtMs} + place * 150);
        const opened = await openHome(home, { create: true, randomBytes });
        keys.push(Buffer.from(opened.deliveryKey).toString('hex'));
        await opened.close();
      }
      process.stdout.write(JSON.stringify(keys));
    });`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', code], (error, out, err) => {
      if (error === null) resolve(JSON.parse(out) as string[]);
      else reject(new Error(err));
    });
  });
}

describe('a home that several processes make at the same moment', () => {
  it(`is opened by all of them, with one key: ${PROCESSES} processes, ${ROUNDS} homes`, async () => {
    const homes = Array.from({ length: ROUNDS }, (_, round) => join(folder, `made-${round}`));
    const startsAtMs = Date.now() + 3000;
    const keys = await Promise.all(Array.from({ length: PROCESSES }, () => makeHomes(homes, startsAtMs)));
    for (const [place, key] of (keys[0] ?? []).entries())
      expect(keys.map((one) => one[place])).toEqual(keys.map(() => key));
    expect(keys[0]).toHaveLength(ROUNDS);
  });
});

describe('a home that is removed while it is open', () => {
  it('is not made again by anything that writes to it', async () => {
    const path = join(folder, 'removed');
    const home = await openHome(path, create);
    await home.stage.write('run/part', Buffer.from('x'), { if: 'always' });
    await rm(path, { recursive: true });
    const gone = { code: 'HomeGone', message: expect.stringContaining(path) };
    const content = Buffer.from('x');
    await expect(home.stage.write('run/part', content, { if: 'always' })).rejects.toMatchObject(gone);
    await expect(home.control.write('runs/1/run.json', content, { if: 'absent' })).rejects.toMatchObject(gone);
    await expect(openDuck({ memoryMb: 64, threads: 1, tempFolder: join(home.scratch, 'spill') })).rejects.toMatchObject(
      gone,
    );
    await home.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe('what a home cannot do without', () => {
  const keyOf = (path: string): string => join(path, 'control', 'delivery.key');
  const newKey = { ...existing, newDeliveryKey: true };

  it.each([
    ['missing', (path: string) => rm(keyOf(path)), /delivery\.key is missing$/],
    ['empty', (path: string) => writeFile(keyOf(path), ''), /delivery\.key has 0 bytes instead of 32$/],
    ['cut short', (path: string) => writeFile(keyOf(path), randomBytes(31)), /has 31 bytes instead of 32$/],
  ])('is its key: %s, it is refused, and only replaced when that is asked for', async (name, damage, message) => {
    const path = join(folder, `key ${name}`);
    const home = await openHome(path, create);
    await home.close();
    await damage(path);
    const refused = {
      code: 'Configuration',
      message: expect.stringMatching(message),
      fix: expect.stringMatching(/^restore/),
    };
    await expect(openHome(path, create)).rejects.toMatchObject(refused);
    await expect(openHome(path, existing)).rejects.toMatchObject(refused);
    const opened = await openHome(path, newKey);
    expect(opened.deliveryKey).toHaveLength(32);
    expect(opened.deliveryKey).not.toEqual(home.deliveryKey);
    await opened.close();
    await expect(openHome(path, newKey)).rejects.toMatchObject({ code: 'Usage' });
    expect(new Uint8Array(await readFile(keyOf(path)))).toEqual(opened.deliveryKey);
  });

  it('is its marker: without it, or with half of it, the file and its content are named', async () => {
    const path = join(folder, 'marker');
    await (await openHome(path, create)).close();
    const marker = join(path, 'control', 'home.json');
    const whole = await readFile(marker);
    await writeFile(marker, whole.subarray(0, 9));
    const fix = expect.stringContaining('{"format":2,"createdBy":"reprise"}');
    const refused = { code: 'Configuration', message: expect.stringContaining(marker), fix };
    await expect(openHome(path, create)).rejects.toMatchObject(refused);
    await rm(marker);
    await expect(openHome(path, create)).rejects.toMatchObject(refused);
    expect(await readdir(path)).toEqual(['control', 'scratch']);
    await writeFile(marker, whole);
    await (await openHome(path, existing)).close();
  });
});
