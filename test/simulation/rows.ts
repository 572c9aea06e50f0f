// Rows of the warehouse as tests see them: every cell as text, however the warehouse keeps it.

import type { Duck } from '../../adapters/duckdb/instance.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { QUARANTINE_COLUMNS, type TableColumn } from '../../model/tables.ts';
import type { Row, Tables } from '../../simulator/rows.ts';

/** Every row of every table of the pipeline, the quarantine included. `also`: columns that are not declared. */
export async function readTables(
  duck: Duck,
  pipeline: CompiledPipeline,
  also: readonly TableColumn[] = [],
): Promise<Tables> {
  const tables: { name: string; columns: readonly TableColumn[] }[] = [
    ...pipeline.tables,
    { name: 'quarantine', columns: QUARANTINE_COLUMNS },
  ].map(({ name, columns }) => ({ name, columns: [...columns, ...also] }));
  const selects = tables.map(
    ({ name, columns }) =>
      `SELECT '${name}' AS name, [${columns.map(cellText).join(', ')}] AS cells FROM ${pipeline.name}.${name}`,
  );
  const found = new Map<string, Row[]>(tables.map(({ name }) => [name, []]));
  for (const row of await duck.rows(selects.join(' UNION ALL '))) {
    const columns = tables.find(({ name }) => name === row.name)?.columns ?? [];
    const { items } = row.cells as { items: readonly (string | null)[] };
    found.get(String(row.name))?.push(Object.fromEntries(columns.map((c, place) => [c.name, items[place] ?? null])));
  }
  return found;
}

/** A cell as SQL that gives it as text. */
export const cellText = ({ name, type }: TableColumn): string =>
  type === 'timestamp' ? `CAST(epoch_us("${name}") AS VARCHAR)` : `CAST("${name}" AS VARCHAR)`;
