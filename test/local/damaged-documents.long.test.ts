// Every kind of document that a home keeps, cut short, overwritten, emptied and removed: doctor names it and says what it
// is for, what can be derived again is, and what cannot hides no other run.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHome } from '../../adapters/folder/home.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import type { Arguments } from '../../cli/command.ts';
import { HOME_CHECKS } from '../../cli/doctor/checks.ts';
import { type Finding, findingsOf } from '../../cli/doctor/finding.ts';
import { Leases } from '../../engine/ledger/leases.ts';
import { Runs } from '../../engine/run/runs.ts';
import { Engine } from '../../profiles/embedded/engine.ts';
import { reprise, repriseJson } from '../cli/reprise.ts';
import { copyHome } from '../copy-home.ts';
import { landInFewObjects } from '../crash/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-damaged-'));
const sound = join(folder, 'sound');
let runId: string;
let otherRun: string;

beforeAll(async () => {
  await landInFewObjects(sound, 3, 60, 2);
  const backfill = ['backfill', 'pulsecart', '--no-verify', '--yes'];
  const dates = (from: string, to: string): string[] => ['--from', from, '--to', to];
  runId = (await repriseJson<{ runId: string }>(sound, ...backfill, ...dates('2026-06-01', '2026-06-02'))).runId;
  otherRun = (await repriseJson<{ runId: string }>(sound, ...backfill, ...dates('2026-06-02', '2026-06-03'))).runId;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Damage = 'cut short' | 'garbage' | 'empty' | 'absent';
const DAMAGES: readonly Damage[] = ['cut short', 'garbage', 'empty', 'absent'];

function damage(path: string, how: Damage): void {
  if (how === 'absent') rmSync(path);
  else if (how === 'empty') writeFileSync(path, '');
  else if (how === 'garbage') writeFileSync(path, randomBytes(200));
  else writeFileSync(path, readFileSync(path).subarray(0, Math.floor(statSync(path).size / 2)));
}

/** What doctor says of the home. */
async function examine(home: string): Promise<readonly Finding[]> {
  const opened = await openHome(home, { create: false, randomBytes });
  try {
    const findings: Finding[] = [];
    for (const { run } of HOME_CHECKS) findings.push(...(await findingsOf(() => run(opened, {} as Arguments))));
    return findings;
  } finally {
    await opened.close();
  }
}

const firstBelow = (home: string, below: string, ending: string): string =>
  join(below, String(readdirSync(join(home, below)).find((name) => name.endsWith(ending))));

/** Where a document is, how doctor calls it, and which damages say nothing: what is not there need not be. */
const DOCUMENTS: readonly {
  readonly what: string;
  readonly path: (home: string) => string;
  readonly state: 'wrong' | 'note';
  readonly silent?: readonly Damage[];
}[] = [
  { what: 'record of a run', path: () => `control/runs/${runId}/run.json`, state: 'wrong' },
  { what: 'committed group', path: () => `control/runs/${runId}/groups/000000.json`, state: 'wrong' },
  { what: 'preview', path: () => `control/runs/${runId}/preview.json`, state: 'wrong', silent: ['absent'] },
  { what: 'settled files', path: () => `control/runs/${runId}/settled.json`, state: 'note', silent: ['absent'] },
  {
    what: 'manifest of a slice',
    path: () => `control/runs/${runId}/slices/000000.json`,
    state: 'note',
    silent: ['absent'],
  },
  { what: 'plan', path: (home) => firstBelow(home, 'control/plans', `${'.json'}`), state: 'wrong' },
  { what: 'leases', path: () => 'control/leases/pulsecart.json', state: 'note', silent: ['absent'] },
  { what: 'coverage', path: () => 'control/coverage/pulsecart.json', state: 'note', silent: ['absent'] },
  {
    what: 'coverage of an arrival date',
    path: (home) => firstBelow(home, firstBelow(home, 'control/coverage/pulsecart', ''), '.json'),
    state: 'note',
  },
  { what: 'entry of the ledger', path: () => 'control/ledger/pulsecart/00000003.json', state: 'wrong' },
  {
    what: 'rows as they were before',
    path: () => `stage/${runId}/changes/0.events.before.parquet`,
    state: 'wrong',
  },
  {
    what: 'staged rows',
    path: (home) => firstBelow(home, `stage/${runId}/slices/000000`, '.parquet'),
    state: 'note',
    silent: ['absent'],
  },
];

describe('a damaged document', () => {
  it('is not reported of a sound home', async () => {
    expect((await examine(sound)).filter(({ state }) => state === 'wrong')).toEqual([]);
  });

  describe.each(DOCUMENTS)('$what', ({ what, path, state, silent = [] }) => {
    it.each(DAMAGES.filter((how) => !silent.includes(how)))('%s: is named by doctor, with what to do', async (how) => {
      const home = join(folder, `${what} ${how}`);
      copyHome(sound, home);
      const key = path(home);
      damage(join(home, key), how);
      const name = key
        .split('/')
        .slice(-2)
        .join('/')
        .replace(/\.json$/, '')
        .slice(0, 20);
      const findings = await examine(home);
      const found = findings.filter((one) => one.state === state && isAbout(one, key, name));
      expect(found, JSON.stringify(findings)).not.toEqual([]);
      for (const one of found) expect(one.fix).toMatch(/\S/);
      expect(findings.some(({ says }) => says.includes('the check itself failed'))).toBe(false);
      rmSync(home, { recursive: true });
    });
  });
});

/** Plans and ledger entries are called by their numbers, everything else by its key. */
function isAbout(one: Finding, key: string, name: string): boolean {
  if (key.includes('/plans/')) return one.says.includes(name.split('/')[1]?.slice(0, 12) ?? name);
  if (key.includes('/ledger/')) return /entry [34] is/.test(one.says);
  return one.says.includes(key);
}

describe('a damaged record of a run', () => {
  const broken = (how: Damage): string => {
    const home = join(folder, `record ${how}`);
    if (existsSync(home)) rmSync(home, { recursive: true });
    copyHome(sound, home);
    damage(join(home, `control/runs/${runId}/run.json`), how);
    return home;
  };

  it.each(['cut short', 'garbage', 'empty'] as const)('%s hides no other run', async (how) => {
    const home = broken(how);
    const opened = await openHome(home, { create: false, randomBytes });
    const { runs, damaged } = await new Runs(opened.control, systemClock).list();
    await opened.close();
    expect(runs.map((run) => run.runId)).toEqual([otherRun]);
    expect(damaged).toMatchObject([{ runId, error: { code: 'Damaged' } }]);
  });

  it('lets status, runs and undo go on, each naming it where it matters', async () => {
    const home = broken('cut short');
    const named = new RegExp(`control/runs/${runId}/run.json is damaged: its \\d+ bytes are not a whole JSON document`);
    for (const command of [['status'], ['runs'], ['status', otherRun]]) {
      const { exit, out, err } = await reprise(home, ...command);
      expect(exit, err).toBe(0);
      expect(out).toContain(otherRun);
      if (command.length === 1) expect(err).toMatch(named);
    }
    expect((await reprise(home, 'undo', otherRun, '--yes')).exit).toBe(0);
    const itself = await reprise(home, 'status', runId);
    expect(itself.err).toMatch(named);
    expect(itself.err).toMatch(/→ restore it from a backup of the home/);
    expect(itself.exit).toBe(1);
    const doctor = await reprise(home, 'doctor');
    expect(doctor.out).toMatch(named);
    expect(doctor.exit).toBe(1);
  });
});

describe('documents that can be derived again', () => {
  it.each(['cut short', 'garbage', 'empty', 'absent'] as const)(
    'leases, %s: the fence goes on from the ledger',
    async (how) => {
      const home = join(folder, `leases ${how}`);
      copyHome(sound, home);
      const before = JSON.parse(readFileSync(join(home, 'control/leases/pulsecart.json'), 'utf8')) as { fence: number };
      damage(join(home, 'control/leases/pulsecart.json'), how);
      const engine = await Engine.open({
        home,
        create: false,
        pipelinesFolder: undefined,
        command: 'test',
        waitMs: 0,
        say: () => {},
      });
      try {
        const { lease } = await new Leases(engine.leaseDeps, 'pulsecart').take('a-run', {
          from: '2026-06-01',
          to: '2026-06-02',
        });
        expect(lease.fence).toBe(before.fence + 1);
      } finally {
        await engine.close();
      }
    },
  );

  it('all caches at once, and staged rows, are made anew by the commands that need them', async () => {
    const home = join(folder, 'caches');
    copyHome(sound, home);
    for (const key of ['leases/pulsecart.json', 'coverage/pulsecart.json'])
      damage(join(home, 'control', key), 'garbage');
    for (const name of ['catalog', 'versions', 'coverage/pulsecart']) {
      for (const entry of readdirSync(join(home, 'control', name), { recursive: true, withFileTypes: true }))
        if (entry.isFile()) damage(join(entry.parentPath, entry.name), 'cut short');
    }
    const again = await reprise(home, 'backfill', 'pulsecart', '--all', '--json');
    expect(again.exit, again.err).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ state: expect.stringMatching(/^(succeeded|nothing_to_do)$/) });
    const reconciled = await reprise(home, 'reconcile', 'pulsecart', '--json');
    expect(JSON.parse(reconciled.out)).toMatchObject({ state: 'nothing_to_do', needsWhole: [] });
  });

  it('rows as they were before a run, damaged, refuse its undo and its diff by name', async () => {
    const home = join(folder, 'changes');
    copyHome(sound, home);
    damage(join(home, `stage/${runId}/changes/0.events.before.parquet`), 'cut short');
    const undone = await reprise(home, 'undo', runId, '--yes');
    expect(undone.exit).not.toBe(0);
    expect(undone.out + undone.err).toMatch(/changes\/0\.events\.before\.parquet/);
  });
});
