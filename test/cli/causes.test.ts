// Each cause of a change, on rows that are made to have it; together in one run, so that none is taken for another.

import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { needed, type RunDocument, reprise, repriseJson } from './reprise.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-causes-'));
const home = join(folder, 'home');

interface Causes {
  readonly unexplained: number;
  readonly transformDigest: string;
  readonly tables: Readonly<
    Record<
      string,
      {
        readonly causes: readonly {
          readonly cause: string;
          readonly action: string;
          readonly rows: number;
          readonly fromTransform?: string;
          readonly toTransform?: string;
        }[];
      }
    >
  >;
}

async function sql(statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'));
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

/** The n-th event of 1 June, so that each statement has one of its own. */
const nth = (n: number): string =>
  `event_id = (SELECT event_id FROM pulsecart.stock_changes WHERE event_date = DATE '2026-06-01' ORDER BY 1 LIMIT 1 OFFSET ${n})`;

beforeAll(async () => {
  const file = join(folder, 'orders.ndjson');
  writeFileSync(file, toNdjson(samples.generate({ seed: 9, events: 500, from: '2026-06-01', days: 1 })));
  expect((await reprise(home, 'land', 'pulsecart', file)).exit).toBe(0);
  expect((await reprise(home, 'backfill', 'pulsecart', '--all', '--no-verify')).exit).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('every changed row is counted under the one cause that is true of it', async () => {
  const earlier = "_transform_version = 'a1b2c3d4e5f6'";
  const place = (column: string): string =>
    `(SELECT ${column} FROM pulsecart.quarantine WHERE _raw_row >= 0 AND event_date = DATE '2026-06-01' ORDER BY _raw_object, _raw_row LIMIT 1)`;
  await sql([
    `UPDATE pulsecart.events SET ${earlier}, _content_hash = 'x' WHERE ${nth(0)}`,
    `UPDATE pulsecart.events SET ${earlier}, _content_hash = 'x', schema_version = '0' WHERE ${nth(1)}`,
    `UPDATE pulsecart.events SET _run_id = 'live', _content_hash = 'x' WHERE ${nth(2)}`,
    `UPDATE pulsecart.events SET _raw_object = 'raw/compacted' WHERE ${nth(3)}`,
    `UPDATE pulsecart.events SET _raw_object = 'raw/older', _delivery = '0', received_at = received_at - INTERVAL 1 HOUR
      WHERE ${nth(4)}`,
    `INSERT INTO pulsecart.events SELECT * REPLACE ('ghost of a rejected delivery' AS event_id, 'a1b2c3d4e5f6' AS _transform_version,
      ${place('_raw_object')} AS _raw_object, ${place('_raw_row')} AS _raw_row) FROM pulsecart.events WHERE ${nth(5)}`,
    `INSERT INTO pulsecart.events SELECT * REPLACE ('another key before' AS event_id, 'a1b2c3d4e5f6' AS _transform_version)
      FROM pulsecart.events WHERE ${nth(6)}`,
    `UPDATE pulsecart.quarantine SET reason = 'earlier', ${earlier} WHERE _raw_object = ${place('_raw_object')} AND _raw_row = ${place('_raw_row')}`,
  ]);
  const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all');
  expect(run.state).toBe('succeeded');
  expect(run.causes).toEqual({
    correction: 1,
    lineage: 1,
    live_row: 1,
    rejected_today: 1,
    schema_version: 1,
    transform_changed: 2,
  });
  const diff = await repriseJson<Causes>(home, 'diff', run.runId);
  expect(diff.unexplained).toBe(0);
  const events = needed(diff.tables['pulsecart.events'], 'table events').causes;
  expect(events).toContainEqual({
    cause: 'rejected_today',
    action: 'delete',
    rows: 1,
    fromTransform: 'a1b2c3d4e5f6',
    toTransform: diff.transformDigest,
  });
  expect(diff.tables['pulsecart.quarantine']?.causes).toMatchObject([{ cause: 'transform_changed', action: 'update' }]);
  for (const [name, { causes }] of Object.entries(diff.tables)) {
    const { inserted = 0, updated = 0, deleted = 0 } = run.tables[name] ?? {};
    if (name in run.tables)
      expect([name, causes.reduce((sum, { rows }) => sum + rows, 0)]).toEqual([name, inserted + updated + deleted]);
  }
  const { out } = await reprise(home, 'diff', run.runId);
  expect(out).toMatch(new RegExp(`rejected_today +delete +events +1 +a1b2c3d4 → ${diff.transformDigest.slice(0, 8)}`));
});

it('what comes later is a late arrival at dates that were published, a first load at others', async () => {
  const file = join(folder, 'later.ndjson');
  const late = samples.generate({ seed: 10, events: 60, from: '2026-06-01', days: 1 });
  const next = samples.generate({ seed: 11, events: 60, from: '2026-06-20', days: 1 });
  writeFileSync(file, toNdjson([...late, ...next]));
  expect((await reprise(home, 'land', 'pulsecart', file)).exit).toBe(0);
  const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify', '--yes');
  expect(run.state).toBe('succeeded');
  expect(run.causes.late_arrival).toBeGreaterThan(0);
  expect(run.causes.first_load).toBeGreaterThan(0);
  expect(Object.keys(run.causes).filter((cause) => !/^(late_arrival|first_load|correction)$/.test(cause))).toEqual([]);
});

it('rows of a raw object that was overwritten go because raw changed', async () => {
  const objects = (await readdir(join(home, 'lake', 'raw', 'pulsecart', 'dt=2026-06-01'), { recursive: true }))
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => join(home, 'lake', 'raw', 'pulsecart', 'dt=2026-06-01', name))
    .sort((a, b) => statSync(a).size - statSync(b).size);
  copyFileSync(needed(objects[0], 'small object'), needed(objects.at(-1), 'large object'));
  const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify', '--yes');
  expect(run.state).toBe('succeeded');
  expect(run.causes).toEqual({ raw_changed: run.tables['pulsecart.events']?.deleted });
  expect(run.causes.raw_changed).toBeGreaterThan(0);
});
