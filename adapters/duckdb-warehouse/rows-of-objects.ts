// Which raw objects gave rows that stand in a window, how many events, and whether a run has written them.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { ObjectRows } from '../../ports/warehouse.ts';
import type { Duck } from '../duckdb/instance.ts';
import { RUN_ID } from './causes.ts';
import { openObjects } from './scope.ts';

/** By object and date. Rows that events offer say only who has written them. */
export async function rowsOfObjects(
  duck: Duck,
  pipeline: CompiledPipeline,
  { from, to }: { readonly from: string; readonly to: string },
  rawObjects: readonly string[],
): Promise<readonly ObjectRows[]> {
  await openObjects(duck, 'asked_objects', rawObjects);
  const parts = pipeline.tables
    .filter((table) => table.kind !== 'parts')
    .map(
      ({ name, kind }) => `SELECT _raw_object AS key, CAST(event_date AS VARCHAR) AS date,
        ${kind === 'events' ? 'count(*)' : '0'} AS events, bool_or(regexp_full_match(_run_id, '${RUN_ID}')) AS of_runs
        FROM ${pipeline.name}.${name} WHERE event_date >= DATE '${from}' AND event_date < DATE '${to}'
          AND _raw_object IN (SELECT raw_object FROM asked_objects) GROUP BY ALL`,
    );
  const rows = await duck.rows(`SELECT key, date, sum(events) AS n, bool_or(of_runs) AS of_runs
    FROM (${parts.join(' UNION ALL ')}) GROUP BY ALL ORDER BY ALL`);
  return rows.map((row) => ({
    rawObject: String(row.key),
    date: String(row.date),
    rows: Number(row.n),
    ofRuns: row.of_runs === true,
  }));
}

/** Keys of the objects that gave rows in the window, rejected ones too. */
export async function objectsWithRows(
  duck: Duck,
  pipeline: CompiledPipeline,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<readonly string[]> {
  const rows = await duck.rows(
    [...pipeline.tables.map((table) => table.name), 'quarantine']
      .map(
        (table) => `SELECT _raw_object AS key FROM ${pipeline.name}.${table}
          WHERE event_date >= DATE '${from}' AND event_date < DATE '${to}'`,
      )
      .join(' UNION '),
  );
  return rows.map((row) => String(row.key));
}
