// How many events raw objects gave that stand in a window, over rows in memory.

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
