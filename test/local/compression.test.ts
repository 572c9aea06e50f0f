// Which texts DuckDB may compress by dictionary, for which it copies the different texts of a row group outside of its memory limit:
// short ones, where it saves much, and none where one text of the pipeline is long.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { DICTIONARY_TEXT_BYTES } from '../../adapters/duckdb/memory.ts';
import { copyToParquet } from '../../adapters/duckdb/parquet-path.ts';
import { longestKept } from '../../adapters/duckdb-warehouse/undo.ts';
import { makeRoom } from '../../adapters/duckdb-warehouse/wide-table.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import type { UndoScope } from '../../ports/warehouse.ts';

const ROWS = 20_000;
const talk = { name: 'talk' } as CompiledPipeline;

/** How the texts of a table were compressed; they are few different ones. */
async function compressions(duck: Duck, table: string, textBytes: number): Promise<unknown[]> {
  await duck.run(`CREATE TABLE talk.${table} AS
    SELECT rpad('text ' || (i % 50), ${textBytes}, sha256((i % 50)::VARCHAR)) AS text FROM range(${ROWS}) AS t(i)`);
  await duck.run('CHECKPOINT');
  const rows = await duck.rows(`SELECT DISTINCT compression FROM pragma_storage_info('talk.${table}')
    WHERE segment_type = 'VARCHAR'`);
  return rows.map((row) => row.compression);
}

it('compresses by dictionary only while all texts are short, those to come and those in the tables', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-compression-'));
  const open = (): Promise<Duck> =>
    openDuck({ path: join(folder, 'warehouse.duckdb'), memoryMb: 256, threads: 2, tempFolder: join(folder, 'spill') });
  try {
    let duck = await open();
    await duck.run('CREATE SCHEMA talk');
    await makeRoom(duck, talk, [DICTIONARY_TEXT_BYTES]);
    expect(await compressions(duck, 'short', 60)).toEqual(['Dictionary']);
    await makeRoom(duck, talk, [0, DICTIONARY_TEXT_BYTES + 1]);
    expect(await compressions(duck, 'long', DICTIONARY_TEXT_BYTES + 1)).not.toContain('Dictionary');
    await duck.close();
    duck = await open();
    await makeRoom(duck, talk, []);
    expect(await compressions(duck, 'beside_long', 60)).not.toContain('Dictionary');
    await duck.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('knows how long the texts are that an undo puts back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-compression-'));
  const duck = await openDuck({ memoryMb: 256, threads: 2, tempFolder: join(folder, 'spill') });
  const table = { name: 'messages', kind: 'events', key: ['event_id'], columns: [] };
  const pipeline = { name: 'talk', tables: [table] } as unknown as CompiledPipeline;
  try {
    for (const [name, bytes] of [
      ['0.messages.before', 20],
      ['0.messages.before-1', 3000],
      ['1.messages.before', 9000],
    ] as const)
      await duck.run(
        copyToParquet(`SELECT 'e1' AS event_id, rpad('', ${bytes}, 'x') AS text`, join(folder, `${name}.parquet`)),
      );
    const scope = { pipeline, undone: { folder } } as unknown as UndoScope;
    expect(await longestKept(duck, scope, 0)).toEqual([20, 3000]);
    expect(await longestKept(duck, scope, 2)).toEqual([]);
  } finally {
    await duck.close();
    await rm(folder, { recursive: true, force: true });
  }
});
