// Control documents that somebody changes by hand: each is refused by the command that would rely on it, which says what
// to do.

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { copyHome } from '../copy-home.ts';
import { needed, type RunDocument, reprise, repriseJson } from './reprise.ts';
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
  it.each(['run', 'status', 'verify', 'undo'])('%s takes no empty id for any', async (command) => {
    const { exit, err } = await reprise(loaded, command, '');
    expect([exit, err]).toEqual([2, expect.stringContaining('id is empty')]);
  });

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
      const plan = JSON.parse(text) as { body: { objects: { count: number } } };
      plan.body.objects.count = 1;
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

  it('is what its body says, whatever lists were put beside it', async () => {
    const home = copyOf(loaded);
    const lists = { objects: [], slices: [], goneObjects: [] };
    edit(planPath(home), (text) => JSON.stringify({ ...(JSON.parse(text) as object), former: lists }));
    expect((await reprise(home, 'run', planId.slice(0, 12), '--no-verify')).exit).toBe(0);
    const verified = await repriseJson<{ ok: boolean; checked: number }>(home, 'verify', loadedRun());
    expect([verified.ok, verified.checked > 0]).toEqual([true, true]);
  });

  it.each(['objects', 'slices'] as const)('is not executed when its %s were cut, edited or removed', async (list) => {
    const shard = (home: string): string => {
      const plan = JSON.parse(readFileSync(planPath(home), 'utf8')) as { body: Record<string, { sha256: string }> };
      return join(home, 'control', 'plan-shards', `${plan.body[list]?.sha256}.jsonl`);
    };
    for (const damage of [
      (path: string) => edit(path, (text) => text + text),
      (path: string) => edit(path, (text) => text.replace(/"bytes":\d/, '"bytes":9')),
      (path: string) => edit(path, (text) => text.slice(0, -20)),
      rmSync,
    ]) {
      const home = copyOf(loaded);
      damage(shard(home));
      const refused = await reprise(home, 'run', planId.slice(0, 12));
      expect(refused.exit).toBe(3);
      expect(refused.out).toContain(`the ${list} of plan ${planId.slice(0, 12)}`);
      const doctor = await reprise(home, 'doctor');
      expect([doctor.exit, doctor.out]).toEqual([1, expect.stringContaining(`the ${list} of plan`)]);
      expect((await reprise(home, 'plan', 'pulsecart', '--all')).exit).toBe(0);
      expect((await reprise(home, 'run', planId.slice(0, 12), '--no-verify')).exit).toBe(0);
    }
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

const runPath = (home: string, runId: string, name = 'run'): string =>
  join(home, 'control', 'runs', runId, `${name}.json`);
const status = (home: string, runId: string): Promise<RunDocument & { decision?: unknown; next: string }> =>
  repriseJson(home, 'status', runId);
const loadedRun = (): string => `${planId.slice(0, 12)}-1`;

describe('the record of a run', () => {
  it('publishes nothing for an approval that somebody wrote into it, and is written again', async () => {
    const home = copyOf(staged);
    edit(runPath(home, waits.runId), (text) => text.replace('"approved": false', '"approved": true'));
    for (const command of ['resume', 'approve']) {
      const { exit, err } = await reprise(home, command, waits.runId, ...YESTERDAY);
      expect([exit, err]).toEqual([3, expect.stringContaining('options.approved is true, was recorded as false')]);
    }
    const doctor = await reprise(home, 'doctor');
    expect([doctor.exit, doctor.out]).toEqual([1, expect.stringContaining('→ reprise ledger restore pulsecart')]);
    expect((await reprise(home, 'ledger', 'restore', 'pulsecart')).exit).toBe(0);
    expect((await status(home, waits.runId)).state).toBe('staged');
    expect((await reprise(home, 'ledger', 'verify')).exit).toBe(0);
  });

  it('has the state, the counts and the limits that the ledger has', async () => {
    const home = copyOf(loaded);
    const run = runPath(home, loadedRun());
    edit(run, (text) => text.replace('"succeeded"', '"failed"').replace(/"inserted": \d+/, '"inserted": 1'));
    const verify = await reprise(home, 'ledger', 'verify');
    expect([verify.exit, verify.out]).toEqual([4, expect.stringMatching(/state is "failed", was recorded as "succ/)]);
    expect(verify.out).toContain('summary is');
    const shown = await reprise(home, 'status', loadedRun());
    expect([shown.exit, shown.out]).toEqual([3, expect.stringContaining('NOT TO BE BELIEVED')]);
    const resumed = await reprise(home, 'resume', loadedRun());
    expect([resumed.exit, resumed.err]).toEqual([3, expect.stringContaining('→ write it again from the ledger')]);
  });

  it('and the outcomes of its groups are written again when they were removed', async () => {
    const home = copyOf(loaded);
    rmSync(runPath(home, loadedRun(), 'groups/000000'));
    writeFileSync(runPath(home, loadedRun()), '{"runId"');
    const verify = await reprise(home, 'ledger', 'verify');
    expect([verify.exit, verify.out]).toEqual([
      4,
      expect.stringMatching(/cannot be read; groups\/000000.json was removed/),
    ]);
    expect((await reprise(home, 'ledger', 'restore', 'pulsecart')).exit).toBe(0);
    expect((await reprise(home, 'ledger', 'verify')).exit).toBe(0);
    const before = readFileSync(runPath(loaded, loadedRun()), 'utf8');
    expect(JSON.parse(readFileSync(runPath(home, loadedRun()), 'utf8'))).toEqual(JSON.parse(before));
  });
});

describe('what was staged', () => {
  const stagedFile = (home: string, table: string): string => {
    const slice = join(home, 'stage', waits.runId, 'slices', '000000');
    const name = readdirSync(slice).find((file) => file.startsWith(table));
    return join(slice, needed(name, `staged file of ${table}`));
  };

  it('is staged again when a file was changed while the run waited', async () => {
    const home = copyOf(staged);
    writeFileSync(stagedFile(home, 'events'), readFileSync(stagedFile(home, 'quarantine')));
    const done = await repriseJson<RunDocument>(home, 'approve', waits.runId, ...YESTERDAY);
    expect(done.state).toBe('succeeded');
    const whole = await repriseJson<RunDocument>(copyOf(staged), 'approve', waits.runId, ...YESTERDAY);
    expect(done.tables).toEqual(whole.tables);
  });

  it('is settled again when the manifest of a slice, or what was settled, was changed', async () => {
    const home = copyOf(staged);
    edit(runPath(home, waits.runId, 'slices/000000'), (text) => text.replace(/"deliveries": \d+/, '"deliveries": 7'));
    edit(runPath(home, waits.runId, 'settled'), (text) => text.replace(/"rows": \d+/, '"rows": 7'));
    const done = await repriseJson<RunDocument>(home, 'approve', waits.runId, ...YESTERDAY);
    expect(done.state).toBe('succeeded');
    expect((await reprise(home, 'ledger', 'verify')).exit).toBe(0);
  });
});

describe('what an undo puts back', () => {
  it('is refused when it is not what publishing kept', async () => {
    const home = copyOf(loaded);
    const second = await repriseJson<RunDocument>(
      home,
      'backfill',
      'pulsecart',
      '--all',
      '--yes',
      '--no-verify',
      ...YESTERDAY,
    );
    const kept = join(home, 'stage', second.runId, 'changes');
    writeFileSync(join(kept, '0.events.before.parquet'), readFileSync(join(kept, '0.orders.before.parquet')));
    const refused = await reprise(home, 'undo', second.runId, '--yes');
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining('0.events.before.parquet')]);
  });
});

describe('a ledger whose end was cut off', () => {
  it('stops the next run, is named with what names the entries, and can be accepted', async () => {
    const home = copyOf(loaded);
    const entries = join(home, 'control', 'ledger', 'pulsecart');
    const names = readdirSync(entries).sort();
    for (const name of names.slice(-2)) rmSync(join(entries, name));
    // As if the head had never gone further.
    const last = readFileSync(join(entries, names.at(-3) ?? ''));
    const hash = createHash('sha256').update(last).digest('hex');
    writeFileSync(
      join(home, 'control', 'ledger-heads', 'pulsecart.json'),
      JSON.stringify({ hash, sequence: names.length - 2 }),
    );
    const refused = await repriseJson<RunDocument & { failure: { error: string } }>(
      home,
      'backfill',
      'pulsecart',
      '--all',
    );
    expect([refused.state, refused.failure.error]).toEqual(['failed', 'LedgerBroken']);
    const verify = await reprise(home, 'ledger', 'verify');
    expect([verify.exit, verify.out]).toEqual([
      4,
      expect.stringMatching(/run \w+-1 says that there was an entry|it is not the entry that/),
    ]);
    expect((await reprise(home, 'doctor')).out).toContain('the ledger of pulsecart is broken');
    expect((await reprise(home, 'ledger', 'accept', 'pulsecart')).exit).toBe(2);
    expect((await reprise(home, 'ledger', 'accept', 'pulsecart', '--reason', 'a test')).exit).toBe(0);
    const after = await reprise(home, 'ledger', 'verify');
    expect([after.exit, after.out]).toEqual([0, expect.stringContaining('each as it was written')]);
    expect((await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all')).state).toBe('nothing_to_do');
    const list = await reprise(home, 'ledger', 'list', 'pulsecart');
    expect(list.out).toMatch(/ledger_accepted .*a test/);
  });
});
