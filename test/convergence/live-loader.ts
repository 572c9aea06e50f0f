// A live loader as docs/live-loader.md wants it: stages one raw object with today's transforms, and merges what is
// greater than what stands. It shares no decision with publishing: it is plain SQL over the staged rows.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOrder, tuple } from '../../adapters/duckdb/copy-order.ts';
import { readParquet } from '../../adapters/duckdb/parquet-path.ts';
import { replaySlice } from '../../engine/replay/replay.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';

let loads = 0;

/** Loads one raw object of the lake. */
export async function liveLoad(engine: Engine, name: string, key: string): Promise<void> {
  const pipeline = await engine.pipelines.compiled(name);
  const warehouse = await engine.warehouse();
  await warehouse.ensureTables(pipeline);
  const context = engine.taskContext(() => {});
  const { stager, folder } = context.stager(`live-${++loads}`);
  await mkdir(folder, { recursive: true });
  const info = await engine.home.lake.head(key);
  const parts = [{ key, bytes: info?.bytes ?? 0, version: info?.version ?? '' }];
  const all = { window: { from: '0001-01-01', to: 'infinity' }, objects: '', parts };
  const { files } = await replaySlice({ ...context, stager }, pipeline, all, () => {});
  const settled = await stager.settle(pipeline, files, join(folder, 'settled'));
  const order = (alias: string): string => tuple(copyOrder(pipeline, alias));
  const statements: string[] = ['BEGIN'];
  const from = (table: string): string | undefined => {
    const paths = settled.filter((file) => file.table === table).map((file) => file.path);
    return paths.length === 0 ? undefined : readParquet(paths);
  };
  const events = from('events');
  if (events === undefined) return;
  statements.push(`CREATE OR REPLACE TEMP TABLE newer AS SELECT s.event_id FROM ${events} AS s
    LEFT JOIN ${name}.events AS t USING (event_id) WHERE t.event_id IS NULL OR ${order('s')} > ${order('t')}`);
  for (const table of pipeline.tables) {
    const source = from(table.name);
    const columns = table.columns.map((column) => `"${column.name}"`).join(', ');
    const insert = (where: string): string => `INSERT INTO ${name}.${table.name} (${columns}, _run_id, _published_at)
      SELECT ${columns}, 'live', now()::TIMESTAMP FROM ${source} AS s WHERE ${where}`;
    if (table.kind !== 'offered') {
      statements.push(`DELETE FROM ${name}.${table.name} WHERE event_id IN (SELECT event_id FROM newer)`);
      if (source !== undefined) statements.push(insert('event_id IN (SELECT event_id FROM newer)'));
    } else if (source !== undefined) {
      statements.push(`CREATE OR REPLACE TEMP TABLE newer_rows AS SELECT s.event_id FROM ${source} AS s
        LEFT JOIN ${name}.${table.name} AS t USING (event_id)
        WHERE s._offered_by IN (SELECT event_id FROM newer) AND (t.event_id IS NULL OR ${order('s')} > ${order('t')})`);
      statements.push(`DELETE FROM ${name}.${table.name} WHERE event_id IN (SELECT event_id FROM newer_rows)`);
      statements.push(insert('event_id IN (SELECT event_id FROM newer_rows)'));
    }
  }
  for (const statement of [...statements, 'COMMIT']) await warehouse.duck.run(statement);
}
