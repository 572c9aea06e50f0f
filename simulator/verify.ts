// What raw gives against what stands, over rows in memory: as sql/duckdb/verify-table.sql has it. The hash of a
// standing row is the stored one: nobody edits rows by hand here.

import type { CompiledTable } from '../engine/model/compile.ts';
import { sha256Hex } from '../engine/model/digest.ts';
import type { Difference, PublishScope, TableDigest, Verification } from '../ports/warehouse.ts';
import type { Standing } from './decide.ts';
import type { Row } from './rows.ts';

interface Compared {
  readonly eventId: string;
  readonly date: string;
  readonly expected: Row | undefined;
  readonly found: Row | undefined;
  readonly kind: Difference['kind'] | 'live' | 'same';
}

export function verifyRows(scope: PublishScope, standing: Standing, differencesMax: number): Verification {
  const digests: (TableDigest & { expected: string })[] = [];
  const differences: Difference[] = [];
  let checked = 0;
  let notJudged = 0;
  for (const table of scope.pipeline.tables) {
    const compared = compareTable(scope, table, standing);
    const counted = compared.filter(({ kind }) => kind !== 'live');
    checked += counted.length;
    notJudged += compared.length - counted.length;
    for (const { eventId, date, kind } of counted)
      if (kind !== 'same' && kind !== 'live') differences.push({ table: table.name, date, eventId, kind });
    for (const date of new Set(compared.map((one) => one.date))) {
      const here = counted.filter((one) => one.date === date);
      const rows = (side: 'expected' | 'found'): Row[] =>
        here.map((one) => one[side]).filter((row) => row !== undefined);
      digests.push({
        table: table.name,
        date,
        rows: rows('found').length,
        digest: digestOf(rows('found')),
        expected: digestOf(rows('expected')),
      });
    }
  }
  const named = differences.slice(0, differencesMax);
  return { digests, checked, differences: named, differencesTotal: differences.length, notJudged };
}

/** Order-independent. */
export const digestOf = (rows: readonly Row[]): string =>
  sha256Hex(
    rows
      .map((row) => row._row_hash)
      .sort()
      .join(' '),
  );

function compareTable(scope: PublishScope, table: CompiledTable, standing: Standing): Compared[] {
  const judged = new Set(scope.judgedObjects);
  const isIn = ({ event_date }: Row): boolean =>
    (event_date as string) >= scope.window.from && (event_date as string) < scope.window.to;
  const isHeld = (row: Row): boolean => standing.heldDates.has(row.event_date as string);
  const owner = (row: Row): string => (table.kind === 'offered' ? row._offered_by : row.event_id) as string;
  const keyOf = (row: Row): string => table.key.map((column) => row[column]).join(' ');
  const live = new Set(
    standing
      .rows('events')
      .filter((row) => !judged.has(row._raw_object as string))
      .map((row) => row.event_id as string),
  );
  const settled = standing.settled(table.name);
  const contested = new Set(settled.filter((row) => live.has(owner(row))).map((row) => row.event_id as string));
  const expected = new Map(
    settled
      .filter((row) => isIn(row) && !isHeld(row) && !live.has(owner(row)))
      .map((row) => [keyOf(row), row] as const),
  );
  const whole = new Map(scope.dates.map((one) => [one.date, one.whole && !scope.partial]));
  const found = standing.rows(table.name).filter(isIn);
  const compared: Compared[] = [];
  const seen = new Set<string>();
  for (const row of found) {
    const key = keyOf(row);
    const wanted = expected.get(key);
    const eventId = row.event_id as string;
    const date = row.event_date as string;
    const isLive = !judged.has(row._raw_object as string) || contested.has(eventId);
    const isSame =
      wanted?._row_hash === row._row_hash && wanted?.event_date === date && wanted?._delivery === row._delivery;
    const unexpected = (whole.get(date) ?? true) ? 'unexpected' : 'live';
    const kind = seen.has(key)
      ? 'duplicate'
      : isLive
        ? 'live'
        : wanted === undefined
          ? unexpected
          : isSame
            ? 'same'
            : 'differs';
    compared.push({ eventId, date, expected: wanted, found: row, kind });
    seen.add(key);
  }
  for (const [key, row] of expected) {
    if (seen.has(key)) continue;
    const [eventId, date] = [row.event_id as string, row.event_date as string];
    compared.push({ eventId, date, expected: row, found: undefined, kind: 'missing' });
  }
  return compared;
}
