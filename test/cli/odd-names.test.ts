// Homes and objects whose names mean something to DuckDB: each command reads and writes what is named, nothing beside it.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../generator/sample.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';
import {
  type EntryDocument,
  needed,
  type QuarantineDocument,
  type RunDocument,
  reprise,
  repriseJson,
} from './reprise.ts';
import { rowsOf } from './warehouse.ts';

const DUCKDB = WRITERS.duckdb as Writer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-names-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stock = (id: string, delta: number): Delivery => ({
  received_at: '2026-06-01T10:00:00Z',
  source: 'inventory-service',
  body: JSON.stringify({
    ...{ event_id: id, type: 'stock_changed', v: 1, at: '2026-06-01T10:00:00Z' },
    ...{ sku: 'A', delta, reason: 'sale', order_id: 'o1' },
  }),
});

const eventsOf = async (home: string): Promise<string> => {
  const [row] = await rowsOf(
    join(home, 'warehouse.duckdb'),
    "SELECT string_agg(split_part(event_id, ':', 2), ' ' ORDER BY event_id) AS ids FROM pulsecart.events",
  );
  return String(row?.ids);
};

describe('names that are patterns or columns elsewhere', () => {
  it('a home in such a folder, with such objects, is replayed, verified, shown and undone from its own files', async () => {
    // As columns these folders would give every row of the stage another date and another run.
    const parent = join(folder, 'event_date=2020-01-01', '_run_id=r');
    const [home, neighbour] = [join(parent, 'g[a]'), join(parent, 'ga')];
    await mkdir(parent, { recursive: true });
    for (const one of [home, neighbour]) expect((await reprise(one, 'init')).exit).toBe(0);
    await putObject(home, 'pulsecart', 'part-[0]', [stock('a', 1), stock('b', 2)], DUCKDB);
    await putObject(home, 'pulsecart', 'part-0', [stock('c', 3)], DUCKDB);
    await putObject(home, 'pulsecart', 'part*', [stock('d', 4), { ...stock('x', 5), body: '{bad' }], DUCKDB);
    await putObject(neighbour, 'pulsecart', 'part-[0]', [stock('n1', 1), stock('n2', 2)], DUCKDB);
    await putObject(neighbour, 'pulsecart', 'part-0', [stock('n3', 3)], DUCKDB);

    const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all');
    expect([run.state, await eventsOf(home)]).toEqual(['succeeded', 'a b c d']);
    expect((await reprise(home, 'verify', 'pulsecart')).exit).toBe(0);
    const other = await repriseJson<RunDocument>(neighbour, 'backfill', 'pulsecart', '--all');
    expect([other.state, await eventsOf(neighbour)]).toEqual(['succeeded', 'n1 n2 n3']);

    const { entries } = await repriseJson<QuarantineDocument>(home, 'quarantine', 'list', 'pulsecart');
    const { id } = needed(entries[0], 'entry');
    const { raw } = await repriseJson<EntryDocument>(home, 'quarantine', 'show', 'pulsecart', id);
    expect(await rowsOfCommand(raw.command)).toMatchObject([{ source: 'inventory-service', body: '{bad' }]);

    expect((await reprise(home, 'undo', run.runId, '--yes')).exit).toBe(0);
    expect(await eventsOf(home)).toBe('null');
    expect(await eventsOf(neighbour)).toBe('n1 n2 n3');
  });

  it.each(['what?', 'back\\slash'])(
    'a home called %s is refused, since DuckDB cannot keep its files there',
    async (name) => {
      const { exit, err } = await reprise(join(folder, name), 'init');
      expect([exit, err]).toEqual([2, expect.stringContaining('? or \\')]);
    },
  );
});

/** What the DuckDB shell is given by the command, run without it. */
async function rowsOfCommand(command: string): Promise<object[]> {
  const { stdout } = await promisify(execFile)('sh', ['-c', `duckdb() { printf %s "$2"; }; ${command}`]);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(stdout)).getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  return rows;
}
