// What must hold after every step of a history, whatever came before.

import type { CompiledPipeline } from '../model/compile.ts';
import type { GroupOutcome, UndoScope } from '../ports/warehouse.ts';
import { compareOrders, type Order, orderOfRow } from './model.ts';
import { type Row, rowsOf, type Tables } from './rows.ts';
import type { SimScope } from './scope.ts';

/** Unique keys; parts belong to events that stand, and to the same delivery of them. */
export function checkStanding(pipeline: CompiledPipeline, tables: Tables): void {
  const events = new Map(rowsOf(tables, 'events').map((row) => [row.event_id, row]));
  for (const { name, key, kind } of [
    ...pipeline.tables,
    { name: 'quarantine', key: ['_raw_object', '_raw_row'], kind: 'quarantine' as const },
  ]) {
    const seen = new Set<string>();
    for (const row of rowsOf(tables, name)) {
      const text = key.map((column) => row[column]).join('/');
      if (seen.has(text)) throw new Error(`${name} has ${text} twice`);
      seen.add(text);
      if (kind !== 'parts') continue;
      const event = events.get(row.event_id ?? '');
      if (event === undefined) throw new Error(`${name} has a row of ${row.event_id}, which is no event`);
      if (event._delivery !== row._delivery || event.event_date !== row.event_date)
        throw new Error(`${name} has a row of another delivery of ${row.event_id}`);
    }
  }
}

export interface Published {
  readonly pipeline: CompiledPipeline;
  readonly partial: boolean;
  /** Objects that were pinned and read. */
  readonly judged: ReadonlySet<string>;
  /** The group's token was there already. */
  readonly repeated: boolean;
  readonly outcome: GroupOutcome;
  readonly before: Tables;
  readonly after: Tables;
}

/** Nothing newer and unjudged is overwritten or deleted; a partial plan takes nothing back and keeps to its dates. */
export function checkPublish({ pipeline, partial, judged, repeated, outcome, before, after }: Published): void {
  if (repeated) {
    checkNothing(pipeline, before, after);
    return;
  }
  const held = new Set(outcome.heldDates);
  for (const { name, kind } of pipeline.tables) {
    if (kind === 'parts') continue;
    const now = new Map(rowsOf(after, name).map((row) => [row.event_id, row]));
    for (const row of rowsOf(before, name)) {
      const later = now.get(row.event_id ?? '');
      const upward = later !== undefined && compareOrders(orderOfRow(pipeline, later), orderOfRow(pipeline, row)) >= 0;
      const what = `${name} ${row.event_id} of ${row._raw_object}`;
      if (!upward && !judged.has(row._raw_object ?? '')) throw new Error(`${what} is not judged, and was taken back`);
      if (!upward && partial) throw new Error(`${what} was taken back by a partial plan`);
      if (held.has(row.event_date ?? '') && !sameRow(row, later)) throw new Error(`${what} changed on a held date`);
    }
  }
  checkCounts(pipeline, outcome, before, after);
  checkRewritten(pipeline, before, after);
}

/**
 * At dates where an event whose raw is gone remains, nothing is deleted or overruled; and what is counted as newer live data is neither of raw
 * that is gone nor of raw that was read.
 */
export function checkGoneRaw(
  { pipeline, dates, goneObjects, judgedObjects }: SimScope,
  stagedEvents: readonly Row[],
  outcome: GroupOutcome,
  before: Tables,
  after: Tables,
): void {
  const [gone, judged] = [goneObjects, judgedObjects];
  const orderOf = (row: Row): Order => orderOfRow(pipeline, row);
  const staged = new Map(stagedEvents.map((row) => [row.event_id, row]));
  const staying = rowsOf(before, 'events').filter((row) => {
    const next = staged.get(row.event_id as string);
    return gone.has(row._raw_object ?? '') && (next === undefined || compareOrders(orderOf(next), orderOf(row)) < 0);
  });
  const lacking = new Set(staying.map((row) => row.event_date));
  const planned = new Set(dates.map(({ date }) => date));
  for (const { name, kind } of pipeline.tables) {
    if (kind === 'parts') continue;
    const now = new Map(rowsOf(after, name).map((row) => [row.event_id, row]));
    for (const row of rowsOf(before, name)) {
      const later = now.get(row.event_id as string);
      const isBack = later === undefined || compareOrders(orderOf(later), orderOf(row)) < 0;
      if (isBack && lacking.has(row.event_date as string) && planned.has(row.event_date as string))
        throw new Error(`${name} ${row.event_id} was deleted or overruled at ${row.event_date}, which lacks raw`);
    }
    const live = rowsOf(before, name).filter(({ _raw_object: key }) => !gone.has(key ?? '') && !judged.has(key ?? ''));
    const counted = outcome.changes.filter(({ table }) => table === name).reduce((sum, one) => sum + one.kept_newer, 0);
    if (counted > live.length)
      throw new Error(`${counted} rows of ${name} are counted as kept newer, of ${live.length} that are live`);
  }
}

/** What every writing changes, whatever it writes. */
const LOAD_COLUMNS = ['_run_id', '_published_at', '_transform_version'];

/** A row that was written again differs from what it was. */
function checkRewritten(pipeline: CompiledPipeline, before: Tables, after: Tables): void {
  for (const { name, key } of pipeline.tables) {
    const keyOf = (row: Row): string => key.map((column) => row[column]).join('/');
    const was = new Map(rowsOf(before, name).map((row) => [keyOf(row), row]));
    for (const row of rowsOf(after, name)) {
      const old = was.get(keyOf(row));
      if (old === undefined || (old._run_id === row._run_id && old._published_at === row._published_at)) continue;
      if (Object.keys(row).every((column) => LOAD_COLUMNS.includes(column) || row[column] === old[column]))
        throw new Error(`${name} ${keyOf(row)} was written again although it is unchanged`);
    }
  }
}

/** An undo changes only rows that the undone run wrote, and such as that run deleted. */
export function checkUndo({ pipeline, undone }: UndoScope, before: Tables, after: Tables): void {
  if (undone.isUndo) return;
  for (const { name } of pipeline.tables) {
    const left = new Set(rowsOf(after, name));
    for (const row of rowsOf(before, name))
      if (!left.has(row) && row._run_id !== undone.runId)
        throw new Error(`the undo of ${undone.runId} took a row of ${name} that ${row._run_id} wrote`);
  }
}

const sameRow = (row: Row, later: Row | undefined): boolean => JSON.stringify(row) === JSON.stringify(later);

function checkNothing(pipeline: CompiledPipeline, before: Tables, after: Tables): void {
  for (const { name } of pipeline.tables) {
    const texts = (tables: Tables): string =>
      JSON.stringify(
        rowsOf(tables, name)
          .map((row) => JSON.stringify(row))
          .sort(),
      );
    if (texts(before) !== texts(after)) throw new Error(`${name} changed although its group was published already`);
  }
}

/** What the outcome says was inserted and deleted is what the tables gained and lost. */
function checkCounts(pipeline: CompiledPipeline, outcome: GroupOutcome, before: Tables, after: Tables): void {
  for (const name of [...pipeline.tables.map((table) => table.name), 'quarantine']) {
    const gained = rowsOf(after, name).length - rowsOf(before, name).length;
    const said = outcome.changes
      .filter((change) => change.table === name)
      .reduce((sum, change) => sum + change.inserted - change.deleted, 0);
    if (gained !== said) throw new Error(`${name} gained ${gained} rows, the outcome says ${said}`);
  }
}
