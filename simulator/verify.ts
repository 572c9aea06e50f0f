// What raw gives against what stands, over rows in memory: as sql/duckdb/verify-table.sql has it. The hash of a
// standing row is the stored one: nobody edits rows by hand here.

import type { PublishRule } from '../engine/publish/rule.ts';
import type { CompiledTable } from '../model/compile.ts';
import { sha256Hex } from '../model/digest.ts';
import { QUARANTINE_COLUMNS } from '../model/tables.ts';
import type { Difference, TableDigest, Verification } from '../ports/warehouse.ts';
import { overruledOf, type Standing, scopeOfRule, unreadableEntry } from './decide.ts';
import { compareOrders, orderOfRow } from './model.ts';
import type { Row } from './rows.ts';
import type { SimScope } from './scope.ts';

interface Compared {
  readonly eventId: string;
  readonly date: string;
  readonly expected: Row | undefined;
  readonly found: Row | undefined;
  readonly kind: Difference['kind'] | 'live' | 'raw_gone' | 'same';
}

export function verifyRows(
  rule: PublishRule,
  scope: SimScope,
  standing: Standing,
  differencesMax: number,
): Verification {
  const digests: (TableDigest & { expected: string })[] = [];
  const differences: Difference[] = [];
  let checked = 0;
  let notJudged = 0;
  const gone = new Map<string, number>();
  for (const table of scope.pipeline.tables) {
    const compared = compareTable(rule, scope, table, standing);
    const counted = compared.filter(({ kind }) => kind !== 'live' && kind !== 'raw_gone');
    checked += counted.length;
    notJudged += compared.filter(({ kind }) => kind === 'live').length;
    if (table.kind === 'events')
      for (const { date, kind } of compared) if (kind === 'raw_gone') gone.set(date, (gone.get(date) ?? 0) + 1);
    for (const { eventId, date, kind } of counted)
      if (kind !== 'same' && kind !== 'live' && kind !== 'raw_gone')
        differences.push({ table: table.name, date, eventId, kind });
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
  for (const entry of compareEntries(scope, standing)) {
    if (entry.kind === 'live') notJudged++;
    else checked++;
    if (entry.kind !== 'live' && entry.kind !== 'same') differences.push({ ...entry, kind: entry.kind });
  }
  const named = differences.slice(0, differencesMax);
  const rawGone = [...gone].sort(([a], [b]) => (a < b ? -1 : 1)).map(([date, rows]) => ({ date, rows }));
  const dates = [...new Set(differences.map(({ date }) => date))].sort();
  const needs = dates.map((date) => ({ date, needs: 'replay' }) as const);
  return { digests, checked, differences: named, differencesTotal: differences.length, needs, notJudged, rawGone };
}

/** What is rejected today and what cannot be read, against the quarantine. */
function compareEntries(
  scope: SimScope,
  standing: Standing,
): (Omit<Difference, 'kind'> & { readonly kind: Exclude<Compared['kind'], 'raw_gone'> })[] {
  const judged = scope.judgedObjects;
  const isIn = ({ event_date }: Row): boolean =>
    (event_date as string) >= scope.window.from && (event_date as string) < scope.window.to;
  const keyOf = (row: Row): string => `${row._raw_object}#${row._raw_row}`;
  const unreadable =
    scope.dates.length === 0 ? [] : scope.unreadable.map((one) => unreadableEntry(scope.pipeline, one));
  const expected = new Map(
    [...standing.settled('quarantine').filter(isIn), ...unreadable].map((row) => [keyOf(row), row] as const),
  );
  const found = standing.rows('quarantine').filter((row) => isIn(row) || expected.has(keyOf(row)));
  const there = new Set(found.map(keyOf));
  const named = (row: Row) => ({ table: 'quarantine', date: row.event_date as string, eventId: keyOf(row) });
  const isSame = (a: Row, b: Row): boolean =>
    QUARANTINE_COLUMNS.every(({ name }) => name === '_transform_version' || (a[name] ?? null) === (b[name] ?? null));
  return [
    ...found.map((row) => {
      const wanted = expected.get(keyOf(row));
      const unwanted = judged.has(row._raw_object as string) ? ('unexpected' as const) : ('live' as const);
      const kind = wanted === undefined ? unwanted : isSame(row, wanted) ? ('same' as const) : ('differs' as const);
      return { ...named(row), kind };
    }),
    ...[...expected.values()]
      .filter((row) => !there.has(keyOf(row)))
      .map((row) => ({ ...named(row), kind: 'missing' as const })),
  ];
}

/** Order-independent. */
export const digestOf = (rows: readonly Row[]): string =>
  sha256Hex(
    rows
      .map((row) => row._row_hash)
      .sort()
      .join(' '),
  );

function compareTable(rule: PublishRule, scope: SimScope, table: CompiledTable, standing: Standing): Compared[] {
  const judged = scope.judgedObjects;
  const gone = scope.goneObjects;
  const ruleScope = scopeOfRule(rule, scope, 0, standing);
  const isWhole = (row: Row): boolean => ruleScope.dates.get(row.event_date as string)?.whole ?? true;
  const isIn = ({ event_date }: Row): boolean =>
    (event_date as string) >= scope.window.from && (event_date as string) < scope.window.to;
  const isHeld = (row: Row): boolean => standing.heldDates.has(row.event_date as string);
  const owner = (row: Row): string => (table.kind === 'offered' ? row._offered_by : row.event_id) as string;
  const keyOf = (row: Row): string => table.key.map((column) => row[column]).join(' ');
  const live = new Set([
    ...standing
      .rows('events')
      .filter((row) => !judged.has(row._raw_object as string))
      .map((row) => row.event_id as string),
    ...overruledOf(rule, scope, ruleScope, standing),
  ]);
  const settled = standing.settled(table.name);
  const contested = new Set(settled.filter((row) => live.has(owner(row))).map((row) => row.event_id as string));
  const expected = new Map(
    settled
      .filter((row) => isIn(row) && !isHeld(row) && !live.has(owner(row)))
      .map((row) => [keyOf(row), row] as const),
  );
  const found = standing.rows(table.name).filter(isIn);
  const compared: Compared[] = [];
  const seen = new Set<string>();
  for (const row of found) {
    const key = keyOf(row);
    const wanted = expected.get(key);
    const eventId = row.event_id as string;
    const date = row.event_date as string;
    const isLess =
      table.kind === 'offered' &&
      wanted !== undefined &&
      !(isWhole(row) && isWhole(wanted)) &&
      compareOrders(orderOfRow(scope.pipeline, wanted), orderOfRow(scope.pipeline, row)) < 0;
    const isJudged = judged.has(row._raw_object as string);
    const isLive = !isJudged || contested.has(eventId) || (table.kind !== 'offered' && live.has(eventId));
    const isSame =
      wanted?._row_hash === row._row_hash && wanted?.event_date === date && wanted?._delivery === row._delivery;
    const unexpected = isWhole(row) ? 'unexpected' : 'live';
    const kind = seen.has(key)
      ? 'duplicate'
      : !isJudged && gone.has(row._raw_object as string)
        ? 'raw_gone'
        : isLive
          ? 'live'
          : wanted === undefined
            ? unexpected
            : isSame
              ? 'same'
              : isLess
                ? 'live'
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
