// A DuckDB warehouse for its contracts.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuck, quoteLiteral } from '../../adapters/duckdb/instance.ts';
import { sql } from '../../adapters/duckdb/sql.ts';
import { DuckStager } from '../../adapters/duckdb/stager.ts';
import { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { sealKey } from '../../model/keyed.ts';
import { QUARANTINE_COLUMNS } from '../../model/tables.ts';
import { DELIVERY_KEY } from '../../simulator/model.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { NOTE, type WarehouseUnderTest } from '../contracts/under-test.ts';
import { applyLiveChange, literal } from '../simulation/live-load.ts';
import { readTables } from '../simulation/rows.ts';

/** So few that even these tables are compared in several buckets. */
const COMPARED_ROWS = 3;
const TABLES = [...tinyPipeline(0).tables.map(({ name }) => name), 'quarantine'].map((name) => `tiny.${name}`);

/** An empty warehouse in memory, with the tables of the tiny pipeline. */
export async function openDuckUnderTest(): Promise<WarehouseUnderTest> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reprise-warehouse-'));
  const duck = await openDuck({
    memoryMb: 512,
    threads: 1,
    tempFolder: join(folder, 'spill'),
    preserveInsertionOrder: false,
  });
  await duck.run(sql('publishing-tables'));
  await duck.run(sql('open-seal', { key: sealKey(DELIVERY_KEY) }));
  const warehouse = new DuckWarehouse(duck, join(folder, 'spill'), { comparedRows: COMPARED_ROWS });
  const pipeline = tinyPipeline(0);
  await warehouse.ensureTables(pipeline);
  for (const table of TABLES) await duck.run(`ALTER TABLE ${table} ADD COLUMN ${NOTE} VARCHAR`);
  return {
    warehouse,
    stager: (name) => {
      const own = join(folder, name);
      mkdirSync(own, { recursive: true });
      return {
        stager: new DuckStager({ scratch: own, folder: own, deliveryKey: DELIVERY_KEY }),
        folder: join(own, 'settled'),
      };
    },
    changesFolder: (runId) => join(folder, 'changes', runId),
    load: (change) => applyLiveChange(duck, pipeline, change),
    annotate: (table, keys, note) => {
      const columns = Object.keys(keys[0] ?? {}).join(', ');
      const values = keys.map(
        (key) =>
          `(${Object.values(key)
            .map((value) => quoteLiteral(value ?? ''))
            .join(', ')})`,
      );
      return duck.run(`UPDATE tiny.${table} SET ${NOTE} = ${quoteLiteral(note)}
        WHERE EXISTS (FROM (VALUES ${values.join(', ')}) AS v (${columns}) WHERE ${Object.keys(keys[0] ?? {})
          .map((column) => `v.${column} = CAST(${table}.${column} AS VARCHAR)`)
          .join(' AND ')})`);
    },
    write: async (table, rows) => {
      const columns = pipeline.tables.find(({ name }) => name === table)?.columns ?? QUARANTINE_COLUMNS;
      const values = rows.map(
        (row) =>
          `(${columns.map(({ name, type }) => literal(row[name] ?? null, type)).join(', ')}, '0123456789ab-1', TIMESTAMP '2026-01-01')`,
      );
      const names = [...columns.map(({ name }) => name), '_run_id', '_published_at'].join(', ');
      await duck.run(`DELETE FROM tiny.${table}`);
      if (values.length > 0) await duck.run(`INSERT INTO tiny.${table} (${names}) VALUES ${values.join(', ')}`);
    },
    tables: () => readTables(duck, pipeline, [{ name: NOTE, type: 'text', required: false, restricted: false }]),
    clear: () =>
      duck.run(
        [...TABLES, 'reprise.fences', 'reprise.fenced_windows', 'reprise.commits']
          .map((table) => `DELETE FROM ${table}`)
          .join('; '),
      ),
    close: async () => {
      await warehouse.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
