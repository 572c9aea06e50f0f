// A live loader as every sane one is: evaluates what just arrived with today's transforms and merges the greatest
// delivery of each event into the tables, together with its parts and what it offers, but only over something less.

import { type Duck, quoteLiteral } from '../../adapters/local/duckdb/instance.ts';
import type { CompiledPipeline, CompiledTable } from '../../engine/model/compile.ts';
import type { SqlType } from '../../engine/model/tables.ts';
import { type Candidate, compareOrders, evaluateAll, type Landed, orderOfRow, rowOf } from '../../simulator/model.ts';
import { type Row, rowsOf, type Tables } from '../../simulator/rows.ts';

/** `retracts`: what an event offered before and offers no more is taken away. */
export async function liveLoad(
  duck: Duck,
  pipeline: CompiledPipeline,
  arrived: readonly Landed[],
  standing: Tables,
  retracts: boolean,
): Promise<void> {
  const winners = new Map<string, Candidate>();
  for (const candidate of evaluateAll(pipeline, arrived).accepted) {
    const { eventId } = candidate.evaluation;
    const rival = winners.get(eventId);
    if (rival === undefined || compareOrders(candidate.order, rival.order) > 0) winners.set(eventId, candidate);
  }
  const batch = new Batch(pipeline);
  const standingEvents = new Map(rowsOf(standing, 'events').map((row) => [row.event_id, row]));
  const beaten = [...winners.values()].filter(({ evaluation, order }) => {
    const target = standingEvents.get(evaluation.eventId);
    return target === undefined || compareOrders(order, orderOfRow(pipeline, target)) > 0;
  });
  const loaded = new Set(beaten.map(({ evaluation }) => evaluation.eventId));
  for (const table of pipeline.tables) {
    if (table.kind !== 'offered') batch.remove(table, 'event_id', loaded);
    else if (retracts) batch.remove(table, '_offered_by', loaded);
  }
  const offers = new Map<string, Row>();
  for (const [ordinal, table] of pipeline.tables.entries()) {
    if (table.kind !== 'offered') continue;
    for (const row of rowsOf(standing, table.name))
      if (!retracts || !loaded.has(row._offered_by ?? '')) offers.set(`${ordinal}/${row.event_id}`, row);
  }
  const made = new Map<string, { readonly table: CompiledTable; readonly row: Row }>();
  for (const winner of beaten) {
    for (const canonical of winner.evaluation.rows) {
      const table = pipeline.tables[canonical.table] as CompiledTable;
      const row = rowOf(pipeline, winner, canonical);
      if (table.kind !== 'offered') {
        batch.insert(table, row);
        continue;
      }
      const key = `${canonical.table}/${row.event_id}`;
      const rival = offers.get(key);
      if (rival !== undefined && compareOrders(orderOfRow(pipeline, row), orderOfRow(pipeline, rival)) <= 0) continue;
      offers.set(key, row);
      made.set(key, { table, row });
    }
  }
  for (const { table, row } of made.values()) {
    batch.remove(table, 'event_id', new Set([row.event_id as string]));
    batch.insert(table, row);
  }
  await batch.run(duck);
}

/** Deletes first, then inserts, a statement each for every table and column. */
class Batch {
  readonly #pipeline: CompiledPipeline;
  readonly #removed = new Map<string, Set<string>>();
  readonly #inserted = new Map<CompiledTable, string[]>();

  constructor(pipeline: CompiledPipeline) {
    this.#pipeline = pipeline;
  }

  remove(table: CompiledTable, column: string, ids: ReadonlySet<string>): void {
    const target = `${this.#pipeline.name}.${table.name} WHERE ${column}`;
    const removed = this.#removed.get(target) ?? new Set();
    for (const id of ids) removed.add(id);
    this.#removed.set(target, removed);
  }

  insert(table: CompiledTable, row: Row): void {
    const cells: Row = { ...row, _transform_version: this.#pipeline.transformDigest };
    const values = table.columns.map(({ name, type }) => literal(cells[name] ?? null, type));
    const inserted = this.#inserted.get(table) ?? [];
    inserted.push(`(${values.join(', ')}, 'live', TIMESTAMP '2026-01-01')`);
    this.#inserted.set(table, inserted);
  }

  async run(duck: Duck): Promise<void> {
    const statements: string[] = [];
    for (const [target, ids] of this.#removed)
      if (ids.size > 0) statements.push(`DELETE FROM ${target} IN (${[...ids].map(quoteLiteral).join(', ')})`);
    for (const [table, rows] of this.#inserted) {
      const names = [...table.columns.map(({ name }) => `"${name}"`), '_run_id', '_published_at'];
      statements.push(
        `INSERT INTO ${this.#pipeline.name}.${table.name} (${names.join(', ')}) VALUES ${rows.join(', ')}`,
      );
    }
    if (statements.length > 0) await duck.run(`BEGIN; ${statements.join('; ')}; COMMIT`);
  }
}

function literal(cell: string | null, type: SqlType): string {
  if (cell === null) return 'NULL';
  if (type === 'timestamp') return `make_timestamp(${cell})`;
  return quoteLiteral(cell);
}
