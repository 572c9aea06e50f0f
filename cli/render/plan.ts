// A plan as a person reads it before anything runs.

import type { Plan, PlannedDate } from '../../engine/plan/plan.ts';
import { arrivalDate, type SkippedRaw } from '../../engine/plan/raw-keys.ts';
import type { UndeclaredColumn } from '../../ports/warehouse.ts';
import { renderSkipped } from './skipped.ts';
import { bytes, count, plural, table } from './text.ts';

const OBJECTS_SHOWN = 20;

export function renderPlan(
  plan: Plan,
  every: boolean,
  undeclared: readonly UndeclaredColumn[],
  skipped: readonly SkippedRaw[],
): string {
  const { body } = plan;
  const total = body.objects.reduce((sum, object) => sum + object.bytes, 0);
  const rows = body.objects.reduce((sum, object) => sum + object.rows, 0);
  const lines = [
    `plan ${plan.id.slice(0, 12)}  ${body.pipeline}  event dates [${body.window.from}, ${body.window.to})${body.partial ? '  partial' : ''}${plan.reason === '' ? '' : `  ${plan.reason}`}`,
    `reads ${plural(body.objects.length, 'raw object')}, ${bytes(total)}, ${plural(rows, 'delivery', 'deliveries')}, in ${plural(body.slices.length, 'slice')}`,
    `writes ${body.tables.map((name) => `${body.pipeline}.${name}`).join(', ')}, in ${plural(body.groups, 'transaction')}`,
    `transforms ${body.transformDigest.slice(0, 12)}  schema ${body.schemaDigest.slice(0, 12)}`,
    '',
    table(
      ['event date', 'rows in raw', 'whole'],
      body.dates.map((date) => [date.date, date.deliveries, wholeText(date)]),
    ),
    '',
  ];
  const shown = every ? body.objects : body.objects.slice(0, OBJECTS_SHOWN);
  lines.push(
    table(
      ['raw object', 'arrived', 'size', 'rows', 'of the window', 'why'],
      shown.map((object) => [
        object.key.split('/').at(-1) ?? object.key,
        arrivalDate(object.key),
        bytes(object.bytes),
        object.rows,
        object.rowsInWindow,
        object.unreadable === undefined ? object.because : `${object.because}: ${object.unreadable}`,
      ]),
    ),
  );
  if (shown.length < body.objects.length)
    lines.push(`and ${count(body.objects.length - shown.length)} more: --objects shows all`);
  const notRead = renderSkipped(skipped);
  if (notRead.length > 0) lines.push('', ...notRead);
  if (undeclared.length > 0)
    lines.push('', ...undeclaredLines(undeclared, 'kept in rows that stay, lost with rows that go'));
  lines.push('', `next: reprise run ${plan.id.slice(0, 12)}`);
  return lines.join('\n');
}

/** Columns that the declaration does not have, and what becomes of them. */
export const undeclaredLines = (undeclared: readonly UndeclaredColumn[], what: string): string[] =>
  undeclared.map(
    ({ table, column, values }) => `${table}.${column} is not declared; its ${plural(values, 'value')}: ${what}`,
  );

function wholeText({ whole, rawGone }: PlannedDate): string {
  if (rawGone !== undefined)
    return `no: the raw of ${plural(rawGone, 'event')} is gone; they stay, nothing is deleted there`;
  return whole ? 'yes' : 'no, nothing is deleted there';
}
