// Raw that is gone: its rows stay, their date is not whole, and every command that looks there says so, calmly.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../cli/command.ts';
import { doctorCommand } from '../../cli/commands/doctor.ts';
import { planAndSave } from '../../cli/commands/planning.ts';
import { verifyCommand } from '../../cli/commands/verify.ts';
import { renderPlan } from '../../cli/render/plan.ts';
import { renderRun } from '../../cli/render/run.ts';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { copyHome } from '../copy-home.ts';
import { listRaw } from '../listed-raw.ts';
import { backfill, land, newHome, onHome, reconcile } from './reconcile-home.ts';
import { quiet, saidBy } from './said.ts';
import { stock } from './stock-change.ts';

const NAME = 'pulsecart';
const DATE = '2026-06-01';

let folder: string;
let home: string;
let homes = 0;
const on = <T>(work: (engine: Engine) => Promise<T>): Promise<T> => onHome(home, work);

/** Moves the raw of the two events away that arrived on their day; a third came a day later. */
async function takeRawAway(engine: Engine): Promise<void> {
  for (const { key } of await listRaw(engine.home.lake, NAME))
    if (key.includes(`/dt=${DATE}/`)) await engine.home.lake.remove(key);
}

async function planOf(engine: Engine) {
  const request = { window: undefined, reason: '', sliceBytes: PLAN_LIMITS.sliceBytes, onlyObjects: [], repair: false };
  return planAndSave(engine, NAME, request, quiet());
}

/** What a command says. */
const typed = (command: Command, args: Readonly<Record<string, unknown>>) => saidBy(home, command, args);

describe('a date whose raw is gone in part', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reprise-raw-gone-'));
    home = await newHome();
    await on(async (engine) => {
      await land(engine, NAME, [stock('a', DATE), stock('b', DATE), stock('c', DATE, '2026-06-02T09:00:00.000Z')]);
      await land(engine, NAME, [stock('d', '2026-06-02')]);
      expect((await backfill(engine, NAME)).state).toBe('succeeded');
    });
    copyHome(home, join(folder, 'loaded'));
    await rm(home, { recursive: true, force: true });
  });
  beforeEach(async () => {
    home = join(folder, `home-${++homes}`);
    copyHome(join(folder, 'loaded'), home);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is not whole in the plan, and its rows are counted by the run, which succeeds', () =>
    on(async (engine) => {
      await takeRawAway(engine);
      const plan = await planOf(engine);
      expect(plan.body.dates).toMatchObject([
        { date: DATE, whole: false, rawGone: 2, deliveries: 1 },
        { date: '2026-06-02', whole: true },
      ]);
      expect(plan.body.dates[1]).not.toHaveProperty('rawGone');
      expect(renderPlan(plan, [], [], [])).toContain('no: the raw of 2 events is gone; they stay');
      const run = await backfill(engine, NAME);
      expect([run.state, run.summary?.rawGone]).toEqual(['nothing_to_do', [{ date: DATE, rows: 2 }]]);
      expect(run.summary?.tables['pulsecart.events']).toMatchObject({ unchanged: 2, kept_newer: 0, raw_gone: 2 });
      expect(renderRun(run, undefined)).toContain(`raw is gone of 2 events at ${DATE} (2)`);
    }));

  it('deletes nothing there, until nothing is left of the rows whose raw is gone', () =>
    on(async (engine) => {
      await takeRawAway(engine);
      const { duck } = await engine.warehouse();
      // A row of an object that was read, which raw does not give.
      for (const table of ['events', 'stock_changes'])
        await duck.run(`INSERT INTO ${NAME}.${table} SELECT * REPLACE ('inventory-service:x' AS event_id, '0' AS _transform_version)
          FROM ${NAME}.${table} WHERE event_id LIKE '%:c' OR event_id = 'c'`);
      const kept = await backfill(engine, NAME);
      expect(kept.summary?.tables['pulsecart.events']).toMatchObject({ deleted: 0, raw_gone: 2, not_whole: 1 });
      for (const table of ['events', 'stock_changes'])
        await duck.run(
          `DELETE FROM ${NAME}.${table} WHERE event_id IN ('a', 'b') OR event_id LIKE '%:a' OR event_id LIKE '%:b'`,
        );
      const deleted = await backfill(engine, NAME);
      expect(deleted.summary?.tables['pulsecart.events']).toMatchObject({ deleted: 1, raw_gone: 0, not_whole: 0 });
    }));

  it('is named by verify and doctor, and is neither a difference nor a fault', async () => {
    await on(takeRawAway);
    const verified = await typed(verifyCommand, { what: NAME });
    expect(verified.document).toMatchObject({ ok: true, checked: 4, notJudged: 0, rawGone: [{ date: DATE, rows: 2 }] });
    expect(verified.text).toContain(`raw is gone of 2 events at ${DATE} (2)`);
    const { checks } = (await typed(doctorCommand, {})).document as {
      checks: { check: string; state: string; says: string }[];
    };
    expect(checks.filter(({ check }) => check === 'raw')).toMatchObject([
      { state: 'note', says: expect.stringContaining(`${NAME}: raw is gone of 2 events at ${DATE} (2)`) },
    ]);
  });

  it('needs no whole plan again and again: one says all there is to say', () =>
    on(async (engine) => {
      await takeRawAway(engine);
      await reconcile(engine, NAME);
      await backfill(engine, NAME);
      expect((await reconcile(engine, NAME)).needsWhole).toEqual([]);
      await land(engine, NAME, [stock('late', DATE, '2026-06-20T10:00:01.000Z')]);
      const { runs, needsWhole } = await reconcile(engine, NAME);
      expect([runs.map(({ state }) => state), needsWhole]).toEqual([['succeeded'], []]);
    }));

  it('rows of an object that never was in the lake are live', () =>
    on(async (engine) => {
      const { duck } = await engine.warehouse();
      for (const table of ['events', 'stock_changes'])
        await duck.run(`UPDATE ${NAME}.${table} SET _raw_object = 'kafka:stock/7', _run_id = 'live', event_id = 'live'
          WHERE event_id = 'a' OR event_id LIKE '%:a'`);
      const plan = await planOf(engine);
      expect(plan.body.dates[0]).toMatchObject({ date: DATE, whole: true });
      expect(plan.body).not.toHaveProperty('goneObjects');
      const verified = await backfill(engine, NAME);
      expect(verified.summary?.tables['pulsecart.events']).toMatchObject({ kept_newer: 1, raw_gone: 0 });
    }));
});
