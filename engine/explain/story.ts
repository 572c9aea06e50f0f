// The story of one row: the copies that raw holds of it, the rows that stand in the warehouse, and whether these are
// what today's transforms make of the winning copy.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { type ColumnOrigin, describePipeline, originForShape, type PipelineDescription } from '../../model/describe.ts';
import type { CanonicalRow } from '../../model/evaluate.ts';
import { canonicalText } from '../../model/tables.ts';
import { dateOfMicros, formatDay } from '../../model/time.ts';
import type { Inspector, StoredRow } from '../../ports/inspector.ts';
import type { Copies, Copy } from './copies.ts';
import { type Offer, type Rule, rankCopies, rankOffers } from './winner.ts';

export interface ToldCopy {
  readonly copy: Copy;
  /** Whether it is the winner of its event. */
  readonly isWinner: boolean;
  /** The rule by which the winner of its event beats it; undefined of the winner and of rejected copies. */
  readonly losesBy: Rule | undefined;
  /** Of offered rows: whether the event, by its winning copy, offers the row. */
  readonly offers: boolean;
}

export type Agreement =
  | 'agrees'
  | 'differs'
  /** Today's transforms give the row, the warehouse has none. */
  | 'missing'
  /** The warehouse has a row that today's transforms do not give. */
  | 'unexpected';

export interface ToldColumn {
  readonly name: string;
  readonly restricted: boolean;
  readonly origin: ColumnOrigin | undefined;
  /** Canonical text; undefined when there is no such row. */
  readonly stored: string | null | undefined;
  readonly today: string | null | undefined;
  readonly differs: boolean;
}

export interface ToldRow {
  readonly table: string;
  readonly agreement: Agreement;
  readonly columns: readonly ToldColumn[];
  /** Undefined when there is none in the warehouse. */
  readonly stored: StoredRow | undefined;
}

export interface Story {
  readonly kind: 'event' | 'offered' | 'unknown in raw';
  readonly copies: readonly ToldCopy[];
  readonly winner: Copy | undefined;
  readonly winsBy: Rule | undefined;
  readonly rows: readonly ToldRow[];
  /** Rows of offered tables that the event gave. */
  readonly offered: readonly { readonly table: string; readonly stored: number; readonly today: number }[];
  readonly unreadable: readonly string[];
}

/** Undefined when neither raw nor the warehouse knows the key. */
export async function tellStory(
  inspector: Inspector,
  pipeline: CompiledPipeline,
  key: string,
  found: Copies | undefined,
): Promise<Story | undefined> {
  const stored = new Map<CompiledTable, readonly StoredRow[]>();
  for (const table of pipeline.tables) stored.set(table, await inspector.rowsOf(pipeline, table, key));
  const isStored = [...stored.values()].some((rows) => rows.length > 0);
  if (found === undefined && !isStored) return undefined;
  const ranked = rankEvents(pipeline, found?.copies ?? []);
  const offers = ranked.winners.flatMap((copy) => offersOf(pipeline, copy, key));
  const rankedOffers = rankOffers(pipeline, offers);
  const isOffered = found?.kind === 'offered';
  const winner = isOffered ? rankedOffers.offers[0]?.copy : ranked.winners[0];
  const today = isOffered ? rankedOffers.offers.slice(0, 1).map((offer) => offer.row) : rowsOfEvent(pipeline, winner);
  const description = describePipeline(pipeline);
  const rows = pipeline.tables.flatMap((table, place) =>
    tellTable(
      description,
      table,
      stored.get(table) ?? [],
      today.filter((row) => row.table === place),
      winner,
    ),
  );
  return {
    kind: found === undefined ? 'unknown in raw' : found.kind,
    copies: ranked.copies.map((told) => ({ ...told, offers: offers.some((offer) => offer.copy === told.copy) })),
    winner,
    winsBy: isOffered ? rankedOffers.winsBy : ranked.winsBy,
    rows,
    offered: isOffered ? [] : await offeredOf(inspector, pipeline, key, winner),
    unreadable: found?.unreadable ?? [],
  };
}

/** Copies event by event, accepted ones first, the winner at the top. */
function rankEvents(pipeline: CompiledPipeline, copies: readonly Copy[]) {
  const told: Omit<ToldCopy, 'offers'>[] = [];
  const winners: Copy[] = [];
  let winsBy: Rule | undefined;
  for (const eventId of [...new Set(copies.map((copy) => copy.eventId))].sort()) {
    const ofEvent = copies.filter((copy) => copy.eventId === eventId);
    const ranked = rankCopies(pipeline, ofEvent);
    const winner = ranked.accepted[0]?.copy;
    if (winner !== undefined) winners.push(winner);
    winsBy = ranked.winsBy;
    for (const { copy, losesBy } of ranked.accepted) told.push({ copy, isWinner: copy === winner, losesBy });
    for (const copy of ofEvent) if (!copy.evaluation.accepted) told.push({ copy, isWinner: false, losesBy: undefined });
  }
  return { copies: told, winners, winsBy };
}

const rowsOf = (copy: Copy | undefined): readonly CanonicalRow[] =>
  copy?.evaluation.accepted === true ? copy.evaluation.rows : [];

const isOfferedRow = (pipeline: CompiledPipeline, row: CanonicalRow): boolean =>
  pipeline.tables[row.table]?.kind === 'offered';

const offersOf = (pipeline: CompiledPipeline, copy: Copy, key: string): Offer[] =>
  rowsOf(copy)
    .filter((row) => isOfferedRow(pipeline, row) && row.eventId === key)
    .map((row) => ({ copy, row }));

const rowsOfEvent = (pipeline: CompiledPipeline, copy: Copy | undefined): readonly CanonicalRow[] =>
  rowsOf(copy).filter((row) => !isOfferedRow(pipeline, row));

async function offeredOf(
  inspector: Inspector,
  pipeline: CompiledPipeline,
  key: string,
  winner: Copy | undefined,
): Promise<Story['offered']> {
  const offered: { table: string; stored: number; today: number }[] = [];
  for (const [place, table] of pipeline.tables.entries()) {
    if (table.kind !== 'offered') continue;
    const stored = await inspector.offeredBy(pipeline, table, key);
    const today = rowsOf(winner).filter((row) => row.table === place).length;
    if (stored + today > 0) offered.push({ table: table.name, stored, today });
  }
  return offered;
}

/** Stored rows and those of today side by side, by the table's own key. */
function tellTable(
  description: PipelineDescription,
  table: CompiledTable,
  stored: readonly StoredRow[],
  today: readonly CanonicalRow[],
  winner: Copy | undefined,
): ToldRow[] {
  const storedBy = new Map(stored.map((row) => [table.key.map((key) => row[key]).join('\n'), row]));
  const todayBy = new Map(
    today.map((row) => {
      const texts = todayTexts(table, row, winner);
      return [table.key.map((key) => texts.get(key)).join('\n'), texts] as const;
    }),
  );
  return [...new Set([...storedBy.keys(), ...todayBy.keys()])].map((key) =>
    tellRow(description, table, storedBy.get(key), todayBy.get(key), winner),
  );
}

/** The row of today as the warehouse would hold it, canonical texts by column. */
function todayTexts(table: CompiledTable, row: CanonicalRow, winner: Copy | undefined): Map<string, string | null> {
  const texts = new Map<string, string | null>([
    ['event_id', row.eventId],
    ['event_date', formatDay(dateOfMicros(row.occurredAtMicros))],
    ['occurred_at', String(row.occurredAtMicros)],
  ]);
  if (winner?.evaluation.accepted) {
    texts.set('received_at', String(winner.receivedAtMicros));
    texts.set('source', winner.source);
    texts.set('schema_version', winner.evaluation.schemaVersion);
    texts.set('_delivery', winner.evaluation.delivery);
  }
  for (const [place, { name, type }] of table.own.entries())
    texts.set(name, canonicalText(row.values[place] ?? null, type));
  return texts;
}

const COMPARED_BEFORE_OWN = ['event_id', 'event_date', 'occurred_at', 'received_at', 'source', 'schema_version'];

function tellRow(
  description: PipelineDescription,
  table: CompiledTable,
  stored: StoredRow | undefined,
  today: ReadonlyMap<string, string | null> | undefined,
  winner: Copy | undefined,
): ToldRow {
  const described = description.tables.find((one) => one.name === table.name);
  const shape = winner?.shape;
  const occurredAt =
    described?.offered?.occurredAt ?? description.shapes.find((one) => one.name === shape)?.occurredAt.path;
  const timeOrigin = (name: string): ColumnOrigin | undefined =>
    name === 'occurred_at' && occurredAt !== undefined
      ? { how: 'path', path: occurredAt, secret: false, restricted: false }
      : undefined;
  const names = [...COMPARED_BEFORE_OWN, ...table.own.map((column) => column.name), '_delivery'];
  const columns = names.map((name): ToldColumn => {
    const column = described?.columns.find((one) => one.name === name);
    const before = stored?.[name];
    const now = today?.get(name);
    return {
      name,
      restricted: column?.restricted ?? false,
      origin: shape === undefined ? undefined : column ? originForShape(column, shape) : timeOrigin(name),
      stored: before,
      today: now,
      differs: stored !== undefined && today !== undefined && before !== now,
    };
  });
  const agreement =
    stored === undefined
      ? 'missing'
      : today === undefined
        ? 'unexpected'
        : columns.some((column) => column.differs)
          ? 'differs'
          : 'agrees';
  return { table: table.name, agreement, columns, stored };
}
