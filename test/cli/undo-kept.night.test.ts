// What undo needs to be kept: raw that is gone, images that are gone or do not fit, and prune, which removes them in time.

import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../engine/plan/plan-document.ts';
import { writeShard } from '../../engine/plan/shards.ts';
import { restorableObjects } from '../../engine/publish/undo.ts';
import { MemoryStore } from '../adapters/memory-store.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';
import { type RunDocument, reprise, repriseJson } from './reprise.ts';
import {
  backfill,
  differing,
  drawn,
  Homes,
  pipelinesWith,
  type Row,
  rowsOf,
  select,
  undo,
  YESTERDAY,
} from './undo-homes.ts';

const DUCKDB = WRITERS.duckdb as Writer;
let homes: Homes;
let wrongHome: string;
let wrong: RunDocument;

beforeAll(async () => {
  homes = await Homes.create();
  ({ home: wrongHome, run: wrong } = await homes.wrong());
});
afterAll(() => homes.remove());

describe('raw that is gone', () => {
  it('does not come back when it was there at the run, and does when it had expired before', async () => {
    const home = homes.next();
    expect((await reprise(home, 'init')).exit).toBe(0);
    const half = Math.floor(drawn.length / 2);
    const expired = await putObject(home, 'pulsecart', 'a-expired', drawn.slice(0, half), DUCKDB);
    const erased = await putObject(home, 'pulsecart', 'b-erased', drawn.slice(half), DUCKDB);
    await backfill(home);
    const before = await rowsOf(home, 'pulsecart');
    // The same deliveries stand elsewhere too when their object goes: the run takes rows from there.
    await putObject(home, 'pulsecart', 'c-compacted', drawn.slice(0, half), DUCKDB);
    await rename(join(home, 'lake', expired), join(homes.folder, 'expired'));
    const run = await backfill(home, '--yes', ...YESTERDAY);
    const spoiled = await rowsOf(home, 'pulsecart');
    await rename(join(home, 'lake', erased), join(homes.folder, 'erased'));
    const undone = await undo(home, run.runId);
    const after = await rowsOf(home, 'pulsecart');
    const objectOf = (row: string | undefined): string =>
      row === undefined ? '' : String((JSON.parse(row) as Row)._raw_object);
    const changed = differing(before, spoiled);
    const lost = changed.filter((key) => objectOf(before.get(key)) === erased);
    expect(lost.length).toBeGreaterThan(10);
    expect(changed.filter((key) => objectOf(before.get(key)) === expired).length).toBeGreaterThan(100);
    expect(undone.undo.rawGone).toBe(lost.length);
    expect(differing(before, after)).toEqual(lost);
    expect(lost.filter((key) => after.get(key) !== spoiled.get(key))).toEqual([]);
  });
});

describe('what was kept', () => {
  it('of a partial plan says nothing of raw that had expired: only what is there comes back', async () => {
    const store = new MemoryStore(homes.next());
    const key = (name: string): string => `raw/pulsecart/dt=2026-06-01/hour=00/${name}.parquet`;
    for (const name of ['pinned', 'other']) await store.write(key(name), Buffer.from('x'), { if: 'absent' });
    const objects = await writeShard(store, [{ key: key('gone') }, { key: key('pinned') }]);
    const planOf = (partial: boolean): Plan =>
      ({ id: 'of a test', body: { pipeline: 'pulsecart', objects, partial } }) as unknown as Plan;
    const deps = { lake: store, control: store };
    expect(await restorableObjects(deps, planOf(false))).toEqual({ except: [key('gone')] });
    expect(await restorableObjects(deps, planOf(true))).toEqual({ only: [key('other'), key('pinned')] });
  });

  it('fits tables that gained a column since, and that lost it again', async () => {
    const home = homes.copy(wrongHome);
    await select(home, 'ALTER TABLE pulsecart.orders ADD COLUMN extra INTEGER DEFAULT 7');
    const first = await undo(home, wrong.runId);
    expect([first.state, first.undo.changedSince]).toEqual(['succeeded', 0]);
    // The run did not write the column: its values are carried over.
    expect(await select(home, 'SELECT DISTINCT extra FROM pulsecart.orders')).toEqual([{ extra: 7 }]);
    await select(home, 'ALTER TABLE pulsecart.orders DROP COLUMN extra');
    const second = await undo(home, first.runId);
    expect([second.state, second.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(await rowsOf(wrongHome, 'pulsecart'), await rowsOf(home, 'pulsecart'))).toEqual([]);
  });

  it('of a run that wrote a column which the pipeline no longer has: its run id decides', async () => {
    const home = homes.copy(wrongHome);
    const before = await rowsOf(home, 'pulsecart');
    const wider = await pipelinesWith(
      homes.folder,
      'pulsecart',
      `tables: { ...tables, stock_changes: { ...tables.stock_changes,
        columns: { ...tables.stock_changes.columns, extra: column.text('sku') } } }`,
    );
    expect((await reprise(home, 'schema', 'apply', 'pulsecart', ...wider)).exit).toBe(0);
    const run = await backfill(home, '--yes', ...wider);
    expect(run.tables['pulsecart.stock_changes']?.updated).toBeGreaterThan(100);
    const undone = await undo(home, run.runId);
    expect([undone.state, undone.undo.changedSince]).toEqual(['succeeded', 0]);
    await select(home, 'ALTER TABLE pulsecart.stock_changes DROP COLUMN extra');
    expect(differing(before, await rowsOf(home, 'pulsecart'))).toEqual([]);
  });

  it('is missed when it is not there, and nothing is changed', async () => {
    const home = homes.copy(wrongHome);
    await rm(join(home, 'stage', wrong.runId, 'changes', '0.orders.before.parquet'));
    const refused = await reprise(home, 'undo', wrong.runId, '--yes');
    expect([refused.exit, refused.err]).toEqual([3, expect.stringMatching(/0\.orders\.before\.parquet/)]);
    expect(differing(await rowsOf(wrongHome, 'pulsecart'), await rowsOf(home, 'pulsecart'))).toEqual([]);
  });
});

describe('prune', () => {
  it('removes what nobody needs, and undo and diff say when', async () => {
    const home = homes.copy(wrongHome);
    expect(await repriseJson(home, 'prune')).toMatchObject({ bytes: 0, pruned: [] });
    const dry = await repriseJson<{ bytes: number; pruned: { runId: string }[] }>(
      home,
      'prune',
      '--keep',
      '0d',
      '--dry-run',
    );
    expect(dry.bytes).toBeGreaterThan(10_000);
    expect(dry.pruned.map(({ runId }) => runId)).toContain(wrong.runId);
    expect(await readdir(join(home, 'stage', wrong.runId))).toContain('changes');
    const first = await undo(home, wrong.runId);
    const real = await repriseJson<{ bytes: number; pruned: { runId: string }[] }>(home, 'prune', '--keep', '0d');
    expect(real.pruned.map(({ runId }) => runId)).toContain(first.runId);
    expect((await readdir(join(home, 'stage'))).filter((name) => name.includes('-'))).toEqual([]);
    for (const command of ['undo', 'diff']) {
      const refused = await reprise(home, command, first.runId);
      expect([refused.exit, refused.err]).toEqual([2, expect.stringMatching(/removed at \d{4}-\d\d-\d\dT/)]);
    }
    expect((await reprise(home, 'prune', '--keep', 'soon')).exit).toBe(2);
    expect((await repriseJson<{ ok: boolean }>(home, 'doctor')).ok).toBe(true);
  });

  it('keeps what an unfinished run goes on from', async () => {
    const home = homes.next();
    expect((await reprise(home, 'init')).exit).toBe(0);
    await putObject(home, 'pulsecart', 'a', drawn, DUCKDB);
    const staged = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--stage-only');
    const kept = await repriseJson<{ kept: { runId: string; because: string }[] }>(home, 'prune', '--keep', '0h');
    expect(kept.kept.map(({ runId, because }) => [runId, because])).toEqual([
      [staged.runId, expect.stringContaining('reprise resume')],
    ]);
    const first = await repriseJson<RunDocument>(home, 'resume', staged.runId, '--yes');
    const waits = await repriseJson<RunDocument>(home, 'undo', first.runId);
    expect(waits.state).toBe('awaiting_approval');
    const both = await repriseJson<{ kept: { because: string }[] }>(home, 'prune', '--keep', '0h');
    expect(both.kept).toHaveLength(2);
    expect((await repriseJson<RunDocument>(home, 'resume', waits.runId, '--yes')).state).toBe('succeeded');
  });
});
