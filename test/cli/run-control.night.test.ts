// Runs under control, with real processes: stopped, resumed, approved, rejected, waited with, killed, looked at.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { copyHome } from '../copy-home.ts';
import { type Started, start } from '../crash/processes.ts';
import { type RunDocument, reprise, repriseJson } from './reprise.ts';

const SLOW = ['backfill', 'pulsecart', '--all', '--slice-size', '10KB', '--max-active', '1', '--no-verify', '--json'];
const POLL_MS = 20;
const folder = mkdtempSync(join(tmpdir(), 'reprise-control-'));
const landed = join(folder, 'landed');
const loaded = join(folder, 'loaded');
let homes = 0;

interface StatusDocument extends RunDocument {
  readonly attempt: number;
  readonly reason: string;
  readonly slices: { readonly planned: number; readonly staged: number; readonly left: number };
  readonly groups: {
    readonly planned: number;
    readonly published: readonly { readonly dates: readonly string[] }[];
    readonly left: readonly { readonly dates: readonly string[] }[];
  };
  readonly asked?: { readonly ask: string; readonly by: string; readonly reason: string };
  readonly decision?: { readonly decision: string; readonly by: string; readonly reason: string };
  readonly waiting?: { readonly question: string };
  readonly failure?: { readonly error: string; readonly cause: string };
  readonly next: string;
}

type Entry = Readonly<Record<string, unknown>> & { readonly kind: string };

beforeAll(async () => {
  const file = join(folder, 'orders.ndjson');
  writeFileSync(file, toNdjson(samples.generate({ seed: 3, events: 600, from: '2026-06-01', days: 1 })));
  expect((await reprise(landed, 'land', 'pulsecart', file)).exit).toBe(0);
  expect((await reprise(landed, 'catalog', 'build', 'pulsecart')).exit).toBe(0);
  copyHome(landed, loaded);
  expect((await reprise(loaded, 'backfill', 'pulsecart', '--all', '--no-verify')).exit).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copyOf(home: string): string {
  const copy = join(folder, `home-${++homes}`);
  copyHome(home, copy);
  return copy;
}

async function edit(home: string, statement: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'));
  const connection = await instance.connect();
  await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += POLL_MS) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(POLL_MS);
  }
  throw new Error(`waited for ${what} in vain`);
}

const filesOf = (home: string, ...path: string[]): string[] => {
  try {
    return readdirSync(join(home, 'control', ...path));
  } catch {
    return [];
  }
};

/** A backfill that has staged some slices and has others left. */
async function staging(home: string): Promise<{ readonly runId: string; readonly process: Started }> {
  const process = start([...SLOW, '--home', home]);
  const runId = await until('two staged slices', () =>
    filesOf(home, 'runs').find((run) => filesOf(home, 'runs', run, 'slices').length >= 2),
  );
  return { runId, process };
}

const status = (home: string, runId: string): Promise<StatusDocument> => repriseJson(home, 'status', runId);
const ledger = (home: string, runId: string): Promise<readonly Entry[]> =>
  repriseJson(home, 'ledger', 'list', 'pulsecart', '--run', runId, '--limit', '0');

describe('stopping', () => {
  it('cancel tells what is staged and left; resume stages only the rest', async () => {
    const home = copyOf(landed);
    const { runId, process } = await staging(home);
    const stopped = await repriseJson<StatusDocument>(home, 'cancel', runId, '--reason', 'wrong window');
    expect(stopped.state).toBe('cancelled');
    expect(stopped.slices.staged).toBeGreaterThanOrEqual(2);
    expect(stopped.slices.left).toBeGreaterThan(0);
    expect(stopped.groups).toMatchObject({ published: [], left: [{ dates: expect.arrayContaining(['2026-06-01']) }] });
    const { code, stdout } = await process.ended;
    expect([code, JSON.parse(stdout).state]).toEqual([1, 'cancelled']);
    const asked = (await ledger(home, runId)).find(({ kind }) => kind === 'cancel_asked');
    expect(asked).toMatchObject({ reason: 'wrong window', by: expect.stringContaining('@') });
    const first = join(home, 'control', 'runs', runId, 'slices', '000000.json');
    const stagedAt = statSync(first).mtimeMs;
    const resumed = await repriseJson<RunDocument>(home, 'resume', runId);
    expect(resumed).toMatchObject({ runId, state: 'succeeded' });
    expect(statSync(first).mtimeMs).toBe(stagedAt);
    const again = await reprise(home, 'cancel', runId);
    expect([again.exit, again.err]).toEqual([2, expect.stringMatching(/at its end already \(succeeded\)/)]);
  });

  it('pause without waiting, look on until it has stopped, go on by retry', async () => {
    const home = copyOf(landed);
    const { runId, process } = await staging(home);
    const left = await reprise(home, 'pause', runId, '--no-wait', '--reason', 'the nightly load');
    expect([left.exit, left.out]).toEqual([0, expect.stringMatching(/is asked to pause it/)]);
    expect((await reprise(home, 'watch', runId)).exit).toBe(1);
    expect((await process.ended).code).toBe(1);
    const paused = await status(home, runId);
    expect(paused).toMatchObject({ state: 'paused', asked: { ask: 'pause', reason: 'the nightly load' } });
    expect(paused.slices.left).toBeGreaterThan(0);
    expect((await reprise(home, 'pause', runId)).exit).toBe(2);
    const resumed = await repriseJson<RunDocument>(home, 'retry', runId);
    expect(resumed.state).toBe('succeeded');
    expect(await status(home, runId)).toMatchObject({ attempt: 2, slices: { left: 0 }, groups: { left: [] } });
  });

  it('a process that was killed leaves an interrupted run, which cancel ends on the spot', async () => {
    const home = copyOf(landed);
    const { runId, process } = await staging(home);
    expect((await status(home, runId)).state).toBe('running');
    const busy = await reprise(home, 'resume', runId);
    expect([busy.exit, busy.err]).toEqual([3, expect.stringMatching(/is being executed by/)]);
    process.kill();
    expect((await process.ended).signal).toBe('SIGKILL');
    expect(await status(home, runId)).toMatchObject({ state: 'interrupted', next: `reprise resume ${runId}` });
    expect(await repriseJson(home, 'runs', '--state', 'interrupted')).toMatchObject([{ runId }]);
    const watched = await reprise(home, 'watch', runId);
    expect([watched.exit, watched.out]).toEqual([1, expect.stringMatching(/interrupted/)]);
    const stopped = await repriseJson<StatusDocument>(home, 'cancel', runId);
    expect(stopped).toMatchObject({ state: 'cancelled', attempt: 2 });
    expect(await repriseJson(home, 'ledger', 'verify')).toMatchObject({ ok: true });
  });

  it('watch prints a line for each change when piped, and JSON lines, and exits as the run does', async () => {
    const home = copyOf(landed);
    const { runId, process } = await staging(home);
    const [text, json] = await Promise.all([reprise(home, 'watch', runId), reprise(home, 'watch', '--json')]);
    expect([text.exit, json.exit, (await process.ended).code]).toEqual([0, 0, 0]);
    const lines = text.out.split('\n').filter((line) => line.startsWith(`run ${runId}  running`));
    expect(lines.length).toBeGreaterThan(1);
    expect(new Set(lines).size).toBe(lines.length);
    expect(text.out).toContain(`run ${runId}  pulsecart  succeeded`);
    const documents = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as StatusDocument);
    expect(documents.at(-1)).toMatchObject({ runId, state: 'succeeded' });
  });
});

describe('deciding', () => {
  const CHANGE = "UPDATE pulsecart.events SET _content_hash = 'other', _transform_version = 'earlier'";
  const LIMITED = ['backfill', 'pulsecart', '--all', '--max-change', '1%', '--no-verify', '--json'];

  it('a staged run is rejected, not resumed, and approved after all', async () => {
    const home = copyOf(landed);
    const staged = await repriseJson<RunDocument>(
      home,
      'backfill',
      'pulsecart',
      '--all',
      '--stage-only',
      '--no-verify',
    );
    expect(staged.state).toBe('staged');
    const rejected = await repriseJson<StatusDocument>(home, 'reject', staged.runId, '--reason', 'totals look wrong');
    expect(rejected).toMatchObject({
      state: 'refused',
      failure: { error: 'Rejected', cause: expect.stringMatching(/@.* rejected it at .*: totals look wrong/) },
    });
    expect((await reprise(home, 'resume', staged.runId, '--yes')).exit).toBe(3);
    const recorded = await repriseJson<StatusDocument>(
      home,
      'approve',
      staged.runId,
      '--reason',
      'checked',
      '--no-run',
    );
    expect(recorded).toMatchObject({
      state: 'refused',
      decision: { decision: 'approved' },
      next: `reprise resume ${staged.runId}`,
    });
    expect((await repriseJson<RunDocument>(home, 'resume', staged.runId)).state).toBe('succeeded');
    const decisions = (await ledger(home, staged.runId)).filter(({ kind }) => /approved|rejected/.test(kind));
    expect(decisions).toMatchObject([
      { kind: 'approved', reason: 'checked' },
      { kind: 'rejected', reason: 'totals look wrong' },
    ]);
    const done = await reprise(home, 'approve', staged.runId);
    expect([done.exit, done.err]).toEqual([2, expect.stringMatching(/does not wait for a decision/)]);
  });

  it('a process waits at the token for yes or no', async () => {
    for (const [decision, state, code] of [
      ['approve', 'succeeded', 0],
      ['reject', 'refused', 3],
    ] as const) {
      const home = copyOf(loaded);
      await edit(home, CHANGE);
      const process = start([...LIMITED, '--await-approval', '--home', home]);
      const runId = await until('a run that waits', () =>
        filesOf(home, 'runs').find((run) => filesOf(home, 'runs', run).includes('waiting.json')),
      );
      expect(await status(home, runId)).toMatchObject({
        state: 'running',
        waiting: { question: expect.stringMatching(/would be updated or deleted/) },
      });
      expect((await reprise(home, decision, runId, '--reason', 'looked at')).exit).toBe(0);
      const ended = await process.ended;
      expect([ended.code, JSON.parse(ended.stdout).state], ended.stderr).toEqual([code, state]);
      expect((await status(home, runId)).decision).toMatchObject({
        reason: 'looked at',
        by: expect.stringContaining('@'),
      });
    }
  });

  it('what came to change while it waited, for no known cause, is not published', async () => {
    const home = copyOf(loaded);
    await edit(home, CHANGE);
    const process = start([...LIMITED, '--await-approval', '--home', home]);
    const runId = await until('a run that waits', () =>
      filesOf(home, 'runs').find((run) => filesOf(home, 'runs', run).includes('waiting.json')),
    );
    await edit(home, "UPDATE pulsecart.quarantine SET reason = 'edited'");
    expect((await reprise(home, 'approve', runId)).exit).toBe(0);
    const ended = await process.ended;
    expect([ended.code, JSON.parse(ended.stdout).state]).toEqual([3, 'refused']);
    const stopped = await status(home, runId);
    expect(stopped.failure).toMatchObject({
      error: 'Unexplained',
      cause: expect.stringContaining('quarantine 2026-06-0'),
    });
    expect(stopped.groups.published).toEqual([]);
  });

  it('approve publishes what ended as awaiting approval, and needs a reason for rows without a cause', async () => {
    const home = copyOf(loaded);
    await edit(home, CHANGE);
    const waits = await reprise(home, ...LIMITED);
    expect([waits.exit, JSON.parse(waits.out).state]).toEqual([3, 'awaiting_approval']);
    const { runId } = JSON.parse(waits.out) as RunDocument;
    const published = await repriseJson<RunDocument>(home, 'approve', runId, '--reason', 'INC-42');
    expect(published).toMatchObject({ runId, state: 'succeeded' });
    expect(Object.keys(published.causes)).toEqual(['transform_changed']);

    await edit(home, "UPDATE pulsecart.orders SET _row_hash = 'x'");
    await edit(
      home,
      `UPDATE pulsecart.events SET _content_hash = 'edited'
        WHERE event_id IN (SELECT event_id FROM pulsecart.orders ORDER BY 1 LIMIT 3)`,
    );
    const stopped = await reprise(home, 'backfill', 'pulsecart', '--all', '--no-verify', '--json');
    const refused = JSON.parse(stopped.out) as StatusDocument;
    expect([stopped.exit, refused.state, refused.failure?.error]).toEqual([3, 'refused', 'Unexplained']);
    expect(refused.failure?.cause).toMatch(/events 2026-06-\d\d: "/);
    const diff = await repriseJson<{ unexplained: number; tables: Record<string, { causes: Entry[] }> }>(
      home,
      'diff',
      refused.runId,
    );
    expect(diff.unexplained).toBeGreaterThanOrEqual(6);
    expect(diff.tables['pulsecart.events']?.causes).toMatchObject([
      { cause: 'unexplained', action: 'update', rows: 3 },
    ]);
    expect((await reprise(home, 'resume', refused.runId, '--yes')).exit).toBe(3);
    expect((await reprise(home, 'approve', refused.runId)).exit).toBe(2);
    // Other rows than those that were shown are not covered by the yes.
    const wider = copyOf(home);
    await edit(wider, "UPDATE pulsecart.events SET _content_hash = 'edited' WHERE event_date = DATE '2026-06-01'");
    expect((await reprise(wider, 'approve', refused.runId, '--reason', 'mine')).exit).toBe(3);
    const forced = await repriseJson<RunDocument>(home, 'approve', refused.runId, '--reason', 'edited by me');
    expect(forced).toMatchObject({ state: 'succeeded', causes: { unexplained: 3 } });
    expect((await ledger(home, refused.runId)).find(({ kind }) => kind === 'approved')).toMatchObject({
      reason: 'edited by me',
    });
  });

  it('a row that was deleted by hand is no late arrival: its object was read at its date before', async () => {
    const home = copyOf(loaded);
    await edit(home, 'DELETE FROM pulsecart.events WHERE event_id IN (SELECT event_id FROM pulsecart.orders LIMIT 2)');
    const stopped = await reprise(home, 'backfill', 'pulsecart', '--all', '--no-verify', '--json');
    expect([stopped.exit, JSON.parse(stopped.out).failure?.error]).toEqual([3, 'Unexplained']);
    const repair = ['backfill', 'pulsecart', '--all', '--no-verify', '--repair'];
    expect(await repriseJson<RunDocument>(home, ...repair)).toMatchObject({
      state: 'succeeded',
      causes: { repaired: 2 },
    });
  });
});

describe('looking', () => {
  it('explain tells the stages of the state machine with the numbers of the plan', async () => {
    const plan = await repriseJson<{ planId: string; body: { slices: { count: number } } }>(
      landed,
      'plan',
      'pulsecart',
      '--all',
    );
    const explained = await repriseJson<{
      stages: readonly { state: string; does: string }[];
      groups: readonly { dates: readonly { date: string; whole: boolean }[] }[];
    }>(landed, 'explain', plan.planId.slice(0, 10), '--max-change', '5%', '--no-verify');
    const of = (state: string): string => explained.stages.find((stage) => stage.state === state)?.does ?? '';
    expect(explained.stages.map(({ state }) => state)).toEqual([
      ...['Admit', 'WriteSlices', 'Stage', 'Settle', 'Preview', 'Gate'],
      ...['Approve', 'Publish', 'Verify', 'Downstream', 'Finish'],
    ]);
    expect(of('Stage')).toContain(`in ${plan.body.slices.count} slice`);
    expect(of('Gate')).toContain('5 %');
    expect(of('Verify')).toContain('--no-verify');
    expect(explained.groups[0]?.dates).toContainEqual({ date: '2026-06-01', whole: true });
  });

  it('ledger verify names an entry that was changed', async () => {
    const home = copyOf(loaded);
    const entries = await repriseJson<readonly Entry[]>(home, 'ledger', 'list', 'pulsecart');
    expect(entries[0]).toMatchObject({ kind: 'run_finished', by: expect.stringContaining('@') });
    const last = join(home, 'control', 'ledger', 'pulsecart', `${String(entries.length).padStart(8, '0')}.json`);
    writeFileSync(last, readFileSync(last, 'utf8').replace('succeeded', 'cancelled'));
    const verified = await reprise(home, 'ledger', 'verify', 'pulsecart');
    expect([verified.exit, verified.out]).toEqual([4, expect.stringContaining(`entry ${entries.length} changed`)]);
  });
});
