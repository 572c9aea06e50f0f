// What changes in which rows a table has, and in the columns that every table has: shapes that come and go, deliveries
// that are accepted or not, identity, time, which copy wins.

import { acceptanceChanges } from './acceptance.ts';
import type { SchemaChange } from './change.ts';
import type { ShapeSurface, Surface, TableSurface } from './surface.ts';

export function compareRows(
  before: Surface,
  after: Surface,
  was: TableSurface,
  is: TableSurface,
  shapes: ReadonlyMap<string, string>,
): SchemaChange[] {
  const found: SchemaChange[] = [];
  const rows = (breaks: boolean, detail: string): void =>
    void found.push({ table: is.name, change: 'rows', breaks, detail });
  const kept = new Set<string>();
  for (const name of is.shapes) {
    const stood = shapes.get(name);
    if (stood === undefined || !was.shapes.includes(stood)) {
      rows(false, `also rows of ${name}`);
      continue;
    }
    kept.add(stood);
    const from = before.shapes.find((shape) => shape.name === stood) as ShapeSurface;
    const to = after.shapes.find((shape) => shape.name === name) as ShapeSurface;
    found.push(...compareShape(is, from, to));
    const [listed, lists] = [was.rowsOf[stood], is.rowsOf[name]];
    if (listed !== lists)
      found.push({
        table: is.name,
        change: 'meaning',
        breaks: true,
        detail: `${name}: ${rowsText(listed)}, now ${rowsText(lists)}`,
        columns: is.columns.length,
      });
  }
  for (const name of was.shapes) if (!kept.has(name)) rows(true, `no rows of ${name} any more`);
  return found;
}

const rowsText = (list: string | undefined): string =>
  list === undefined ? 'a row for each event' : `a row for each element of ${list}`;

function compareShape(table: TableSurface, from: ShapeSurface, to: ShapeSurface): SchemaChange[] {
  const found: SchemaChange[] = [];
  const meaning = (columns: readonly string[], detail: string): void => {
    for (const column of columns)
      found.push({ table: table.name, column, change: 'meaning', breaks: true, detail: `${to.name}: ${detail}` });
  };
  if (from.identity !== to.identity && table.offered === undefined)
    meaning(['event_id'], `was ${from.identity}, is ${to.identity}`);
  if (from.occurredAt !== to.occurredAt && table.offered === undefined)
    meaning(['occurred_at', 'event_date'], `was ${from.occurredAt}, is ${to.occurredAt}`);
  const [secret, isSecret] = [from, to].map((shape) =>
    shape.sources.filter((one) => one.secret).map((one) => one.name),
  );
  if (String(secret) !== String(isSecret))
    meaning(['_delivery'], 'deliveries of a secret source are known by an encrypted hash, of others by a plain one');
  const [rank, ranks] = [from, to].map((shape) =>
    shape.sources.map((one) => `${one.name} ${one.precedence}`).join(', '),
  );
  const sameSources = String(from.sources.map((one) => one.name)) === String(to.sources.map((one) => one.name));
  if (sameSources && rank !== ranks)
    found.push({
      table: table.name,
      change: 'meaning',
      breaks: true,
      detail: `${to.name}: another copy of an event may win: precedence was ${rank}, is ${ranks}`,
      columns: table.columns.length,
    });
  for (const { breaks, detail } of acceptanceChanges(from, to))
    found.push({ table: table.name, change: 'rows', breaks, detail: `${to.name}: ${detail}` });
  return found;
}
