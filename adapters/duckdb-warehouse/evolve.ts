// Brings the tables of a pipeline to today's declaration, as far as that loses nothing: tables and columns that are
// missing are added. What only loses something could do is named with its statement, and left to a person.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { TableColumn } from '../../model/tables.ts';
import type { SchemaEvolution } from '../../ports/warehouse.ts';
import { columnDefinitions, duckType, quarantineColumns, warehouseColumns } from '../duckdb/columns.ts';
import { type Duck, quoteLiteral } from '../duckdb/instance.ts';

export interface StandingColumn {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
}

export interface WantedTable {
  readonly name: string;
  readonly columns: readonly TableColumn[];
}

/** Every table that publishing writes to, the quarantine included. */
export const wantedTables = (pipeline: CompiledPipeline): WantedTable[] => [
  ...pipeline.tables.map((table) => ({ name: table.name, columns: warehouseColumns(table) })),
  { name: 'quarantine', columns: quarantineColumns() },
];

/** Whether the pipeline has its tables. Throws Configuration when it has some of them. */
export async function tablesStand(duck: Duck, pipeline: CompiledPipeline): Promise<boolean> {
  const standing = await standingTables(duck, pipeline.name);
  const missing = wantedTables(pipeline).filter(({ name }) => !standing.has(name));
  if (missing.length === wantedTables(pipeline).length) return false;
  if (missing.length === 0) return true;
  throw new RepriseError(
    'Configuration',
    `the warehouse has no table ${missing.map(({ name }) => `${pipeline.name}.${name}`).join(', ')}`,
    `bring the tables to the declaration first: reprise schema apply ${pipeline.name}`,
  );
}

/** Columns of the table that are absent or of another type in the warehouse. */
export async function lackingColumns(
  duck: Duck,
  schema: string,
  { name, columns }: WantedTable,
): Promise<TableColumn[]> {
  const standing = (await standingTables(duck, schema)).get(name) ?? [];
  return columns.filter(
    (column) => !standing.some((one) => one.name === column.name && one.type === duckType(column.type)),
  );
}

/** What would bring the tables to the declaration. Reads only. */
export async function planEvolution(duck: Duck, pipeline: CompiledPipeline): Promise<SchemaEvolution> {
  const schema = pipeline.name;
  const standing = await standingTables(duck, schema);
  const wanted = wantedTables(pipeline);
  const parts = wanted.map((table) => {
    const columns = standing.get(table.name);
    return columns === undefined ? created(schema, table) : evolved(schema, table, columns);
  });
  const undeclared = [...standing.keys()].filter((name) => !wanted.some((table) => table.name === name));
  return {
    statements: parts.flatMap((part) => part.statements),
    added: parts.flatMap((part) => part.added),
    refused: parts.flatMap((part) => part.refused),
    kept: [
      ...parts.flatMap((part) => part.kept),
      ...undeclared.map((table) => ({ table, statement: `DROP TABLE ${schema}."${table}";` })),
    ],
  };
}

/** Does all of it in one transaction, or nothing when something is refused. */
export async function evolve(duck: Duck, pipeline: CompiledPipeline): Promise<SchemaEvolution> {
  const evolution = await planEvolution(duck, pipeline);
  if (evolution.refused.length > 0 || evolution.statements.length === 0) return evolution;
  await duck.run('BEGIN TRANSACTION');
  try {
    await duck.run(`CREATE SCHEMA IF NOT EXISTS ${pipeline.name}`);
    for (const statement of evolution.statements) await duck.run(statement);
    await duck.run('COMMIT');
  } catch (error) {
    await duck.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
  return evolution;
}

function created(schema: string, { name, columns }: WantedTable): SchemaEvolution {
  return {
    statements: [`CREATE TABLE ${schema}.${name} (${columnDefinitions(columns)});`],
    added: [{ table: name, columns: columns.length }],
    refused: [],
    kept: [],
  };
}

function evolved(schema: string, table: WantedTable, standing: readonly StandingColumn[]): SchemaEvolution {
  const alter = (rest: string): string => `ALTER TABLE ${schema}.${table.name} ${rest};`;
  const at = (name: string): StandingColumn | undefined => standing.find((column) => column.name === name);
  const missing = table.columns.filter((column) => at(column.name) === undefined);
  const extra = standing.filter((column) => !table.columns.some((one) => one.name === column.name));
  const retyped = table.columns.flatMap((column) => {
    const [has, wants] = [at(column.name)?.type, duckType(column.type)];
    return has === undefined || has === wants ? [] : [{ column: column.name, has, wants }];
  });
  return {
    statements: [
      ...missing.map((column) => alter(`ADD COLUMN "${column.name}" ${duckType(column.type)}`)),
      // What stays gets no value any more, and must not forbid that.
      ...extra.filter((one) => !one.isNullable).map((one) => alter(`ALTER COLUMN "${one.name}" DROP NOT NULL`)),
    ],
    added: missing.map((column) => ({
      table: table.name,
      column: column.name,
      type: duckType(column.type),
      columns: 1,
    })),
    refused: retyped.map(({ column, has, wants }) => ({
      table: table.name,
      column,
      has,
      wants,
      statement: alter(`ALTER COLUMN "${column}" SET DATA TYPE ${wants}`),
    })),
    kept: extra.map((one) => ({
      table: table.name,
      column: one.name,
      statement: alter(`DROP COLUMN "${one.name}"`),
    })),
  };
}

/** The columns of every table of a schema, as they stand. */
export async function standingTables(duck: Duck, schema: string): Promise<Map<string, StandingColumn[]>> {
  const rows = await duck.rows(
    `SELECT c.table_name AS "table", c.column_name AS name, c.data_type AS type, c.is_nullable AS nullable
     FROM duckdb_columns() AS c JOIN duckdb_tables() AS t USING (database_name, schema_name, table_name)
     WHERE c.schema_name = ${quoteLiteral(schema)} AND NOT c.internal ORDER BY c.table_name, c.column_index`,
  );
  const tables = new Map<string, StandingColumn[]>();
  for (const row of rows) {
    const columns = tables.get(String(row.table)) ?? [];
    columns.push({ name: String(row.name), type: String(row.type), isNullable: row.nullable === true });
    tables.set(String(row.table), columns);
  }
  return tables;
}
