// Processes that cannot see each other, because they run on other machines or in other containers, share a home: what
// one holds is left to it until nothing was heard of it for long enough. With forged identities, and with a real PID
// namespace where the system lets us make one.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHome } from '../../adapters/folder/home.ts';
import { acquireWarehouse } from '../../adapters/folder/warehouse-lock.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { SILENT_LOCK_MS, SILENT_SCRATCH_MS } from '../../adapters/system/heartbeat.ts';
import { isHolderDead } from '../../adapters/system/presence.ts';
import { identityName, livenessOf, ownIdentity } from '../../adapters/system/process-identity.ts';
import { packageRoot } from '../../lib/package-root.ts';

const ELSEWHERE = '0123456789ab';
const existing = { create: false, randomBytes };
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-hosts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function newHome(): Promise<string> {
  const home = join(folder, `home-${count++}`);
  await (await openHome(home, { create: true, randomBytes })).close();
  return home;
}

const take = (home: string, waitMs = 0) =>
  acquireWarehouse({ home, command: 'reprise run 2', waitMs, clock: systemClock, onWait: () => {} });

const agoMs = (ms: number): Date => new Date(Date.now() - ms);

describe('a process of another machine, boot or container', () => {
  const foreign = { pid: 4242, started: '77', place: ELSEWHERE };

  it('is neither alive nor dead, even where its id is free, or is ours, here', () => {
    expect(livenessOf(foreign)).toBe('unknown');
    expect(livenessOf({ ...ownIdentity(), place: ELSEWHERE })).toBe('unknown');
    expect(livenessOf(ownIdentity())).toBe('alive');
    expect(livenessOf({ ...ownIdentity(), started: '1' })).toBe('dead');
  });

  it('keeps its lease until that ends', async () => {
    expect(await isHolderDead(`elsewhere/${identityName(foreign)}`)).toBe(false);
    expect(await isHolderDead(`here/${identityName({ ...ownIdentity(), started: '1' })}`)).toBe(true);
  });

  it('keeps its scratch while it is heard of', async () => {
    const home = await newHome();
    const scratch = join(home, 'scratch', `${identityName(foreign)}.0.0`);
    const temporary = join(home, 'control', '.tmp', `${identityName(foreign)}.0.1`);
    await mkdir(scratch, { recursive: true });
    await writeFile(join(scratch, 'alive'), '');
    await writeFile(temporary, '');
    await utimes(scratch, agoMs(2 * SILENT_SCRATCH_MS), agoMs(2 * SILENT_SCRATCH_MS));
    await utimes(temporary, agoMs(2 * SILENT_SCRATCH_MS), agoMs(2 * SILENT_SCRATCH_MS));
    await (await openHome(home, existing)).close();
    expect([existsSync(scratch), existsSync(temporary)]).toEqual([true, true]);
    await utimes(join(scratch, 'alive'), agoMs(2 * SILENT_SCRATCH_MS), agoMs(2 * SILENT_SCRATCH_MS));
    await (await openHome(home, existing)).close();
    await (await openHome(home, existing)).close();
    expect([existsSync(scratch), existsSync(temporary)]).toEqual([false, false]);
  });

  it('keeps its lock while it is heard of, and is named to whoever waits', async () => {
    const home = await newHome();
    const lock = join(home, 'control', 'warehouse.lock');
    const scratch = join(home, 'scratch', `${identityName(foreign)}.0.0`);
    await mkdir(scratch, { recursive: true });
    const note = { command: 'reprise run 1', since: 'then' };
    await writeFile(lock, JSON.stringify({ ...foreign, host: 'other-host', unique: 'x', note }));
    await utimes(lock, agoMs(2 * SILENT_LOCK_MS), agoMs(2 * SILENT_LOCK_MS));
    const refused = await take(home).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'WarehouseHeld',
      message: expect.stringMatching(/process 4242 on other-host, another machine.* runs `reprise run 1` since then/),
      fix: expect.stringMatching(/60 s; when you know that it has ended: rm .*warehouse\.lock$/),
    });
    await utimes(scratch, agoMs(2 * SILENT_LOCK_MS), agoMs(2 * SILENT_LOCK_MS));
    await (await take(home)).release();
    expect(existsSync(lock)).toBe(false);
  });

  it('in a PID namespace of its own is left alone by one outside, and the other way round', async (context) => {
    if (!mayUnshare()) context.skip('this system lets nobody make PID namespaces: unshare -p is refused');
    const home = await newHome();
    const inside = holderInNamespace(home);
    try {
      const scratch = join(home, 'scratch');
      await until(async () => existsSync(join(home, 'control', 'warehouse.lock')));
      const lock = JSON.parse(await readFile(join(home, 'control', 'warehouse.lock'), 'utf8')) as { pid: number };
      // Its own id is that of another process, or of none, out here.
      expect(lock.pid).toBeLessThan(50);
      const before = await readdir(scratch);
      expect(before).toHaveLength(1);
      const outside = await openHome(home, existing);
      await expect(take(home)).rejects.toMatchObject({ code: 'WarehouseHeld' });
      expect(await readdir(scratch)).toContain(before[0]);
      // A second one inside a third namespace clears nothing of ours.
      execFileSync('unshare', ['-pf', '--kill-child', process.execPath, '-e', openOnce(home)]);
      expect(existsSync(outside.scratch)).toBe(true);
      await outside.close();
    } finally {
      inside.kill('SIGKILL');
    }
  });
});

function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['-pf', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const built = (module: string): string =>
  JSON.stringify(pathToFileURL(join(packageRoot(), 'dist', 'adapters', module)).href);

const openOnce = (home: string): string => `
  import(${built('folder/home.js')}).then(async ({ openHome }) => {
    await (await openHome(${JSON.stringify(home)}, { create: false, randomBytes: () => Buffer.alloc(32) })).close();
  });`;

/** A process in a PID namespace of its own that has the home open and holds the warehouse. */
function holderInNamespace(home: string): ChildProcess {
  const code = `
    Promise.all([import(${built('folder/home.js')}), import(${built('folder/warehouse-lock.js')}), import(${built('system/clock.js')})]).then(
      async ([{ openHome }, { acquireWarehouse }, { systemClock }]) => {
        const home = ${JSON.stringify(home)};
        await openHome(home, { create: false, randomBytes: () => Buffer.alloc(32) });
        await acquireWarehouse({ home, command: 'inside', waitMs: 0, clock: systemClock, onWait: () => {} });
        setInterval(() => {}, 1000);
      });`;
  return spawn('unshare', ['-pf', '--kill-child', process.execPath, '-e', code], { stdio: 'inherit' });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += 20) {
    if (waitedMs > 20_000) throw new Error('waited in vain');
    await delay(20);
  }
}
