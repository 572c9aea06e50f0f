// What is asked of the rows that raw objects gave, over rows in memory.

import type { CompiledPipeline } from '../model/compile.ts';
import type { ObjectRows } from '../ports/warehouse.ts';
import type { Row } from './rows.ts';

/** By object and date, of the tables whose rows go by their own key. */
export function objectRows(
  rawObjects: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
  tables: readonly string[],
  rowsOf: (table: string) => readonly Row[],
): ObjectRows[] {
  const found = new Map<string, { rawObject: string; date: string; rows: number; ofRuns: boolean }>();
  for (const table of tables) {
    for (const row of rowsOf(table)) {
      const [rawObject, date] = [row._raw_object as string, row.event_date as string];
      if (!rawObjects.includes(rawObject) || date < from || date >= to) continue;
      const one = found.get(`${rawObject} ${date}`) ?? { rawObject, date, rows: 0, ofRuns: false };
      if (table === 'events') one.rows++;
      one.ofRuns ||= row._run_id !== 'live';
      found.set(`${rawObject} ${date}`, one);
    }
  }
  return [...found.values()].sort((a, b) => (`${a.rawObject} ${a.date}` < `${b.rawObject} ${b.date}` ? -1 : 1));
}

/** Dates at which offered rows stand that are not of the delivery by which their event stands. */
export function staleOfferDates(
  pipeline: CompiledPipeline,
  rawObjects: readonly string[],
  rowsOf: (table: string) => readonly Row[],
): string[] {
  const looked = rowsOf('events').filter((row) => rawObjects.includes(row._raw_object as string));
  const events = new Map(looked.map((row) => [row.event_id, row]));
  const dates = new Set<string>();
  for (const { name, kind } of pipeline.tables) {
    if (kind !== 'offered') continue;
    for (const offer of rowsOf(name)) {
      const event = events.get(offer._offered_by ?? null);
      const isOf = (column: string): boolean => offer[column] === event?.[column];
      if (event !== undefined && !['_delivery', 'received_at', 'source'].every(isOf))
        dates.add(offer.event_date as string);
    }
  }
  return [...dates].sort();
}
