// What only reads works on a home that cannot be written, leaves nothing behind, and what writes is refused before it
// begins.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { copyHome } from '../copy-home.ts';
import { landInFewObjects } from '../crash/processes.ts';
import { mountSmallDisk, type SmallDisk, WHY_SKIPPED } from '../tmpfs.ts';
import { needed, reprise, repriseJson } from './reprise.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-read-only-'));
let disk: SmallDisk | undefined;
let home: string;
let runId: string;
let eventId: string;

beforeAll(async () => {
  const written = join(folder, 'written');
  await landInFewObjects(written, 3, 60, 2);
  runId = (await repriseJson<{ runId: string }>(written, 'backfill', 'pulsecart', '--all', '--no-verify')).runId;
  const tried = await reprise(written, 'diff', runId, '--samples', '1', '--json');
  expect(tried.exit, tried.err).toBe(0);
  eventId = needed(/"event_id": "([^"]+)"/.exec(tried.out)?.[1], 'event in the diff');
  disk = mountSmallDisk(folder, 'disk', 64);
  if (disk === undefined) return;
  home = join(disk.path, 'home');
  copyHome(written, home);
  disk.readOnly();
});

afterAll(() => {
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

const inMemory = (): string[] => readdirSync('/dev/shm').filter((name) => /^reprise-\d+-/.test(name));

describe('a home that cannot be written', () => {
  it('is read by what only reads', async (context) => {
    if (disk === undefined) context.skip(WHY_SKIPPED);
    const commands = [
      ['status'],
      ['status', runId],
      ['runs'],
      ['diff', runId],
      ['verify', runId],
      ['verify', 'pulsecart'],
      ['why', eventId],
      ['ledger', 'verify'],
      ['quarantine', 'list', 'pulsecart'],
      ['lateness', 'pulsecart'],
    ];
    for (const command of commands) {
      const { exit, err } = await reprise(home, ...command);
      expect(exit, `${command.join(' ')}: ${err}`).toBe(0);
    }
    expect(inMemory()).toEqual([]);
  });

  it('is named by doctor, and refused by what writes', async (context) => {
    if (disk === undefined) context.skip(WHY_SKIPPED);
    expect((await reprise(home, 'doctor')).out).toMatch(
      /note {2}home .* cannot be written: only commands that read work/,
    );
    for (const command of [
      ['backfill', 'pulsecart', '--all'],
      ['plan', 'pulsecart', '--all'],
      ['undo', runId],
    ]) {
      const { exit, err } = await reprise(home, ...command);
      expect(err).toMatch(
        /the home .* cannot be written, and this command writes to it\n {2}→ make it writable; what only/,
      );
      expect(exit).toBe(2);
    }
  });

  it('keeps nothing in memory of a command that was killed', async (context) => {
    if (disk === undefined) context.skip(WHY_SKIPPED);
    const program = join(packageRoot(), 'bin', 'reprise.js');
    const child = spawn(process.execPath, [program, 'verify', 'pulsecart', '--home', home], { stdio: 'ignore' });
    for (let waitedMs = 0; inMemory().length === 0; waitedMs += 5) {
      if (waitedMs > 20_000) throw new Error('no scratch in memory');
      await delay(5);
    }
    child.kill('SIGKILL');
    for (let waitedMs = 0; inMemory().length > 0 && waitedMs < 5000; waitedMs += 20) await delay(20);
    expect(inMemory()).toEqual([]);
    expect(existsSync(join(home, 'scratch', 'anything'))).toBe(false);
    expect(readFileSync(join(home, 'control', 'home.json'), 'utf8')).toContain('reprise');
  });
});
