// Churn: the share of columns that applied changes concern, month by month.

import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../engine/ledger/entry.ts';
import type { SchemaChange } from '../../engine/schema/change.ts';
import { churnByMonth } from '../../engine/schema/churn.ts';

const applied = (at: string, columns: number, ...changes: SchemaChange[]): LedgerEntry => ({
  kind: 'schema_applied',
  columns,
  changes,
  sequence: 1,
  at,
  by: 'test',
  code: 'test',
  unique: at,
  previous: '',
});
const change = (
  table: string,
  column: string | undefined,
  kind: SchemaChange['change'],
  columns?: number,
): SchemaChange => ({
  table,
  ...(column !== undefined && { column }),
  change: kind,
  breaks: kind === 'removed',
  detail: 'said',
  ...(columns !== undefined && { columns }),
});

describe('churn', () => {
  it('counts each column once, against what there was when the month began', () => {
    const months = churnByMonth(
      [
        applied('2026-01-30T10:00:00Z', 100, change('a', undefined, 'added', 100)),
        applied('2026-02-01T00:00:00Z', 101, change('a', 'x', 'added')),
        applied(
          '2026-02-28T23:59:59Z',
          101,
          change('a', 'x', 'meaning'),
          change('a', 'y', 'removed'),
          change('a', 'z', 'about'),
        ),
        applied(
          '2026-03-01T00:00:00Z',
          105,
          change('b', undefined, 'added', 6),
          change('b', 'w', 'meaning'),
          change('a', undefined, 'rows'),
        ),
      ],
      0.05,
    );
    expect(months).toMatchObject([
      { month: '2026-01', changed: 0, columns: 100, share: 0, isAbove: false },
      { month: '2026-02', changed: 2, columns: 100, share: 0.02, breaking: 1, isAbove: false, what: ['a.x', 'a.y'] },
      { month: '2026-03', changed: 6, columns: 101, isAbove: true, what: ['b', 'b.w'] },
    ]);
  });

  it('is nothing without applications', () => expect(churnByMonth([], 0.05)).toEqual([]));

  it('is not above a limit that it meets exactly', () => {
    const five = [1, 2, 3, 4, 5].map((n) => change('a', `c${n}`, 'meaning'));
    const months = churnByMonth(
      [applied('2026-01-01T00:00:00Z', 100), applied('2026-02-01T00:00:00Z', 100, ...five)],
      0.05,
    );
    expect(months.map((month) => month.isAbove)).toEqual([false, false]);
  });
});
