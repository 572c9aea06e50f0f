// Going back to transforms that were in force before: what they published is theirs still, whatever was in force since.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { backfill, land, newHome, onHome, reconcile } from './reconcile-home.ts';
import { stock } from './stock-change.ts';

const NAME = 'pulsecart';
/** Other transforms, that make the same of stock changes. */
const OTHERS = join(packageRoot(), 'dist', 'cli', 'demo', 'yesterday');
const FIRST_OF_JUNE = { from: '2026-06-01', to: '2026-06-02' };

let home: string;
const on = <T>(work: (engine: Engine) => Promise<T>, pipelines?: string): Promise<T> => onHome(home, work, pipelines);

describe('after a rollback of transforms', () => {
  beforeEach(async () => {
    home = await newHome();
    await on(async (engine) => {
      await land(engine, NAME, [stock('a', '2026-06-01'), stock('b', '2026-06-05')]);
      expect((await backfill(engine, NAME)).state).toBe('succeeded');
    });
    const others = await on((engine) => backfill(engine, NAME, { from: '2026-06-05', to: '2026-06-06' }), OTHERS);
    expect([others.state, others.epoch]).toEqual(['nothing_to_do', 2]);
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const late = stock('late', '2026-06-01', '2026-06-20T10:00:01.000Z');

  it('late events of their dates are published at once, and only dates of the others are named', () =>
    on(async (engine) => {
      await land(engine, NAME, [late, stock('later', '2026-06-05', '2026-06-20T10:00:02.000Z')]);
      const { runs, needsWhole } = await reconcile(engine, NAME);
      expect(runs.map(({ state, epoch, summary }) => [state, epoch, summary?.dates])).toEqual([
        ['succeeded', 3, ['2026-06-01']],
      ]);
      expect(needsWhole).toEqual([
        { from: '2026-06-05', to: '2026-06-06', because: ['it was published by other transforms'] },
      ]);
    }));

  it('a warehouse of an older version, which tells epochs alone, is asked by what the ledger says of them', async () => {
    await on(async (engine) => {
      const { duck } = await engine.warehouse();
      await duck.run('ALTER TABLE reprise.fences DROP COLUMN whole_transforms');
    });
    await on(async (engine) => {
      await land(engine, NAME, [late]);
      const { runs, needsWhole } = await reconcile(engine, NAME);
      expect([runs.map(({ state }) => state), needsWhole]).toEqual([['succeeded'], []]);
    });
  });

  it('a date that is as it should be is not published again for the epoch', () =>
    on(async (engine) => {
      const run = await backfill(engine, NAME, FIRST_OF_JUNE);
      expect([run.state, run.epoch, await engine.runs.groups(run.runId)]).toEqual(['nothing_to_do', 3, []]);
    }));

  it('a row that somebody deleted has no other transforms to be blamed on', () =>
    on(async (engine) => {
      const { duck } = await engine.warehouse();
      for (const table of ['events', 'stock_changes'])
        await duck.run(`DELETE FROM ${NAME}.${table} WHERE event_id LIKE '%a' AND event_date = DATE '2026-06-01'`);
      const run = await backfill(engine, NAME, FIRST_OF_JUNE);
      expect([run.state, run.failure?.error]).toEqual(['refused', 'Unexplained']);
    }));
});
