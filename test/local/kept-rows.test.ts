// Rows as they were before a change are kept in files: of ordinary text, more of them than fit in memory at once.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { readParquet } from '../../adapters/duckdb/parquet-path.ts';
import { keptFiles, recordChanges } from '../../adapters/duckdb-warehouse/apply.ts';
import type { CompiledPipeline } from '../../model/compile.ts';

const ROWS = 80_000;
const TEXT_BYTES = 1500;

it('keeps more rows than fit in memory, those that change and no others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-kept-'));
  const duck = await openDuck({
    path: join(folder, 'warehouse.duckdb'),
    memoryMb: 112,
    threads: 2,
    tempFolder: join(folder, 'spill'),
    preserveInsertionOrder: false,
  });
  try {
    const messages = { name: 'messages', kind: 'parts', key: ['event_id'], columns: [] };
    const pipeline = { name: 'talk', tables: [messages] } as unknown as CompiledPipeline;
    const decided = 'action VARCHAR, new_date DATE, old_date DATE';
    await duck.run('CREATE SCHEMA talk');
    await duck.run(`CREATE TABLE talk.messages AS SELECT 'm' || (i * 7919 % ${ROWS}) AS event_id,
      left(repeat(sha256(i::VARCHAR) || md5(i::VARCHAR), 16), ${TEXT_BYTES}) AS text FROM range(${ROWS}) AS t(i)`);
    await duck.run('CREATE TABLE talk.quarantine (_raw_object VARCHAR, _raw_row BIGINT)');
    await duck.run(`CREATE TEMP TABLE decided_quarantine (_raw_object VARCHAR, _raw_row BIGINT, ${decided})`);
    await duck.run('CREATE TEMP TABLE decided_causes (event_id VARCHAR)');
    await duck.run(`CREATE TEMP TABLE decided_messages AS SELECT event_id,
      CASE WHEN event_id LIKE '%0' THEN 'unchanged' ELSE 'delete' END AS action, NULL::DATE AS new_date, NULL::DATE AS old_date
      FROM talk.messages`);
    await duck.run('CREATE TEMP TABLE decided AS SELECT event_id FROM decided_messages');
    const kept = join(folder, 'changes');
    await recordChanges(duck, pipeline, 0, kept, () => ['event_id', 'text']);
    const files = keptFiles(await readdir(kept), 'messages', 'before', 0).map((name) => join(kept, name));
    const found =
      await duck.rows(`SELECT count(*) AS n, count(DISTINCT event_id) AS events, min(strlen(text)) AS shortest,
      count(*) FILTER (event_id LIKE '%0') AS unchanged FROM ${readParquet(files)}`);
    expect(Object.values(found[0] ?? {}).map(Number)).toEqual([72_000, 72_000, TEXT_BYTES, 0]);
  } finally {
    await duck.close();
    await rm(folder, { recursive: true, force: true });
  }
});
