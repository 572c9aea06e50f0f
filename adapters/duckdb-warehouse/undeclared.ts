// Columns of the warehouse's tables that the declaration does not have: those it had once, under this or another name, and
// those that people added. Publishing makes no values for them, so that it carries them over for the rows that stay, and
// counts what goes with rows that go.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { LostValues, UndeclaredColumn } from '../../ports/warehouse.ts';
import { type Duck, quoteIdentifier } from '../duckdb/instance.ts';
import type { ChangedTable } from './changed-tables.ts';
import { standingTables, wantedTables } from './evolve.ts';

/** Table → names of its columns that the declaration does not have; tables without any are left out. */
export type Undeclared = ReadonlyMap<string, readonly string[]>;

/** Of the tables that the declaration has, the quarantine included. */
export async function undeclaredColumns(duck: Duck, pipeline: CompiledPipeline): Promise<Undeclared> {
  const standing = await standingTables(duck, pipeline.name);
  const found = new Map<string, readonly string[]>();
  for (const { name, columns } of wantedTables(pipeline)) {
    const extra = (standing.get(name) ?? []).filter((one) => !columns.some((column) => column.name === one.name));
    if (extra.length > 0)
      found.set(
        name,
        extra.map((one) => one.name),
      );
  }
  return found;
}

/** The temporary table that holds what is carried over. */
export const carriedName = (table: string): string => `carried_${table}`;

/**
 * Keeps the values of the columns in a temporary table, one row for each key that `of`, a relation, holds. Of several
 * rows under one key the value that was published last is kept.
 */
export async function keepUndeclared(
  duck: Duck,
  target: string,
  { name, key }: Pick<ChangedTable, 'name' | 'key'>,
  columns: readonly string[],
  of: string,
): Promise<void> {
  const values = columns.map(quoteIdentifier).map((c) => `any_value(${c} ORDER BY _published_at DESC) AS ${c}`);
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${carriedName(name)} AS SELECT ${key.join(', ')}, ${values.join(', ')}
    FROM ${target} AS target SEMI JOIN ${of} AS changed USING (${key.join(', ')}) GROUP BY ${key.join(', ')}`);
}

/** What goes with the rows that a decision deletes or replaces, less what is carried over, after keepUndeclared. */
export async function lostValues(
  duck: Duck,
  target: string,
  { name, decided, key }: ChangedTable,
  columns: readonly string[],
): Promise<LostValues[]> {
  const counts = columns.map((column, place) => `count(${quoteIdentifier(column)}) AS n${place}`).join(', ');
  const counted = (from: string, actions: string): string =>
    `(SELECT ${counts} FROM ${from} AS counted SEMI JOIN (SELECT ${key.join(', ')} FROM ${decided} WHERE action IN (${actions})) AS changed
      USING (${key.join(', ')}))`;
  const left = columns.map((_, place) => `before.n${place} - carried.n${place} AS n${place}`).join(', ');
  const row = (
    await duck.rows(`SELECT ${left} FROM ${counted(target, "'update', 'delete'")} AS before,
      ${counted(carriedName(name), "'update'")} AS carried`)
  )[0];
  return columns.flatMap((column, place) => {
    const values = Number(row?.[`n${place}`]);
    return values > 0 ? [{ table: name, column, values }] : [];
  });
}

/** How many values there are in each such column; `where`: a condition on `event_date`. */
export async function undeclaredValues(
  duck: Duck,
  pipeline: CompiledPipeline,
  where: string,
): Promise<UndeclaredColumn[]> {
  const found: UndeclaredColumn[] = [];
  for (const [table, columns] of await undeclaredColumns(duck, pipeline)) {
    const counts = columns.map((column, place) => `count(${quoteIdentifier(column)}) AS n${place}`).join(', ');
    const row = (await duck.rows(`SELECT ${counts} FROM ${pipeline.name}.${table} WHERE ${where}`))[0] ?? {};
    for (const [place, column] of columns.entries()) found.push({ table, column, values: Number(row[`n${place}`]) });
  }
  return found;
}
