// What the tables must be, in a few lines: every delivery there is, evaluated one by one; of each event the greatest
// accepted one; of each offered key the greatest offer of a winning event. No SQL, no slices, no plans.

import type { CompiledPipeline } from '../model/compile.ts';
import { type CanonicalRow, type Evaluation, Evaluator } from '../model/evaluate.ts';
import type { RawRow } from '../model/raw-row.ts';
import { canonicalText } from '../model/tables.ts';
import { dateOfMicros, formatDay } from '../model/time.ts';
import { type Row, rowsOf, type Tables } from './rows.ts';

export const DELIVERY_KEY = Buffer.from('the key of the simulation');

export interface Landed {
  readonly object: string;
  readonly raw: RawRow;
}

/** One accepted delivery, or what the warehouse keeps of one. */
export interface Order {
  readonly precedence: number;
  readonly receivedAtMicros: bigint;
  readonly delivery: string;
  readonly source: string;
  /** Place among the offers of one event; 0 for events. */
  readonly place: number;
}

export function compareOrders(a: Order, b: Order): number {
  if (a.precedence !== b.precedence) return a.precedence - b.precedence;
  if (a.receivedAtMicros !== b.receivedAtMicros) return a.receivedAtMicros < b.receivedAtMicros ? -1 : 1;
  if (a.delivery !== b.delivery) return a.delivery < b.delivery ? -1 : 1;
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return a.place - b.place;
}

export function orderOfRow(pipeline: CompiledPipeline, row: Row): Order {
  return {
    precedence: pipeline.sources.get(row.source ?? '')?.precedence ?? 0,
    receivedAtMicros: BigInt(row.received_at ?? 0),
    delivery: row._delivery ?? '',
    source: row.source ?? '',
    place: Number(row._offer_index ?? 0),
  };
}

export type Accepted = Extract<Evaluation, { accepted: true }>;
export type Rejected = Extract<Evaluation, { accepted: false }>;
export interface Candidate extends Landed {
  readonly evaluation: Accepted;
  readonly order: Order;
}

export interface Expected {
  /** Rows by table, without what publishing and the place in raw add. */
  readonly tables: ReadonlyMap<string, readonly Row[]>;
}

/** Accepted deliveries with their orders, and the rejected ones as rows of the quarantine. */
export function evaluateAll(
  pipeline: CompiledPipeline,
  landed: readonly Landed[],
): { readonly accepted: Candidate[]; readonly quarantine: Row[] } {
  const evaluator = new Evaluator(pipeline, DELIVERY_KEY);
  const accepted: Candidate[] = [];
  const quarantine: Row[] = [];
  for (const { object, raw } of landed) {
    const evaluation = evaluator.evaluate(raw);
    if (evaluation.accepted) {
      const order = {
        precedence: pipeline.sources.get(raw.source as string)?.precedence ?? 0,
        receivedAtMicros: raw.receivedAtMicros,
        delivery: evaluation.delivery,
        source: raw.source as string,
        place: 0,
      };
      accepted.push({ object, raw, evaluation, order });
    } else {
      quarantine.push(quarantineRow({ object, raw }, evaluation));
    }
  }
  return { accepted, quarantine };
}

/** Raw that expired, and the dates that are not whole by that. */
export interface Gone {
  readonly objects: ReadonlySet<string>;
  readonly dates: ReadonlySet<string>;
}

/**
 * The tables that today's transforms make of all the raw there is. Of rows that stand although their raw is gone, and of
 * all rows at dates of such events, nothing can be said but that only something as great takes their place.
 */
export function expectedTables(
  pipeline: CompiledPipeline,
  landed: readonly Landed[],
  standing: Tables,
  gone: Gone,
): Map<string, Row[]> {
  const stays = (row: Row, date: string | null | undefined): boolean =>
    gone.objects.has(row._raw_object ?? '') || gone.dates.has(row.event_date ?? '') || gone.dates.has(date ?? '');
  const { accepted, quarantine } = evaluateAll(pipeline, landed);
  const winners = new Map<string, Candidate>();
  for (const candidate of accepted) {
    const rival = winners.get(candidate.evaluation.eventId);
    if (rival === undefined || compareOrders(candidate.order, rival.order) > 0)
      winners.set(candidate.evaluation.eventId, candidate);
  }
  const tables = new Map<string, Row[]>(pipeline.tables.map(({ name }) => [name, []]));
  const keptEvents = new Set<string>();
  for (const row of rowsOf(standing, 'events')) {
    const winner = winners.get(row.event_id as string);
    if (!stays(row, winner && dateOf(pipeline, winner))) continue;
    if (winner !== undefined && compareOrders(winner.order, orderOfRow(pipeline, row)) >= 0) continue;
    winners.delete(row.event_id as string);
    keptEvents.add(row.event_id as string);
    tables.get('events')?.push(row);
  }
  const offers = new Map<string, { row: Row; order: Order }>();
  const offer = (table: string, row: Row): void => {
    const key = `${table}/${row.event_id}`;
    const order = orderOfRow(pipeline, row);
    const rival = offers.get(key);
    if (rival === undefined || compareOrders(order, rival.order) > 0) offers.set(key, { row, order });
  };
  for (const [ordinal, table] of pipeline.tables.entries()) {
    if (table.kind === 'parts') {
      for (const row of rowsOf(standing, table.name))
        if (keptEvents.has(row.event_id as string)) tables.get(table.name)?.push(row);
    }
    for (const winner of winners.values()) {
      for (const row of winner.evaluation.rows.filter((one) => one.table === ordinal)) {
        const cells = rowOf(pipeline, winner, row);
        if (table.kind === 'offered') offer(table.name, cells);
        else tables.get(table.name)?.push(cells);
      }
    }
    if (table.kind !== 'offered') continue;
    for (const row of rowsOf(standing, table.name))
      if (stays(row, offers.get(`${table.name}/${row.event_id}`)?.row.event_date)) offer(table.name, row);
    for (const [key, { row }] of offers) if (key.startsWith(`${table.name}/`)) tables.get(table.name)?.push(row);
  }
  const rejected = rowsOf(standing, 'quarantine').filter((row) => gone.objects.has(row._raw_object ?? ''));
  tables.set('quarantine', [...quarantine, ...rejected]);
  return tables;
}

/** The date of the event. */
function dateOf(pipeline: CompiledPipeline, candidate: Candidate): string | null | undefined {
  const row = candidate.evaluation.rows.find((one) => pipeline.tables[one.table]?.kind === 'events');
  return row && rowOf(pipeline, candidate, row).event_date;
}

/** The quarantine entry of a rejected delivery. */
export function quarantineRow({ object, raw }: Landed, { reason, detail, day, schemaVersion, source }: Rejected): Row {
  return {
    reason,
    detail,
    source,
    received_at: String(raw.receivedAtMicros),
    _raw_object: object,
    _raw_row: String(raw.row),
    event_date: formatDay(day),
    schema_version: schemaVersion,
  };
}

/** A row as it must stand in the warehouse, but for its place in raw and what publishing adds. */
export function rowOf(pipeline: CompiledPipeline, candidate: Omit<Candidate, 'order'>, row: CanonicalRow): Row {
  const table = pipeline.tables[row.table];
  const { evaluation, raw } = candidate;
  const cells: Record<string, string | null> = {
    event_id: row.eventId,
    event_date: formatDay(dateOfMicros(row.occurredAtMicros)),
    occurred_at: String(row.occurredAtMicros),
    received_at: String(raw.receivedAtMicros),
    source: raw.source,
    schema_version: evaluation.schemaVersion,
    _delivery: evaluation.delivery,
    _raw_object: candidate.object,
    _raw_row: String(raw.row),
    _row_hash: row.rowHash,
  };
  for (const [place, column] of (table?.own ?? []).entries())
    cells[column.name] = canonicalText(row.values[place] ?? null, column.type);
  if (table?.kind === 'events') cells._content_hash = evaluation.contentHash;
  if (table?.kind === 'offered') {
    cells._offered_by = evaluation.eventId;
    cells._offer_index = String(row.offerIndex);
  }
  return cells;
}
