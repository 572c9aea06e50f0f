// A home that an earlier release made: refused until one command has upgraded it, and then as good as one of today. The
// archive holds two landings of pulsecart; the first was published whole by a run, the second is in a plan that was not run.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { copyHome } from '../copy-home.ts';
import { type RunDocument, reprise, repriseJson } from './reprise.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-upgrade-'));
const old = join(folder, 'old');
const RUN = 'bf0127eee4ae-1';
const PLAN = 'a41c7dd65760';

beforeAll(() => {
  mkdirSync(old);
  execFileSync('tar', ['-xzf', join(packageRoot(), 'test', 'homes', 'format-1.tar.gz'), '-C', old]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const filesOf = (home: string, below: string): string[] =>
  (readdirSync(join(home, 'control', below), { recursive: true }) as string[]).sort();

it.each([
  ['status'],
  ['runs'],
  ['plan', 'pulsecart', '--all'],
  ['reconcile', 'pulsecart'],
  ['verify', 'pulsecart'],
  ['init'],
])('%s is refused, and names the command that upgrades', async (...args) => {
  const { exit, err } = await reprise(old, ...args);
  expect(exit).toBe(2);
  expect(err).toContain('has format 1, of an earlier release; this one works on format 2');
  expect(err).toContain(`reprise upgrade --home ${old}`);
});

it('is named by doctor, with the command that upgrades', async () => {
  const { exit, out } = await reprise(old, 'doctor');
  expect([exit, out]).toEqual([1, expect.stringContaining(`reprise upgrade --home ${old}`)]);
});

it('is upgraded by it, as often as one likes, and keeps its runs, ledger and warehouse', async () => {
  const home = join(folder, 'upgraded');
  copyHome(old, home);
  const ledger = filesOf(home, 'ledger');
  const done = await repriseJson<{ from: number; to: number; coverage: string[] }>(home, 'upgrade');
  expect(done).toMatchObject({ from: 1, to: 2, coverage: ['pulsecart'] });
  expect(readFileSync(join(home, 'control', 'home.json'), 'utf8')).toContain('"format":2');
  expect((await reprise(home, 'upgrade')).out).toContain('has format 2 already');
  expect(filesOf(home, 'ledger')).toEqual(ledger);
  expect(filesOf(home, 'catalog').filter((name) => name.endsWith('.json'))).toEqual([]);
  const doctor = await reprise(home, 'doctor');
  expect([doctor.exit, doctor.out]).toEqual([0, expect.stringMatching(/2 plans, each with the id that is its hash/)]);
  expect((await reprise(home, 'ledger', 'verify', 'pulsecart')).exit).toBe(0);
  const status = await repriseJson<RunDocument>(home, 'status', RUN);
  expect(status.state).toBe('succeeded');
  expect((await reprise(home, 'verify', RUN)).exit).toBe(0);
  // What it had read is known: only the second landing is replayed.
  const reconciled = await repriseJson<{ runs: RunDocument[]; needsWhole: { command: string }[] }>(
    home,
    'reconcile',
    'pulsecart',
  );
  expect(reconciled.runs.map(({ state }) => state)).toEqual(['succeeded']);
  // Deliveries without a time that can be read belong to the date on which they were received.
  const [whole = ''] = reconciled.needsWhole.map(({ command }) => command);
  expect(whole).toBe('reprise backfill pulsecart --from 2026-06-09 --to 2026-06-10');
  expect((await reprise(home, ...whole.split(' ').slice(1))).exit).toBe(0);
  expect((await reprise(home, 'verify', 'pulsecart')).exit).toBe(0);
  const undone = await repriseJson<RunDocument>(home, 'undo', RUN, '--yes');
  expect(undone.state).toBe('succeeded');
});

it('runs a plan that the earlier release made', async () => {
  const home = join(folder, 'planned');
  copyHome(old, home);
  expect((await reprise(home, 'upgrade')).exit).toBe(0);
  const ran = await repriseJson<RunDocument>(home, 'run', PLAN);
  expect(ran.state).toBe('succeeded');
  expect((await reprise(home, 'verify', 'pulsecart')).exit).toBe(0);
  const next = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all');
  expect(next.state).toBe('nothing_to_do');
});

it('is upgraded again when the first time was cut short', async () => {
  const home = join(folder, 'cut');
  copyHome(old, home);
  expect((await reprise(home, 'upgrade')).exit).toBe(0);
  writeFileSync(join(home, 'control', 'home.json'), '{"format":1,"createdBy":"reprise"}\n');
  expect((await reprise(home, 'status')).exit).toBe(2);
  expect((await reprise(home, 'upgrade')).exit).toBe(0);
  expect((await reprise(home, 'reconcile', 'pulsecart')).exit).toBe(0);
});
