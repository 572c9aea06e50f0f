// Adds group outcomes up to what a person reads of a run.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { ChangeCounts, GoneRows, GroupOutcome, LostValues, UndoOutcome } from '../../ports/warehouse.ts';
import type { RunSummary, TableCounts } from '../run/run-record.ts';

export const noCounts = (): TableCounts => ({
  ...{ inserted: 0, updated: 0, deleted: 0, unchanged: 0 },
  ...{ kept_newer: 0, raw_gone: 0, not_whole: 0, held: 0 },
});

/** Counts by `<schema>.<table>`, every table named, the quarantine apart. */
export function tableCounts(
  pipeline: CompiledPipeline,
  outcomes: readonly GroupOutcome[],
): Record<string, TableCounts> {
  const counts: Record<string, TableCounts> = {};
  for (const table of pipeline.tables) counts[`${pipeline.name}.${table.name}`] = noCounts();
  for (const change of outcomes.flatMap((outcome) => outcome.changes)) {
    const sum = counts[`${pipeline.name}.${change.table}`];
    if (sum !== undefined) addCounts(sum, change);
  }
  return counts;
}

/** Counts by table, of those that the outcomes name. */
export function countsByTable(outcomes: readonly GroupOutcome[]): Record<string, TableCounts> {
  const counts: Record<string, TableCounts> = {};
  for (const change of outcomes.flatMap((outcome) => outcome.changes)) {
    counts[change.table] ??= noCounts();
    addCounts(counts[change.table] as TableCounts, change);
  }
  return counts;
}

export function addCounts(sum: TableCounts, change: ChangeCounts): void {
  sum.inserted += change.inserted;
  sum.updated += change.updated;
  sum.deleted += change.deleted;
  sum.unchanged += change.unchanged;
  sum.kept_newer += change.kept_newer;
  sum.raw_gone += change.raw_gone ?? 0;
  sum.not_whole += change.not_whole ?? 0;
  sum.held += change.held ?? 0;
}

/** Whether anything is written at all, the quarantine included. */
export function changesAnything(outcomes: readonly GroupOutcome[]): boolean {
  return outcomes.some((outcome) => outcome.changes.some((c) => c.inserted + c.updated + c.deleted > 0));
}

export interface ChangeShare {
  /** Rows of `events` that would be updated or deleted, deleted alone, and those that stood there before. */
  readonly changed: number;
  readonly deleted: number;
  readonly before: number;
  /** Values of undeclared columns that go with their rows, in all tables. Absent in previews that older versions kept. */
  readonly lost?: readonly LostValues[];
}

export function changeShare(outcomes: readonly GroupOutcome[]): ChangeShare {
  const share = { changed: 0, deleted: 0, before: 0, lost: lostValues(outcomes) };
  for (const outcome of outcomes) {
    share.before += outcome.rowsBefore;
    for (const change of outcome.changes.filter((one) => one.table === 'events')) {
      share.changed += change.updated + change.deleted;
      share.deleted += change.deleted;
    }
  }
  return share;
}

/** By table and column, in the order of the outcomes. */
export function lostValues(outcomes: readonly GroupOutcome[]): LostValues[] {
  const sums = new Map<string, LostValues>();
  for (const { table, column, values } of outcomes.flatMap((outcome) => outcome.lost ?? [])) {
    const key = `${table}.${column}`;
    sums.set(key, { table, column, values: (sums.get(key)?.values ?? 0) + values });
  }
  return [...sums.values()];
}

export function causeCounts(outcomes: readonly GroupOutcome[]): Record<string, number> {
  const causes: Record<string, number> = {};
  for (const { cause, events } of outcomes.flatMap((outcome) => outcome.causes))
    causes[cause] = (causes[cause] ?? 0) + events;
  return causes;
}

/** Dates in which anything changed, in order. */
export function datesTouched(outcomes: readonly GroupOutcome[]): string[] {
  const dates = new Set<string>();
  for (const change of outcomes.flatMap((outcome) => outcome.changes)) {
    if (change.inserted + change.updated + change.deleted > 0) dates.add(change.date);
  }
  return [...dates].sort();
}

/** Dates at which an undo changed anything, and those that rows came from, in order. */
export const undoneDates = (outcomes: readonly UndoOutcome[]): string[] =>
  [...new Set([...datesTouched(outcomes), ...outcomes.flatMap((outcome) => outcome.undoneDates ?? [])])]
    .filter((date) => /^\d/.test(date))
    .sort();

/** Events that stay as they are because their raw is gone, by date. */
function rawGoneOf(outcomes: readonly GroupOutcome[]): GoneRows[] {
  const rows = new Map<string, number>();
  for (const change of outcomes.flatMap((outcome) => outcome.changes))
    if (change.table === 'events' && (change.raw_gone ?? 0) > 0)
      rows.set(change.date, (rows.get(change.date) ?? 0) + (change.raw_gone ?? 0));
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([date, count]) => ({ date, rows: count }));
}

export type PublishedSummary = Pick<RunSummary, 'tables' | 'causes' | 'dates' | 'heldDates' | 'rawGone' | 'lost'>;

export function summarize(pipeline: CompiledPipeline, outcomes: readonly GroupOutcome[]): PublishedSummary {
  return {
    tables: tableCounts(pipeline, outcomes),
    causes: causeCounts(outcomes),
    dates: datesTouched(outcomes),
    heldDates: outcomes.flatMap((outcome) => outcome.heldDates),
    lost: lostValues(outcomes),
    rawGone: rawGoneOf(outcomes),
  };
}
