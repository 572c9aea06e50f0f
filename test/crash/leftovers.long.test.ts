// What a killed command leaves of bodies is in the home alone, and the next command removes it. Real processes, killed
// when their scratch holds something.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { reprise } from './processes.ts';

const MARKER = 'HOLDER-THAT-MUST-STAY-IN-THE-LAKE';
const folder = mkdtempSync(join(tmpdir(), 'reprise-leftovers-'));
const home = join(folder, 'home');
/** What the killed commands take for the system's folder of temporary files, and where they are started. */
const elsewhere = join(folder, 'elsewhere');
mkdirSync(elsewhere);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* filesBelow(join(path, entry.name));
    else yield join(path, entry.name);
  }
}

const withMarker = (path: string): string[] =>
  [...filesBelow(path)].filter((file) => !file.startsWith(join(home, 'lake')) && readFileSync(file).includes(MARKER));

/** Files of size in the scratch of whoever is at work. */
const working = (): string[] => {
  try {
    return [...filesBelow(join(home, 'scratch'))].filter((file) => statSync(file).size > 0);
  } catch {
    return [];
  }
};

/** Starts a command and kills it with all it started as soon as its scratch is as wanted. */
async function killed(args: readonly string[], isReady: () => boolean): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'reprise.js'), ...args, '--home', home], {
    detached: true,
    stdio: 'ignore',
    cwd: elsewhere,
    env: { ...process.env, TMPDIR: elsewhere },
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_, signal) => resolve(signal)));
  while (child.exitCode === null && child.signalCode === null && !isReady()) await delay(2);
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  return ended;
}

/** 30,000 payments in one hour: some 14 MB. */
async function payments(): Promise<string> {
  const file = join(folder, 'payments.ndjson');
  const lines = Array.from({ length: 30_000 }, (_, n) => {
    const card = { number: '4539148803436467', exp: '12/29', cvv: '737', holder: `${MARKER} ${n}` };
    const paid = {
      id: `pay-${n}`,
      order_id: `o-${n}`,
      amount: '1.00',
      currency: 'EUR',
      status: 'paid',
      method: 'card',
    };
    const body = { event_id: `p-${n}`, type: 'payment', v: 1, at: '2026-06-01T10:00:00Z', payment: { ...paid, card } };
    return JSON.stringify({
      received_at: '2026-06-01T10:00:01Z',
      source: 'payment-service',
      body: JSON.stringify(body),
    });
  });
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

describe('a command that is killed', () => {
  it('leaves bodies in the home alone, until the next command', async () => {
    const file = await payments();
    const kills: [args: string[], isReady: () => boolean][] = [
      [['land', 'pulsecart', file], () => working().some((path) => path.includes('/land/'))],
      [['backfill', 'pulsecart', '--all'], () => working().some((path) => path.includes('/files/'))],
      [['verify', 'pulsecart'], () => working().some((path) => path.endsWith('.parquet'))],
    ];
    mkdirSync(home);
    for (const [args, isReady] of kills) {
      expect(await killed(args, isReady), args.join(' ')).toBe('SIGKILL');
      const left = readdirSync(join(home, 'scratch'));
      expect(left.length, args.join(' ')).toBeGreaterThan(0);
      expect(withMarker(elsewhere)).toEqual([]);
      expect((await reprise(['runs', '--home', home])).code).toBe(0);
      expect(readdirSync(join(home, 'scratch')).filter((name) => left.includes(name))).toEqual([]);
      expect(withMarker(home)).toEqual([]);
      if (args[0] === 'land') expect((await reprise([...args, '--home', home])).code).toBe(0);
      else if (args[0] === 'backfill') expect((await reprise(['resume', '--home', home])).code).toBe(0);
    }
  }, 240_000);

  it('leaves nothing outside for longer than the next command, of whichever home', async () => {
    // The demo has made-up events, and its home among the system's temporary files.
    const isThere = (): boolean => readdirSync(elsewhere).some((name) => /^reprise-.*demo/.test(name));
    expect(await killed(['demo'], isThere)).toBe('SIGKILL');
    expect(isThere()).toBe(true);
    const another = join(folder, 'another');
    mkdirSync(another);
    const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'reprise.js'), 'init', '--home', another], {
      env: { ...process.env, TMPDIR: elsewhere },
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});
