// What a live loader does, as every sane one: evaluates what just arrived with today's transforms and merges the
// greatest delivery of each event into the tables, together with its parts and what it offers, but only over something
// less (docs/live-loader.md). Shares no decision with publishing.

import type { CompiledPipeline, CompiledTable } from '../model/compile.ts';
import { type Candidate, compareOrders, evaluateAll, type Landed, orderOfRow, rowOf } from './model.ts';
import { type Row, rowsOf, type Tables } from './rows.ts';

/** Removals come first. */
export interface LiveChange {
  readonly removed: readonly { readonly table: CompiledTable; readonly column: string; readonly ids: Set<string> }[];
  readonly inserted: readonly { readonly table: CompiledTable; readonly row: Row }[];
}

/** `retracts`: what an event offered before and offers no more is taken away. */
export function liveChange(
  pipeline: CompiledPipeline,
  arrived: readonly Landed[],
  standing: Tables,
  retracts: boolean,
): LiveChange {
  const removed: { table: CompiledTable; column: string; ids: Set<string> }[] = [];
  const inserted: { table: CompiledTable; row: Row }[] = [];
  const loaded = newerEvents(pipeline, arrived, standing);
  const ids = new Set(loaded.keys());
  for (const table of pipeline.tables) {
    if (table.kind !== 'offered') removed.push({ table, column: 'event_id', ids });
    else if (retracts) removed.push({ table, column: '_offered_by', ids });
  }
  const offers = new Map<string, Row>();
  for (const table of pipeline.tables) {
    if (table.kind !== 'offered') continue;
    for (const row of rowsOf(standing, table.name))
      if (!retracts || !ids.has(row._offered_by ?? '')) offers.set(`${table.name}/${row.event_id}`, row);
  }
  const made = new Map<string, { readonly table: CompiledTable; readonly row: Row }>();
  for (const winner of loaded.values()) {
    for (const canonical of winner.evaluation.rows) {
      const table = pipeline.tables[canonical.table] as CompiledTable;
      const row: Row = { ...rowOf(pipeline, winner, canonical), _transform_version: pipeline.transformDigest };
      if (table.kind !== 'offered') {
        inserted.push({ table, row });
        continue;
      }
      const key = `${table.name}/${row.event_id}`;
      const rival = offers.get(key);
      if (rival !== undefined && compareOrders(orderOfRow(pipeline, row), orderOfRow(pipeline, rival)) <= 0) continue;
      offers.set(key, row);
      made.set(key, { table, row });
    }
  }
  for (const { table, row } of made.values()) {
    removed.push({ table, column: 'event_id', ids: new Set([row.event_id as string]) });
    inserted.push({ table, row });
  }
  return { removed, inserted };
}

/** The greatest delivery of each event, where it is greater than the row that stands. */
function newerEvents(pipeline: CompiledPipeline, arrived: readonly Landed[], standing: Tables): Map<string, Candidate> {
  const winners = new Map<string, Candidate>();
  for (const candidate of evaluateAll(pipeline, arrived).accepted) {
    const { eventId } = candidate.evaluation;
    const rival = winners.get(eventId);
    if (rival === undefined || compareOrders(candidate.order, rival.order) > 0) winners.set(eventId, candidate);
  }
  for (const row of rowsOf(standing, 'events')) {
    const winner = winners.get(row.event_id as string);
    if (winner !== undefined && compareOrders(winner.order, orderOfRow(pipeline, row)) <= 0)
      winners.delete(row.event_id as string);
  }
  return winners;
}

/** The tables after the change. */
export function withLiveChange(tables: Tables, { removed, inserted }: LiveChange, publishedAt: string): Tables {
  const lineage = { _run_id: 'live', _published_at: publishedAt };
  const changed = new Map(tables);
  for (const { table, column, ids } of removed) {
    if (ids.size === 0) continue;
    changed.set(
      table.name,
      rowsOf(changed, table.name).filter((row) => !ids.has(row[column] ?? '')),
    );
  }
  for (const { table, row } of inserted)
    changed.set(table.name, [...rowsOf(changed, table.name), { ...row, ...lineage }]);
  return changed;
}
