// Columns that the declaration does not have, in rows in memory: what is carried over, and what goes with rows that go.

import type { CompiledPipeline } from '../model/compile.ts';
import { PUBLISH_COLUMNS, QUARANTINE_COLUMNS } from '../model/tables.ts';
import type { LostValues } from '../ports/warehouse.ts';
import type { RowDecision } from './decide.ts';
import type { Row } from './rows.ts';

/** The cells of a row in columns that its table is not declared to have. */
export function undeclaredOf(pipeline: CompiledPipeline, table: string, row: Row | undefined): Row {
  const columns = pipeline.tables.find(({ name }) => name === table)?.columns ?? QUARANTINE_COLUMNS;
  const declared = new Set([...columns, ...PUBLISH_COLUMNS].map(({ name }) => name));
  return Object.fromEntries(Object.entries(row ?? {}).filter(([name]) => !declared.has(name)));
}

/** Values by column, in rows of one table. */
export function countUndeclared(pipeline: CompiledPipeline, table: string, rows: readonly Row[]): LostValues[] {
  const counts = new Map<string, number>();
  for (const row of rows)
    for (const [column, value] of Object.entries(undeclaredOf(pipeline, table, row)))
      counts.set(column, (counts.get(column) ?? 0) + (value === null ? 0 : 1));
  return [...counts].map(([column, values]) => ({ table, column, values }));
}

/** What goes with the rows that are deleted. */
export function lostOf(
  pipeline: CompiledPipeline,
  decided: readonly {
    readonly table: string;
    readonly keyOf: (row: Row) => string;
    readonly decisions: readonly RowDecision[];
  }[],
  rows: (table: string) => readonly Row[],
): LostValues[] {
  return decided.flatMap(({ table, keyOf, decisions }) => {
    const gone = new Set(decisions.filter(({ action }) => action === 'delete').map(({ key }) => key));
    const going = rows(table).filter((row) => gone.has(keyOf(row)));
    return countUndeclared(pipeline, table, going).filter(({ values }) => values > 0);
  });
}
