// How much of a pipeline's tables changes in a month: the share of columns that applied schema changes concern.

import type { LedgerEntry } from '../ledger/entry.ts';
import type { SchemaChange } from './change.ts';

export interface MonthChurn {
  /** YYYY-MM, UTC, of when the changes were applied. */
  readonly month: string;
  /** Columns that were changed, each once, however often. */
  readonly changed: number;
  /** Columns that the tables had when the month began. */
  readonly columns: number;
  readonly share: number;
  readonly breaking: number;
  readonly isAbove: boolean;
  /** `<table>.<column>`, or a table. */
  readonly what: readonly string[];
}

/** Changes of what is said, or of which rows there are, change no column. */
const NO_COLUMNS: ReadonlySet<SchemaChange['change']> = new Set(['about', 'rows']);

/**
 * The months in which something was applied, oldest first. The first application is the beginning: it says how many
 * columns there are and changes none.
 */
export function churnByMonth(entries: readonly LedgerEntry[], shareMax: number): MonthChurn[] {
  const applied = entries.filter((entry) => entry.kind === 'schema_applied');
  const months = new Map<string, { columns: number; changes: SchemaChange[] }>();
  applied.forEach((entry, place) => {
    const before = applied[place - 1];
    const month = entry.at.slice(0, 7);
    const held = months.get(month) ?? { columns: before?.columns ?? entry.columns, changes: [] };
    if (before !== undefined) held.changes.push(...entry.changes.filter(({ change }) => !NO_COLUMNS.has(change)));
    months.set(month, held);
  });
  return [...months].map(([month, { columns, changes }]) => {
    const what = new Map(changes.map((one) => [nameOf(one), one]));
    // A column of a table that is counted whole is not counted again.
    const whole = new Set([...what.values()].filter((one) => one.column === undefined).map((one) => one.table));
    const counted = [...what.values()].filter((one) => one.column === undefined || !whole.has(one.table));
    const changed = counted.reduce((sum, one) => sum + (one.column === undefined ? (one.columns ?? 1) : 1), 0);
    const share = columns === 0 ? 0 : changed / columns;
    const breaking = counted.filter((one) =>
      changes.some((other) => nameOf(other) === nameOf(one) && other.breaks),
    ).length;
    return { month, changed, columns, share, breaking, isAbove: share > shareMax, what: [...what.keys()].sort() };
  });
}

const nameOf = ({ table, column }: SchemaChange): string => (column === undefined ? table : `${table}.${column}`);
