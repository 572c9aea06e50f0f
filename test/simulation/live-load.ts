// The live loader of the simulator, in SQL.

import { type Duck, quoteLiteral } from '../../adapters/duckdb/instance.ts';
import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import type { SqlType } from '../../model/tables.ts';
import { type LiveChange, liveChange } from '../../simulator/live-load.ts';
import type { Landed } from '../../simulator/model.ts';
import type { Tables } from '../../simulator/rows.ts';

/** `retracts`: what an event offered before and offers no more is taken away. */
export async function liveLoad(
  duck: Duck,
  pipeline: CompiledPipeline,
  arrived: readonly Landed[],
  standing: Tables,
  retracts: boolean,
): Promise<void> {
  await applyLiveChange(duck, pipeline, liveChange(pipeline, arrived, standing, retracts));
}

export async function applyLiveChange(
  duck: Duck,
  pipeline: CompiledPipeline,
  { removed, inserted }: LiveChange,
): Promise<void> {
  const gone = new Map<string, Set<string>>();
  for (const { table, column, ids } of removed) {
    const target = `${pipeline.name}.${table.name} WHERE ${column}`;
    gone.set(target, new Set([...(gone.get(target) ?? []), ...ids]));
  }
  const rows = new Map<CompiledTable, string[]>();
  for (const { table, row } of inserted) {
    const values = table.columns.map(({ name, type }) => literal(row[name] ?? null, type));
    rows.set(table, [...(rows.get(table) ?? []), `(${values.join(', ')}, 'live', TIMESTAMP '2026-01-01')`]);
  }
  const statements: string[] = [];
  for (const [target, ids] of gone)
    if (ids.size > 0) statements.push(`DELETE FROM ${target} IN (${[...ids].map(quoteLiteral).join(', ')})`);
  for (const [table, values] of rows) {
    const names = [...table.columns.map(({ name }) => `"${name}"`), '_run_id', '_published_at'];
    statements.push(`INSERT INTO ${pipeline.name}.${table.name} (${names.join(', ')}) VALUES ${values.join(', ')}`);
  }
  if (statements.length > 0) await duck.run(`BEGIN; ${statements.join('; ')}; COMMIT`);
}

/** A cell as SQL. */
export function literal(cell: string | null, type: SqlType): string {
  if (cell === null) return 'NULL';
  if (type === 'timestamp') return `make_timestamp(${cell})`;
  return quoteLiteral(cell);
}
