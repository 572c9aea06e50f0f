// Control documents that somebody changes by hand: each is refused by the command that would rely on it, which says what
// to do.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { copyHome } from '../copy-home.ts';
import { type RunDocument, reprise, repriseJson } from './reprise.ts';
import { YESTERDAY } from './undo-homes.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-tampering-'));
const loaded = join(folder, 'loaded');
const staged = join(folder, 'staged');
let homes = 0;
let planId: string;
let waits: RunDocument;

const copyOf = (home: string): string => {
  const copy = join(folder, `home-${++homes}`);
  copyHome(home, copy);
  return copy;
};

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
}

const planPath = (home: string): string => join(home, 'control', 'plans', `${planId}.json`);

beforeAll(async () => {
  const file = join(folder, 'orders.ndjson');
  writeFileSync(file, toNdjson(samples.generate({ seed: 3, events: 120, from: '2026-06-01', days: 2 })));
  expect((await reprise(loaded, 'land', 'pulsecart', file)).exit).toBe(0);
  expect((await reprise(loaded, 'backfill', 'pulsecart', '--all', '--no-verify')).exit).toBe(0);
  copyHome(loaded, staged);
  waits = await repriseJson(staged, 'backfill', 'pulsecart', '--all', '--no-verify', '--stage-only', ...YESTERDAY);
  expect(waits.state).toBe('staged');
  planId = readdirSync(join(loaded, 'control', 'plans'))[0]?.replace('.json', '') ?? '';
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('ids', () => {
  it.each(['run', 'explain', 'status', 'verify', 'undo', 'diff', 'resume', 'cancel', 'approve', 'watch'])(
    '%s takes no empty id for any',
    async (command) => {
      const { exit, err } = await reprise(loaded, command, '');
      expect([exit, err]).toEqual([2, expect.stringContaining('id is empty')]);
    },
  );

  it('a beginning that several have is refused with their names, one that only one has is enough', async () => {
    const home = copyOf(staged);
    const [first = ''] = readdirSync(join(home, 'control', 'runs'));
    const run = join(home, 'control', 'runs', first);
    copyHome(run, join(home, 'control', 'runs', first.replace(/1$/, '2')));
    const { exit, err } = await reprise(home, 'status', first.slice(0, 9));
    expect([exit, err]).toEqual([2, expect.stringMatching(new RegExp(`2 runs begin with \\w+: ${first}, .*-2`))]);
    const found = await repriseJson<RunDocument>(staged, 'status', first.slice(0, 9));
    expect(found.runId).toBe(first);
    expect((await reprise(home, 'status', '../plans')).exit).toBe(2);
  });
});

describe('a plan that was changed', () => {
  it('is not executed, is named by doctor, and made again by the command that is printed', async () => {
    const home = copyOf(loaded);
    edit(planPath(home), (text) => {
      const plan = JSON.parse(text) as { body: { objects: unknown[]; slices: { parts: unknown[] }[] } };
      plan.body.objects = plan.body.objects.slice(0, 1);
      for (const slice of plan.body.slices) slice.parts = slice.parts.slice(0, 1);
      return JSON.stringify(plan);
    });
    const refused = await reprise(home, 'run', planId.slice(0, 12));
    expect([refused.exit, refused.err]).toEqual([3, expect.stringMatching(/plan \w+ has a body whose hash is/)]);
    const doctor = await reprise(home, 'doctor');
    expect([doctor.exit, doctor.out]).toEqual([1, expect.stringContaining(`plan ${planId.slice(0, 12)} has a body`)]);
    const [, again = ''] = /plan again \(reprise (.*?)\)/.exec(refused.err) ?? [];
    expect((await reprise(home, ...again.split(' '))).exit).toBe(0);
    expect((await reprise(home, 'run', planId.slice(0, 12), '--no-verify')).exit).toBe(0);
  });
});

describe('approving from a checkout with other transforms', () => {
  it.each(['approve', 'resume'])('%s is refused, and the run waits as before', async (command) => {
    const home = copyOf(staged);
    const yes = command === 'resume' ? ['--yes'] : [];
    const { exit, err } = await reprise(home, command, waits.runId, ...yes);
    expect([exit, err]).toEqual([3, expect.stringMatching(/staged with another pipeline.*--pipelines FOLDER/s)]);
    const after = await repriseJson<RunDocument & { decision?: unknown; next: string }>(home, 'status', waits.runId);
    expect([after.state, after.decision]).toEqual(['staged', undefined]);
    expect(after.next).not.toMatch(/--yes|resume/);
    const right = await repriseJson<RunDocument>(home, command, waits.runId, ...yes, ...YESTERDAY);
    expect(right.state).toBe('succeeded');
  });
});
