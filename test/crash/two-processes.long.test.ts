// Two real processes on one home: overlapping backfills exclude each other, others run side by side, and whoever comes
// after one that was killed in the middle of publishing takes over. The tables end as from one clean run.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHome } from '../../adapters/folder/home.ts';
import type { LedgerEntry } from '../../engine/ledger/entry.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { copyHome } from '../copy-home.ts';
import { digests, landInFewObjects, reprise, start } from './processes.ts';

const POLL_MS = 5;
const ALL = ['backfill', 'pulsecart', '--all', '--slice-size', '20KB', '--max-active', '1'];
const folder = mkdtempSync(join(tmpdir(), 'reprise-two-'));
const landed = join(folder, 'landed');

let expected: unknown;

beforeAll(async () => {
  await landInFewObjects(landed, 11, 1200, 4);
  expect((await reprise(['catalog', 'build', 'pulsecart', '--home', landed])).code).toBe(0);
  const reference = newHome('reference');
  const ran = await reprise([...ALL, '--home', reference]);
  expect(ran.code, ran.stderr).toBe(0);
  expected = await digests(reference);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function newHome(name: string): string {
  const home = join(folder, name);
  copyHome(landed, home);
  return home;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += POLL_MS) {
    if (waitedMs > 60_000) throw new Error(`waited for ${what} in vain`);
    await delay(POLL_MS);
  }
}

const leaseIsHeld = (home: string): boolean => {
  const path = join(home, 'control', 'leases', 'pulsecart.json');
  return existsSync(path) && /"runId"/.test(readFileSync(path, 'utf8'));
};

/** What a run leaves when its decision is made and publishing begins. */
const publishes = (home: string): boolean => {
  const runs = join(home, 'control', 'runs');
  return existsSync(runs) && readdirSync(runs).some((run) => existsSync(join(runs, run, 'preview.json')));
};

async function ledgerOf(home: string): Promise<readonly LedgerEntry[]> {
  const opened = await openHome(home, { create: false, randomBytes: () => Buffer.alloc(32) });
  try {
    const { entries, faults } = await inspectLedger(opened.control, 'pulsecart');
    expect(faults).toEqual([]);
    return entries;
  } finally {
    await opened.close();
  }
}

describe('two processes on one home', () => {
  it('exclude each other where they overlap: the second says who holds the dates and until when', async () => {
    const home = newHome('overlap');
    const first = start([...ALL, '--home', home]);
    await until('the first to take the dates', () => leaseIsHeld(home));
    const second = await reprise([...ALL, '--home', home, '--json']);
    expect(second.code, second.stderr).toBe(3);
    expect(JSON.parse(second.stdout)).toMatchObject({
      state: 'refused',
      failure: { error: 'LeaseHeld', cause: expect.stringMatching(/^run \S+-1 of \S+@\S+ holds \[.*\) until 20\d\d-/) },
    });
    const { code, stderr } = await first.ended;
    expect(code, stderr).toBe(0);
    expect(await digests(home)).toEqual(expected);
    await ledgerOf(home);
  });

  it('run side by side where they do not overlap', async () => {
    const home = newHome('side-by-side');
    const window = (from: string, to: string): string[] => [
      ...ALL.filter((argument) => argument !== '--all'),
      ...['--from', from, '--to', to, '--yes', '--home', home],
    ];
    const first = start(window('2026-01-01', '2026-06-02'));
    await until('the first to take its dates', () => leaseIsHeld(home));
    const second = await reprise(window('2026-06-02', '2026-12-31'));
    expect(second.code, second.stderr).toBe(0);
    expect((await first.ended).code, (await first.ended).stderr).toBe(0);
    const kinds = (await ledgerOf(home)).map(({ kind }) => kind).filter((kind) => /lease_|run_finished/.test(kind));
    expect(kinds.slice(0, 2)).toEqual(['lease_taken', 'lease_taken']);
    expect(await digests(home)).toEqual(expected);
  });

  it('take over at once from one that was killed while it published', async () => {
    const home = newHome('killed');
    const first = start([...ALL, '--home', home]);
    await until('the first to publish', () => publishes(home));
    first.kill();
    expect((await first.ended).signal).toBe('SIGKILL');
    const second = await reprise([...ALL, '--home', home]);
    expect(second.code, second.stderr).toBe(0);
    const entries = await ledgerOf(home);
    const taken = entries.filter((entry) => entry.kind === 'lease_taken');
    expect(taken.map(({ takenFrom }) => takenFrom.length)).toEqual([0, 1]);
    expect(await digests(home)).toEqual(expected);
    // The dead one goes on as well, and finds nothing left to do.
    const resumed = await reprise(['resume', '--home', home]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await digests(home)).toEqual(expected);
  });
});
