import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHome } from '../../adapters/folder/home.ts';
import { acquireWarehouse } from '../../adapters/folder/warehouse-lock.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { ownIdentity } from '../../adapters/system/process-identity.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-home-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const { place } = ownIdentity();
const newPath = (): string => join(folder, `home-${count++}`);
const create = { create: true, randomBytes };
const existing = { create: false, randomBytes };

/** A process that lives until it is killed. */
function sleeper(): ChildProcess {
  return fork('-', [], { execArgv: ['-e', 'setInterval(() => {}, 1000)'], stdio: 'ignore' });
}

describe('home', () => {
  it('is made once and opened ever after, with the same key', async () => {
    const path = newPath();
    await expect(openHome(path, existing)).rejects.toMatchObject({ code: 'NotFound' });
    const first = await openHome(path, create);
    expect(first.deliveryKey).toHaveLength(32);
    expect((await stat(join(path, 'control', 'delivery.key'))).mode & 0o777).toBe(0o600);
    const second = await openHome(path, existing);
    expect(second.deliveryKey).toEqual(first.deliveryKey);
    expect(second.scratch).not.toBe(first.scratch);
    await first.close();
    expect(existsSync(first.scratch)).toBe(false);
    expect(existsSync(second.scratch)).toBe(true);
    await second.close();
  });

  it('is made by one of many that come at once', async () => {
    const path = newPath();
    const homes = await Promise.all(Array.from({ length: 20 }, () => openHome(path, create)));
    expect(new Set(homes.map(({ deliveryKey }) => Buffer.from(deliveryKey).toString('hex'))).size).toBe(1);
  });

  it('is not made in a folder that holds something else', async () => {
    const path = newPath();
    await mkdir(path);
    await writeFile(join(path, 'thesis.doc'), 'x');
    await expect(openHome(path, create)).rejects.toMatchObject({ code: 'HomeNotOurs' });
    await rm(join(path, 'thesis.doc'));
    await mkdir(join(path, 'control'));
    await writeFile(join(path, 'control', 'home.json'), '{"format":1,"createdBy":"somebody"}');
    await expect(openHome(path, create)).rejects.toMatchObject({ code: 'HomeNotOurs' });
    await writeFile(join(path, 'control', 'home.json'), '{"format":');
    await expect(openHome(path, create)).rejects.toMatchObject({
      code: 'Configuration',
      message: expect.stringMatching(/home\.json cannot be read \(10 bytes\)$/),
    });
  });

  it('is refused, with both numbers, when a newer program made it', async () => {
    const path = newPath();
    await (await openHome(path, create)).close();
    await writeFile(join(path, 'control', 'home.json'), '{"format":7,"createdBy":"reprise"}');
    await expect(openHome(path, existing)).rejects.toMatchObject({
      code: 'HomeNewer',
      message: expect.stringMatching(/format 7.*up to 2/),
    });
  });

  it('clears the scratch of dead processes, not of living ones', async () => {
    const path = newPath();
    await (await openHome(path, create)).close();
    const living = sleeper();
    const started = (await readFile(`/proc/${living.pid}/stat`, 'latin1')).split(') ')[1]?.split(' ')[19];
    try {
      await mkdir(join(path, 'scratch', `${living.pid}-${started}-${place}.0`));
      await mkdir(join(path, 'scratch', `${living.pid}-1-${place}.0`, 'deep'), { recursive: true });
      await mkdir(join(path, 'scratch', `2147483646-5-${place}.0`));
      const home = await openHome(path, existing);
      const left = (await readdir(join(path, 'scratch'))).map((name) => join(path, 'scratch', name)).sort();
      expect(left).toEqual([join(path, 'scratch', `${living.pid}-${started}-${place}.0`), home.scratch].sort());
      await home.close();
    } finally {
      living.kill('SIGKILL');
    }
  });
});

describe('warehouse lock', () => {
  const options = (home: string, waitMs: number, said: string[] = []) => ({
    home,
    command: 'reprise run 1',
    waitMs,
    clock: systemClock,
    onWait: (sentence: string) => void said.push(sentence),
  });

  it('is held by one, who is named to those who wait in vain', async () => {
    const home = newPath();
    const held = await acquireWarehouse(options(home, 0));
    const said: string[] = [];
    const failure = await acquireWarehouse(options(home, 450, said)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'WarehouseHeld',
      message: expect.stringMatching(
        new RegExp(`process ${process.pid} runs \`reprise run 1\` since 20.*waited 0.45 s`),
      ),
    });
    expect(said).toEqual([expect.stringContaining('waiting for the warehouse')]);
    await held.release();
    await (await acquireWarehouse(options(home, 0))).release();
    expect(existsSync(join(home, 'control', 'warehouse.lock'))).toBe(false);
  });

  it('is handed on when it is released', async () => {
    const home = newPath();
    const held = await acquireWarehouse(options(home, 0));
    const next = acquireWarehouse(options(home, 5000));
    await systemClock.sleep(300);
    await held.release();
    await (await next).release();
  });

  it('is taken from a holder that was killed, while it is a zombie too, and from a process id used again', async () => {
    const home = newPath();
    await mkdir(join(home, 'control'), { recursive: true });
    const child = sleeper();
    const started = (await readFile(`/proc/${child.pid}/stat`, 'latin1')).split(') ')[1]?.split(' ')[19];
    const lock = (startedThen: string | undefined): string =>
      JSON.stringify({
        pid: child.pid,
        started: startedThen,
        place,
        unique: 'x',
        note: { command: 'reprise run 2', since: 'then' },
      });
    await writeFile(join(home, 'control', 'warehouse.lock'), lock(started));
    await expect(acquireWarehouse(options(home, 0))).rejects.toMatchObject({ code: 'WarehouseHeld' });
    await writeFile(join(home, 'control', 'warehouse.lock'), lock('1'));
    await (await acquireWarehouse(options(home, 0))).release();
    await writeFile(join(home, 'control', 'warehouse.lock'), lock(started));
    const exited = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await (await acquireWarehouse(options(home, 5000))).release();
    await exited;
    await (await acquireWarehouse(options(home, 0))).release();
  });
});
