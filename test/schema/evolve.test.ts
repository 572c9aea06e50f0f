// Evolution of tables in DuckDB: what is added, what stays and may be null from then on, what is refused.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { evolve, planEvolution } from '../../adapters/duckdb-warehouse/evolve.ts';
import { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { type CompiledPipeline, compilePipeline } from '../../model/compile.ts';
import { array, integer, object, text, timeText } from '../../model/fields.ts';
import { column, definePipeline, type Table } from '../../model/language.ts';

const shop = (tables: Readonly<Record<string, Table>>): CompiledPipeline =>
  compilePipeline(
    definePipeline({
      name: 'shop',
      title: 'shop',
      sources: { app: { versions: [1] } },
      shapes: {
        order: {
          source: 'app',
          version: 1,
          when: {},
          eventType: 'order',
          fields: { id: text(), at: timeText(), lines: array(object({ sku: text(), quantity: integer() })) },
          identity: { parts: ['id'] },
          occurredAt: 'at',
        },
      },
      tables,
    }),
    { sourceDigest: 'test' },
  );
const lines = (index: string, columns: Table['columns']): Table => ({
  shapes: ['order'],
  rows: { of: { order: 'lines' }, index: { column: index, from: 1 } },
  columns,
});

const FIRST = shop({ lines: lines('line_no', { sku: column.text('./sku') }) });
let folder: string;
let duck: Duck;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-evolve-'));
  duck = await openDuck({ memoryMb: 128, threads: 1, tempFolder: folder });
});
afterAll(async () => {
  await duck.close();
  await rm(folder, { recursive: true, force: true });
});

describe('evolution of tables', () => {
  it('creates everything where there is nothing, and then has nothing to do', async () => {
    const planned = await planEvolution(duck, FIRST);
    expect(planned.added.map((one) => one.table)).toEqual(['events', 'lines', 'quarantine']);
    expect(await evolve(duck, FIRST)).toEqual(planned);
    expect(await evolve(duck, FIRST)).toEqual({ statements: [], added: [], refused: [], kept: [] });
  });

  it('lets a column that must not be null stay without a value', async () => {
    const renumbered = shop({ lines: lines('position', { sku: column.text('./sku') }) });
    const evolution = await evolve(duck, renumbered);
    expect(evolution.statements).toEqual([
      'ALTER TABLE shop.lines ADD COLUMN "position" BIGINT;',
      'ALTER TABLE shop.lines ALTER COLUMN "line_no" DROP NOT NULL;',
    ]);
    expect(evolution.kept).toEqual([
      { table: 'lines', column: 'line_no', statement: 'ALTER TABLE shop.lines DROP COLUMN "line_no";' },
    ]);
    await expect(new DuckWarehouse(duck, folder).ensureTables(renumbered)).resolves.toBeUndefined();
    expect(await duck.rows("SELECT is_nullable FROM duckdb_columns() WHERE column_name = 'line_no'")).toEqual([
      { is_nullable: true },
    ]);
  });

  it('does nothing at all while one column is of another type', async () => {
    const retyped = shop({
      lines: lines('position', { sku: column.integer('./quantity'), quantity: column.integer('./quantity') }),
    });
    const evolution = await evolve(duck, retyped);
    expect(evolution.refused).toEqual([
      {
        table: 'lines',
        column: 'sku',
        has: 'VARCHAR',
        wants: 'BIGINT',
        statement: 'ALTER TABLE shop.lines ALTER COLUMN "sku" SET DATA TYPE BIGINT;',
      },
    ]);
    expect(await duck.rows("SELECT 1 FROM duckdb_columns() WHERE column_name = 'quantity'")).toEqual([]);
    await expect(new DuckWarehouse(duck, folder).ensureTables(retyped)).rejects.toMatchObject({
      code: 'Configuration',
      fix: expect.stringContaining('reprise schema apply shop'),
    });
  });

  it('leaves a table that is not declared any more', async () => {
    const { kept, statements } = await evolve(duck, shop({}));
    expect([statements, kept]).toEqual([[], [{ table: 'lines', statement: 'DROP TABLE shop."lines";' }]]);
  });
});
