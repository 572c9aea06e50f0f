// The decision of an undo over rows in memory, as ports/warehouse.ts promises it: what a run changed goes back to what it
// was, where it is still as the run left it.

import type { PublishRule } from '../engine/publish/rule.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import type { LeftAlone, LeftAloneReason, UndoOutcome, UndoScope } from '../ports/warehouse.ts';
import { changesOf, type RowDecision } from './decide.ts';
import type { Row } from './rows.ts';
import { lostOf, undeclaredOf } from './undeclared.ts';

/** What a transaction keeps of one table: its decisions, and the rows that it changed as they were and as they became. */
export interface KeptTable {
  readonly table: string;
  readonly keyOf: (row: Row) => string;
  readonly decisions: readonly RowDecision[];
  readonly before: ReadonlyMap<string, Row>;
  readonly after: ReadonlyMap<string, Row>;
}

export interface UndoDecision {
  readonly outcome: UndoOutcome;
  readonly tables: readonly KeptTable[];
}

interface Change {
  readonly table: string;
  readonly decision: RowDecision;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  readonly standing: Row | undefined;
}

const CHANGING = new Set(['insert', 'update', 'delete']);

export function decideUndo(
  rule: PublishRule,
  scope: UndoScope,
  group: number,
  kept: readonly KeptTable[],
  rows: (table: string) => readonly Row[],
): UndoDecision {
  const partTables = new Set(scope.pipeline.tables.filter(({ kind }) => kind === 'parts').map(({ name }) => name));
  /** An event with its parts, or one row. */
  const units = new Map<string, Change[]>();
  for (const { table, keyOf, decisions, before, after } of kept) {
    const standing = new Map(rows(table).map((row) => [keyOf(row), row]));
    for (const decision of decisions) {
      const { key } = decision;
      if (!CHANGING.has(decision.action)) continue;
      const row = before.get(key) ?? after.get(key);
      const unit = table === 'events' || partTables.has(table) ? `event ${row?.event_id}` : `${table} ${key}`;
      const change = { table, decision, before: before.get(key), after: after.get(key), standing: standing.get(key) };
      units.set(unit, [...(units.get(unit) ?? []), change]);
    }
  }
  const decided = new Map<string, RowDecision[]>(kept.map(({ table }) => [table, []]));
  const leftAlone = new Map<string, { -readonly [name in keyof LeftAlone]: LeftAlone[name] }>();
  for (const changes of units.values()) {
    const reason = reasonToLeave(scope, changes);
    for (const change of changes) {
      decided.get(change.table)?.push(undone(change, reason));
      if (reason !== undefined) leave(leftAlone, change, reason);
    }
  }
  const tables = kept.map(({ table, keyOf, before }): KeptTable => {
    const decisions = decided.get(table) ?? [];
    const standing = new Map(rows(table).map((row) => [keyOf(row), row]));
    const after = new Map([...before].map(([key, row]) => [key, putBack(scope, table, row, standing.get(key))]));
    return { table, keyOf, decisions, before: standing, after };
  });
  const lost = lostOf(scope.pipeline, tables, rows);
  const dates = new Set(scope.dates.filter((one) => one.group === group).map(({ date }) => date));
  const outcome: UndoOutcome = {
    group,
    changes: tables.flatMap(({ table, decisions }) => changesOf(table, decisions)),
    causes: [],
    rowsBefore: rows('events').filter((row) => dates.has(row.event_date as string)).length,
    heldDates: [],
    ...(lost.length === 0 ? {} : { lost }),
    leftAlone: [...leftAlone.values()],
    leftAloneRows: [],
    undoneDates: rule.undoneDates(
      tables.flatMap(({ decisions }) => decisions.filter(({ action }) => CHANGING.has(action))),
    ),
  };
  return { outcome, tables };
}

function reasonToLeave(scope: UndoScope, changes: readonly Change[]): LeftAloneReason | undefined {
  if (!changes.every((change) => isAsLeft(scope, change))) return 'changed_since';
  const isGone = changes.some(({ before }) => before !== undefined && !isRestorable(scope, before));
  return isGone ? 'raw_gone' : undefined;
}

/** A row as it was before the undone run. Columns that no run writes keep the values of the row that is there. */
const putBack = ({ pipeline }: UndoScope, table: string, before: Row, standing: Row | undefined): Row =>
  standing === undefined ? before : { ...before, ...undeclaredOf(pipeline, table, standing) };

function isAsLeft(
  { pipeline, undone: { runId, isUndo } }: UndoScope,
  { table, decision, after, standing }: Change,
): boolean {
  if (decision.action === 'delete') return standing === undefined;
  if (standing === undefined) return false;
  if (isUndo) return textOf(pipeline, table, standing) === textOf(pipeline, table, after);
  return standing._run_id === runId && (standing.event_date ?? null) === decision.newDate;
}

/** A row but for what people may write into columns of their own. */
function textOf(pipeline: CompiledPipeline, table: string, row: Row | undefined): string {
  const others = undeclaredOf(pipeline, table, row);
  return JSON.stringify(Object.entries(row ?? {}).filter(([name]) => !(name in others)));
}

function isRestorable({ restorable }: UndoScope, row: Row): boolean {
  const key = row._raw_object as string;
  return 'only' in restorable ? restorable.only.includes(key) : !restorable.except.includes(key);
}

function undone({ decision, before, standing }: Change, left: LeftAloneReason | undefined): RowDecision {
  const oldDate = standing?.event_date ?? null;
  const newDate = before?.event_date ?? null;
  const action = left === 'raw_gone' ? 'raw_gone' : 'kept_newer';
  if (left !== undefined) return { key: decision.key, action, newDate: oldDate ?? newDate, oldDate };
  if (decision.action === 'insert') return { key: decision.key, action: 'delete', newDate: null, oldDate };
  return { key: decision.key, action: decision.action === 'delete' ? 'insert' : 'update', newDate, oldDate };
}

function leave(
  leftAlone: Map<string, { -readonly [name in keyof LeftAlone]: LeftAlone[name] }>,
  { table, before, standing }: Change,
  reason: LeftAloneReason,
): void {
  const date = (standing ?? before)?.event_date ?? null;
  const runId = standing?._run_id ?? null;
  const place = `${table} ${date} ${reason} ${runId}`;
  const found = leftAlone.get(place) ?? { table, date, reason, runId, rows: 0 };
  found.rows++;
  leftAlone.set(place, found);
}
