// Undo over several date groups: crashes and kills between them, then resume; what was kept of a committed group stays.

import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../engine/plan/plan-document.ts';
import { createRun } from '../../engine/run/begin.ts';
import { type Sample, toNdjson } from '../../generator/sample.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import { admitUndoTask } from '../../tasks/admit-undo.ts';
import { previewTask } from '../../tasks/preview.ts';
import { previewUndoTask } from '../../tasks/preview-undo.ts';
import { undoGroupTask } from '../../tasks/undo-group.ts';
import { type RunDocument, reprise, repriseJson } from './reprise.ts';
import {
  backfill,
  differing,
  drawn,
  Homes,
  inHome,
  type Rows,
  rowsOf,
  select,
  type UndoDocument,
  undo,
  YESTERDAY,
} from './undo-homes.ts';

let homes: Homes;
let right: Rows;

/** The plan cut into one group for each date, as large dates would be. */
async function planByDates(home: string, ...pipelines: readonly string[]): Promise<Plan> {
  const { planId } = await repriseJson<{ planId: string }>(home, 'plan', 'pulsecart', '--all', ...pipelines);
  return inHome(home, async (engine) => {
    const plan = await engine.runs.plan(planId);
    const dates = plan.body.dates.map((date, group) => ({ ...date, group }));
    const body = { ...plan.body, dates, groups: dates.length };
    const cut = { ...plan, id: sha256Hex(canonicalJson(body)), body };
    await engine.runs.savePlan(cut);
    return cut;
  });
}

describe('several date groups', () => {
  let home: string;
  let run: RunDocument;
  let spoiled: Rows;

  beforeAll(async () => {
    homes = await Homes.create();
    const wrong = await homes.wrong();
    ({ home, right } = wrong);
    await undo(home, wrong.run.runId);
    expect((await reprise(home, 'activate', 'pulsecart', '--reason', 'a test', ...YESTERDAY)).exit).toBe(0);
    const plan = await planByDates(home, ...YESTERDAY);
    expect(plan.body.groups).toBeGreaterThan(2);
    run = await repriseJson<RunDocument>(home, 'run', plan.id, '--yes', '--no-verify', ...YESTERDAY);
    expect(run.state).toBe('succeeded');
    spoiled = await rowsOf(home, 'pulsecart');
    expect(differing(right, spoiled).length).toBeGreaterThan(50);
  });

  afterAll(() => homes.remove());

  /** Begins an undo as the state machine does, publishes all groups but the last few, and is gone. */
  const crashBefore = (copy: string, left: number, lose: boolean): Promise<string> =>
    inHome(copy, async (engine) => {
      const plan = await engine.runs.plan((await engine.runs.run(run.runId)).planId);
      const base = (await engine.runs.run(run.runId)).options;
      const begun = await createRun(
        engine.controlDeps,
        plan,
        { ...base, approved: true },
        { undoes: run.runId, reason: 'crash' },
      );
      const context = engine.taskContext(() => {});
      const payload = { runId: begun.runId, attempt: 1 };
      await admitUndoTask(context, payload);
      await previewUndoTask(context, payload);
      const lines = Buffer.from((await engine.home.stage.read(`${begun.runId}/groups.jsonl`)) ?? []).toString();
      const order = lines
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { group: number }).group);
      expect(order).toEqual([...order].sort((a, b) => b - a));
      const done = order.slice(0, -left);
      for (const group of done) await undoGroupTask(context, { ...payload, group });
      const last = String(done.at(-1)).padStart(6, '0');
      if (lose) await engine.home.control.remove(`runs/${begun.runId}/groups/${last}.json`);
      // The holder of the lease is this process, which lives on: let the time pass that others would wait for it.
      const leases = 'leases/pulsecart.json';
      const text = Buffer.from((await engine.home.control.read(leases)) ?? []).toString();
      const past = text.replace(/"expiresAtMs": ?\d+/g, '"expiresAtMs": 0');
      await engine.home.control.write(leases, Buffer.from(past), { if: 'always' });
      return begun.runId;
    });

  it.each([
    [2, false],
    [2, true],
  ])(
    'after all but %d groups a crash and a resume end as no crash (record of the last lost: %s)',
    async (left, lose) => {
      const copy = homes.copy(home);
      const runId = await crashBefore(copy, left, lose);
      const between = await rowsOf(copy, 'pulsecart');
      expect(differing(right, between).length).toBeGreaterThan(0);
      expect(differing(spoiled, between).length).toBeGreaterThan(0);
      const ended = await repriseJson<UndoDocument>(copy, 'resume', runId);
      expect([ended.state, ended.undo.changedSince]).toEqual(['succeeded', 0]);
      expect(differing(right, await rowsOf(copy, 'pulsecart'))).toEqual([]);
      const commits = await select(copy, `SELECT token FROM reprise.commits WHERE run_id = '${runId}'`);
      expect(new Set(commits.map(({ token }) => token)).size).toBe(commits.length);
      const second = await undo(copy, runId);
      expect([second.state, second.undo.changedSince]).toEqual(['succeeded', 0]);
      expect(differing(spoiled, await rowsOf(copy, 'pulsecart'))).toEqual([]);
    },
  );

  it('an undo that is half done stands in the way of the run, and can itself be taken back', async () => {
    const copy = homes.copy(home);
    const half = await crashBefore(copy, 1, false);
    const other = await reprise(copy, 'undo', run.runId, '--yes');
    expect([other.exit, other.err]).toEqual([3, expect.stringContaining(`reprise resume ${half}`)]);
    const back = await undo(copy, half);
    expect([back.state, back.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(spoiled, await rowsOf(copy, 'pulsecart'))).toEqual([]);
  });

  it('killed by SIGKILL at some moment, then resumed', async () => {
    for (const afterMs of [700, 1000]) {
      const copy = homes.copy(home);
      const program = [join(packageRoot(), 'bin', 'reprise.js'), 'undo', run.runId, '--yes', '--home', copy];
      const child = spawn(process.execPath, program, { detached: true, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.on('close', resolve));
      await Promise.race([delay(afterMs), ended]);
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
      const [newest] = await repriseJson<RunDocument[]>(copy, 'status');
      const begun = newest !== undefined && newest.runId !== run.runId;
      const done = begun
        ? await repriseJson<UndoDocument>(copy, 'resume', newest.runId, '--yes')
        : await undo(copy, run.runId);
      expect(done.state).toBe('succeeded');
      expect(differing(right, await rowsOf(copy, 'pulsecart')), `after ${afterMs} ms`).toEqual([]);
    }
  });

  it('a preview after a commit keeps what was there before', async () => {
    const copy = homes.copy(home);
    const changes = join(copy, 'stage', run.runId, 'changes');
    const kept = async (): Promise<string[]> =>
      Promise.all(
        (await readdir(changes))
          .sort()
          .map(async (name) => `${name} ${sha256Hex(await readFile(join(changes, name)))}`),
      );
    const before = await kept();
    expect(before.length).toBeGreaterThan(20);
    await inHome(copy, async (engine) => {
      const { attempt } = await engine.runs.run(run.runId);
      await previewTask(
        engine.taskContext(() => {}),
        { runId: run.runId, attempt },
      );
    });
    expect(await kept()).toEqual(before);
  });

  it('resuming a run that was taken back is refused', async () => {
    const copy = homes.copy(home);
    await undo(copy, run.runId);
    await inHome(copy, async (engine) => {
      const record = await engine.runs.run(run.runId);
      await engine.runs.save({ ...record, state: 'partially_published' });
    });
    const refused = await reprise(copy, 'resume', run.runId);
    expect([refused.exit, refused.err]).toEqual([3, expect.stringMatching(/taken back/)]);
    const doctor = await repriseJson<{ checks: { check: string; says: string }[] }>(copy, 'doctor');
    const named = doctor.checks.filter(({ says }) => says.includes(run.runId));
    expect(named.map(({ check }) => check)).toEqual(['ledger']);
  });
});

describe('late corrections that moved events to other dates', () => {
  it('are taken back over all groups, and brought again', async () => {
    const some = await Homes.create();
    const home = some.next();
    const land = async (name: string, deliveries: readonly Sample[]): Promise<void> => {
      await writeFile(join(some.folder, name), toNdjson(deliveries));
      await repriseJson(home, 'land', 'pulsecart', join(some.folder, name));
    };
    const isLate = ({ fault }: Sample): boolean => fault?.startsWith('correction') === true;
    await land(
      'first',
      drawn.filter((sample) => !isLate(sample)),
    );
    await backfill(home);
    const before = await rowsOf(home, 'pulsecart');
    await land('late', drawn.filter(isLate));
    const plan = await planByDates(home);
    const run = await repriseJson<RunDocument>(home, 'run', plan.id, '--yes', '--no-verify');
    const after = await rowsOf(home, 'pulsecart');
    const dateOf = (row: string | undefined): unknown => (row === undefined ? '' : JSON.parse(row).event_date);
    const changed = differing(before, after).filter((key) => key.startsWith('events') && before.has(key));
    expect(changed.filter((key) => dateOf(before.get(key)) !== dateOf(after.get(key))).length).toBeGreaterThan(3);
    const first = await undo(home, run.runId);
    expect([first.state, first.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(before, await rowsOf(home, 'pulsecart'))).toEqual([]);
    const second = await undo(home, first.runId);
    expect([second.state, second.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(after, await rowsOf(home, 'pulsecart'))).toEqual([]);
    await some.remove();
  });
});
