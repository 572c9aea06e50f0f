// Undo from the command line, on generated deliveries: a replay with wrong transforms is taken back while live rows came
// in between. Everything is held against the very rows that stood before, run ids and publishing times included.

import { cpSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sample, toNdjson } from '../../generator/sample.ts';
import { samples as codewave } from '../../pipelines/codewave/samples.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';
import { type DiffDocument, needed, type RunDocument, reprise, repriseJson } from './reprise.ts';
import {
  backfill,
  differing,
  digests,
  drawn,
  Homes,
  inHome,
  loadLive,
  pipelinesWith,
  type Rows,
  rowsOf,
  select,
  type UndoDocument,
  undo,
  YESTERDAY,
} from './undo-homes.ts';

const DUCKDB = WRITERS.duckdb as Writer;
let homes: Homes;
let wrongHome: string;
let wrong: RunDocument;
let right: Rows;

beforeAll(async () => {
  homes = await Homes.create();
  ({ home: wrongHome, run: wrong, right } = await homes.wrong());
});
afterAll(() => homes.remove());

/** Orders and payments again, an hour later: newer deliveries of events that the wrong run changed, and of others. */
function later(): { deliveries: Sample[]; ids: Set<string> } {
  const ids = new Set<string>();
  const deliveries = drawn.flatMap((sample, place) => {
    if (!sample.expect.accepted || place % 3 !== 0 || ids.has(sample.expect.eventId)) return [];
    ids.add(sample.expect.eventId);
    return [{ ...sample, received_at: new Date(Date.parse(sample.received_at) + 40 * 86_400_000).toISOString() }];
  });
  return { deliveries, ids };
}

describe('undo of a replay with wrong transforms', () => {
  it('puts every row back as it was, and says so', async () => {
    const home = homes.copy(wrongHome);
    const spoiled = await rowsOf(home, 'pulsecart');
    const damage = differing(right, spoiled).length;
    expect(damage).toBeGreaterThan(50);
    const dry = await repriseJson<UndoDocument & { changes: number }>(home, 'undo', wrong.runId, '--dry-run');
    expect([dry.changes, dry.undo.changedSince]).toEqual([damage, 0]);
    expect(differing(spoiled, await rowsOf(home, 'pulsecart'))).toEqual([]);

    const undone = await undo(home, wrong.runId);
    expect([undone.state, undone.undo.changedSince, undone.undo.transforms]).toEqual(['succeeded', 0, 'retired']);
    expect(differing(right, await rowsOf(home, 'pulsecart'))).toEqual([]);

    const spoiling = await repriseJson<DiffDocument>(home, 'diff', wrong.runId, '--samples', '1000');
    const mending = await repriseJson<DiffDocument>(home, 'diff', undone.runId, '--samples', '1000');
    for (const [name, table] of Object.entries(spoiling.tables)) {
      const back = needed(mending.tables[name], name);
      expect([back.inserted, back.updated, back.deleted], name).toEqual([table.deleted, table.updated, table.inserted]);
    }
    const values = (diff: DiffDocument): unknown[] =>
      needed(diff.tables['pulsecart.orders'], 'orders').samples.map(({ values: some }) =>
        some.filter(({ column }) => column === 'total'),
      );
    const turned = values(spoiling).map((some) =>
      (some as { column: string; before: string; after: string }[]).map(({ column, before, after }) => ({
        column,
        before: after,
        after: before,
      })),
    );
    expect(turned.flat().length).toBeGreaterThan(20);
    expect(values(mending)).toEqual(turned);
  });

  it('leaves live rows that came since, and lists them', async () => {
    const home = homes.copy(wrongHome);
    const spoiled = await rowsOf(home, 'pulsecart');
    const { deliveries, ids } = later();
    await loadLive(home, deliveries);
    const live = await rowsOf(home, 'pulsecart');
    const undone = await undo(home, wrong.runId);
    const after = await rowsOf(home, 'pulsecart');

    const isLive = (key: string): boolean => ids.has(key.split(' ')[1] ?? '') && !key.startsWith('quarantine');
    const keys = [...new Set([...right.keys(), ...live.keys()])];
    expect(keys.filter((key) => after.get(key) !== (isLive(key) ? live : right).get(key))).toEqual([]);

    const changedBoth = differing(right, spoiled).filter(isLive);
    const touched = changedBoth.filter((key) => live.get(key) !== spoiled.get(key));
    expect(touched.length).toBeGreaterThan(10);
    expect(undone.undo.changedSince).toBe(touched.length);
    expect(new Set(undone.undo.leftAlone.map(({ runId }) => runId))).toEqual(new Set(['live']));
    const named = undone.undo.rows;
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ table, key }) => !touched.includes(`${table} ${key.event_id}`))).toEqual([]);
    const shown = await reprise(home, 'status', undone.runId);
    expect(shown.out).toMatch(new RegExp(`left alone: ${touched.length} rows`));
    expect(shown.out).toContain('are retired');
  });

  it('retires the transforms until they are activated; other transforms end in the right tables', async () => {
    const home = homes.copy(wrongHome);
    const { deliveries } = later();
    await loadLive(home, deliveries);
    await undo(home, wrong.runId);
    const refused = await reprise(home, 'backfill', 'pulsecart', '--all', '--yes', ...YESTERDAY);
    expect([refused.exit, refused.out]).toEqual([3, expect.stringMatching(/TransformsRetired/)]);
    const healed = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--yes', '--no-verify');
    expect(['succeeded', 'nothing_to_do']).toContain(healed.state);
    const fresh = homes.next();
    expect((await reprise(fresh, 'init')).exit).toBe(0);
    cpSync(join(home, 'lake'), join(fresh, 'lake'), { recursive: true });
    await backfill(fresh);
    expect(await digests(home)).toEqual(await digests(fresh));

    const unsaid = await reprise(home, 'activate', 'pulsecart', ...YESTERDAY);
    expect([unsaid.exit, unsaid.err]).toEqual([2, expect.stringMatching(/no reason/)]);
    expect((await reprise(home, 'activate', 'pulsecart', '--reason', 'they were right', ...YESTERDAY)).exit).toBe(0);
    await backfill(home, '--yes', ...YESTERDAY);
  }, 240_000);

  it('is a run of the ledger, with tokens and a lease, and dates that are whole no more', async () => {
    const home = homes.copy(wrongHome);
    const undone = await undo(home, wrong.runId);
    const entries = await inHome(home, (engine) => engine.ledger('pulsecart').entries());
    const own = entries.filter((entry) => 'runId' in entry && entry.runId === undone.runId);
    expect(own.map(({ kind }) => kind)).toEqual([
      'run_created',
      'lease_taken',
      'run_started',
      'run_previewed',
      'group_published',
      'transforms_retired',
      'run_finished',
    ]);
    expect(own[2]).toMatchObject({ undoes: wrong.runId, reason: 'a test' });
    const [token] = await select(home, `SELECT token FROM reprise.commits WHERE run_id = '${undone.runId}'`);
    expect(token?.token).toBe(`${undone.runId}/0`);
    const fences = await select(
      home,
      'SELECT CAST(event_date AS VARCHAR) AS date, whole_epoch, run_id, lease FROM reprise.fences ORDER BY 1',
    );
    const touched = undone.dates;
    for (const fence of fences) {
      expect(fence.run_id).toBe(undone.runId);
      expect(fence.whole_epoch === null, String(fence.date)).toBe(touched.includes(String(fence.date)));
    }
    expect(touched.length).toBeGreaterThan(1);
  });

  it('of an undo brings the wrong rows back, and their transforms', async () => {
    const home = homes.copy(wrongHome);
    const spoiled = await rowsOf(home, 'pulsecart');
    const first = await undo(home, wrong.runId);
    const again = await reprise(home, 'undo', wrong.runId, '--yes');
    expect([again.exit, again.err]).toEqual([3, expect.stringContaining(`the undo ${first.runId} (succeeded)`)]);
    const second = await undo(home, first.runId);
    expect([second.state, second.undo.changedSince, second.undo.transforms]).toEqual(['succeeded', 0, 'activated']);
    expect(differing(spoiled, await rowsOf(home, 'pulsecart'))).toEqual([]);
    const wrongAgain = await repriseJson<RunDocument>(
      home,
      'backfill',
      'pulsecart',
      '--all',
      '--no-verify',
      ...YESTERDAY,
    );
    expect(wrongAgain.state).toBe('nothing_to_do');
    // The first run stands again, and can be taken back again.
    const third = await undo(home, wrong.runId);
    expect([third.state, third.undo.transforms]).toEqual(['succeeded', 'retired']);
    expect(differing(right, await rowsOf(home, 'pulsecart'))).toEqual([]);
    // So can the undo of the undo's undo: four deep, by the rows alone.
    const fourth = await undo(home, third.runId);
    expect([fourth.state, fourth.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(spoiled, await rowsOf(home, 'pulsecart'))).toEqual([]);
  });

  it('leaves a row alone that was changed by hand, with its event', async () => {
    const home = homes.copy(wrongHome);
    const spoiled = await rowsOf(home, 'pulsecart');
    const [order] = await select(
      home,
      `SELECT event_id FROM pulsecart.orders WHERE _run_id = '${wrong.runId}' ORDER BY 1`,
    );
    const id = String(order?.event_id);
    await select(home, `UPDATE pulsecart.orders SET total = 1 WHERE event_id = '${id}'`);
    const undone = await undo(home, wrong.runId);
    expect(undone.undo.leftAlone.map(({ table, rows }) => [table, rows])).toEqual([
      ['events', 1],
      ['orders', 1],
    ]);
    const after = await rowsOf(home, 'pulsecart');
    expect(differing(right, after)).toEqual([`events ${id}`, `orders ${id}`]);
    expect(after.get(`events ${id}`)).toBe(spoiled.get(`events ${id}`));
  });

  it('asks for a yes before it deletes much, and resume publishes it', async () => {
    const home = homes.next();
    expect((await reprise(home, 'init')).exit).toBe(0);
    await putObject(home, 'pulsecart', 'a', drawn, DUCKDB);
    const first = await backfill(home);
    const waits = await repriseJson<UndoDocument>(home, 'undo', first.runId);
    expect(waits.state).toBe('awaiting_approval');
    const ended = await repriseJson<UndoDocument>(home, 'resume', waits.runId, '--yes');
    expect(ended.state).toBe('succeeded');
    const [events] = await select(home, 'SELECT count(*) AS n FROM pulsecart.events');
    expect(Number(events?.n)).toBe(0);
  });

  it('is refused for a run that published nothing, and for one that does not exist', async () => {
    const home = homes.copy(wrongHome);
    const nothing = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify', ...YESTERDAY);
    expect(nothing.state).toBe('nothing_to_do');
    const refused = await reprise(home, 'undo', nothing.runId);
    expect([refused.exit, refused.err]).toEqual([3, expect.stringMatching(/published nothing/)]);
    expect((await reprise(home, 'undo', 'abc')).exit).toBe(2);
    const runs = await repriseJson<RunDocument[]>(home, 'status');
    expect(runs[0]?.runId).toBe(nothing.runId);
  });
});

describe('rows that several events offer', () => {
  it('go by their own key', async () => {
    const home = homes.next();
    const file = join(homes.folder, 'codewave.ndjson');
    await writeFile(file, toNdjson(codewave.generate({ seed: 5, events: 400, from: '2026-06-01', days: 2 })));
    await repriseJson(home, 'land', 'codewave', file);
    const args = ['backfill', 'codewave', '--all', '--no-verify', '--yes'];
    await repriseJson<RunDocument>(home, ...args);
    const before = await rowsOf(home, 'codewave');
    const wrongPipelines = await pipelinesWith(
      homes.folder,
      'codewave',
      `tables: { ...tables,
        edit_operations: { ...tables.edit_operations,
          columns: { ...tables.edit_operations.columns, room: column.text('doc') } },
        executions: { ...tables.executions,
          columns: { ...tables.executions.columns, state: column.text('worker') } } }`,
    );
    const run = await repriseJson<RunDocument>(home, ...args, ...wrongPipelines);
    const spoiled = await rowsOf(home, 'codewave');
    expect(run.tables['codewave.edit_operations']?.updated).toBeGreaterThan(50);
    const first = await undo(home, run.runId);
    expect([first.state, first.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(before, await rowsOf(home, 'codewave'))).toEqual([]);
    const second = await undo(home, first.runId);
    expect([second.state, second.undo.changedSince]).toEqual(['succeeded', 0]);
    expect(differing(spoiled, await rowsOf(home, 'codewave'))).toEqual([]);
    const diff = await repriseJson<DiffDocument>(home, 'diff', first.runId);
    const { causes, samples } = needed(diff.tables['codewave.edit_operations'], 'edit_operations');
    expect(causes.map(({ cause }) => cause)).toEqual(['undone']);
    expect(samples[0]?.values.find(({ column }) => column === 'room')?.after).toBeDefined();
  });
});
