// A reconcile that finds somebody else at work says since when dates wait, and does not do so for ever; one that was
// killed is brought to its end by the next.

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Arguments } from '../../cli/command.ts';
import { planAndSave } from '../../cli/commands/planning.ts';
import { runsCheck } from '../../cli/doctor/runs.ts';
import { waitingCheck } from '../../cli/doctor/waiting.ts';
import { exitCodeOfReconciliation, type Reconciled } from '../../cli/render/reconcile.ts';
import { Terminal } from '../../cli/render/terminal.ts';
import { Leases } from '../../engine/ledger/leases.ts';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import { readWaiting } from '../../engine/reconcile/waiting.ts';
import { createRun } from '../../engine/run/begin.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { backfill, land, newHome, onHome, reconcile } from './reconcile-home.ts';

const HOUR_MS = 3_600_000;
const drawn = samples.generate({ seed: 5, events: 90, from: '2026-06-01', days: 2 });
const first = drawn.filter((_, place) => place % 3 !== 0);
const late = drawn.filter((_, place) => place % 3 === 0);
const ELSEWHERE = 'elsewhere/4242-77-0123456789ab';
let home: string;

beforeAll(async () => {
  home = await newHome();
  await onHome(home, async (engine) => {
    await land(engine, 'pulsecart', first);
    await backfill(engine, 'pulsecart');
    await land(engine, 'pulsecart', late);
  });
});
afterAll(() => rm(home, { recursive: true, force: true }));

const reconciled = (engine: Engine): Promise<Reconciled> => reconcile(engine, 'pulsecart') as Promise<Reconciled>;
const exitOf = (found: Reconciled, atMs: number): number => exitCodeOfReconciliation(found, false, HOUR_MS, atMs);
const waitingIn = async (engine: Engine) => (await waitingCheck.run(engine.home, {} as Arguments))[0];

describe('dates that somebody else works at', () => {
  it('wait since the first reconcile that left them, which a monitor hears of after an hour', async () => {
    await onHome(home, async (engine) => {
      const leases = new Leases({ ...engine.leaseDeps, holder: ELSEWHERE }, 'pulsecart');
      const { lease } = await leases.take('other-1', { from: '2026-01-01', to: '2027-01-01' });
      const before = await reconciled(engine);
      const again = await reconciled(engine);
      expect(before.waiting.length).toBeGreaterThan(0);
      const since = before.waiting[0]?.since ?? '';
      expect(again.waiting.map((one) => one.since)).toEqual(before.waiting.map(() => since));
      expect(exitOf(again, Date.parse(since) + HOUR_MS - 1)).toBe(0);
      expect(exitOf(again, Date.parse(since) + HOUR_MS + 1)).toBe(3);
      expect(await waitingIn(engine)).toMatchObject({ state: 'note', says: expect.stringContaining(since) });

      const document = await readWaiting(engine.home.control, 'pulsecart');
      const earlier = new Date(Date.parse(since) - 3 * HOUR_MS).toISOString();
      const dates = Object.fromEntries(Object.keys(document?.dates ?? {}).map((date) => [date, earlier]));
      const forged = Buffer.from(JSON.stringify({ format: 1, dates }));
      await engine.home.control.write('waiting/pulsecart.json', forged, { if: 'always' });
      const overdue = await reconciled(engine);
      expect(overdue.waiting[0]?.since).toBe(earlier);
      expect(exitOf(overdue, Date.now())).toBe(3);
      expect(await waitingIn(engine)).toMatchObject({ state: 'wrong', says: expect.stringContaining(earlier) });
      await leases.release('other-1', lease.fence);
    });
  });

  it('that were published wait no more; the run of a killed reconcile is ended on the way', async () => {
    const quiet = new Terminal({ json: true, verbose: false, clock: { nowMs: () => 0, sleep: async () => {} } });
    quiet.progress = () => {};
    const killed = await onHome(home, async (engine) => {
      // What a killed reconcile leaves: its plan, and the record of a run whose process has ended.
      const objects: string[] = [];
      for await (const { key } of engine.home.lake.list('raw/pulsecart/')) objects.push(key);
      const window = { from: '2026-06-01', to: '2026-06-02' };
      const request = {
        window,
        reason: 'reconcile',
        sliceBytes: PLAN_LIMITS.sliceBytes,
        onlyObjects: objects,
        repair: false,
      };
      const plan = await planAndSave(engine, 'pulsecart', request, quiet);
      const options = {
        stageOnly: false,
        approved: false,
        maxChange: undefined,
        maxActive: 1,
        newestFirst: false,
        verify: false,
      };
      const about = { by: 'somebody', holder: ELSEWHERE, begunAtMs: Date.now() };
      const begun = await createRun(engine.controlDeps, plan, options, about);
      // While it stages nobody holds the warehouse, and it works nevertheless.
      expect(await runsCheck.run(engine.home, {} as Arguments)).toEqual([
        { state: 'note', says: expect.stringContaining('is running'), fix: `reprise watch ${begun.runId}` },
      ]);
      await engine.runs.save({ ...begun, begunAtMs: 0 });
      return begun;
    });
    await onHome(home, async (engine) => {
      expect(await runsCheck.run(engine.home, {} as Arguments)).toMatchObject([
        { state: 'wrong', says: expect.stringContaining(`${killed.runId} of pulsecart is interrupted`) },
      ]);
      const found = await reconciled(engine);
      expect(found.waiting).toEqual([]);
      expect(found.runs.map((run) => run.runId)).toContain(killed.runId);
      expect((await engine.runs.run(killed.runId)).state).toMatch(/^(succeeded|nothing_to_do)$/);
      expect((await runsCheck.run(engine.home, {} as Arguments)).map(({ state }) => state)).toEqual(['ok']);
      expect(await waitingIn(engine)).toMatchObject({ state: 'ok' });
    });
  });
});
