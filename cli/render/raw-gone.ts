// Events whose raw is gone, as a person reads of them: raw expires, so that this is worth a line and no alarm.

import type { TableCounts } from '../../engine/run/run-record.ts';
import type { GoneRows } from '../../ports/warehouse.ts';
import { count, plural } from './text.ts';

const DATES_SHOWN = 10;

/** `3 events at 2026-06-01 (2), 2026-06-02 (1)`. */
export function goneText(rows: readonly GoneRows[]): string {
  const total = rows.reduce((sum, one) => sum + one.rows, 0);
  const shown = rows.slice(0, DATES_SHOWN).map((one) => `${one.date} (${count(one.rows)})`);
  const more = rows.length - shown.length;
  return `${plural(total, 'event')} at ${shown.join(', ')}${more > 0 ? ` and ${plural(more, 'more date')}` : ''}`;
}

export const goneLines = (rows: readonly GoneRows[] = []): string[] =>
  rows.length === 0
    ? []
    : [
        `raw is gone of ${goneText(rows)}: expired, or taken away. They stay as they are; nothing is deleted at these dates`,
      ];

const KEPT = [
  ['raw gone', 'raw_gone'],
  ['not whole', 'not_whole'],
  ['held', 'held'],
] as const;

/** Why else rows stay than because they are newer: the columns of a table of counts that are not all 0. */
export const keptColumns = (
  tables: readonly TableCounts[],
): readonly (readonly [title: string, counts: (one: TableCounts) => number])[] =>
  KEPT.filter(([, name]) => tables.some((one) => (one[name] ?? 0) > 0)).map(([title, name]) => [
    title,
    (one: TableCounts): number => one[name] ?? 0,
  ]);
