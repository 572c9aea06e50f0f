// A plan as a person reads it before anything runs.

import type { CopyHorizon, PinnedObject, Plan, PlannedDate } from '../../engine/plan/plan-document.ts';
import { arrivalDate, type SkippedRaw } from '../../engine/plan/raw-keys.ts';
import type { UndeclaredColumn } from '../../ports/warehouse.ts';
import { renderSkipped } from './skipped.ts';
import { bytes, count, plural, table } from './text.ts';

/** Objects that are shown of a plan, unless all of them are asked for. */
export const OBJECTS_SHOWN = 20;

/** `shown`: objects of the plan, the first of them or all. */
export function renderPlan(
  plan: Plan,
  shown: readonly PinnedObject[],
  undeclared: readonly UndeclaredColumn[],
  skipped: readonly SkippedRaw[],
): string {
  const { body } = plan;
  const lines = [
    `plan ${plan.id.slice(0, 12)}  ${body.pipeline}  event dates [${body.window.from}, ${body.window.to})${body.partial ? '  partial' : ''}${plan.reason === '' ? '' : `  ${plan.reason}`}`,
    `reads ${plural(body.objects.count, 'raw object')}, ${bytes(body.objects.bytes)}, ${plural(body.objects.rows, 'delivery', 'deliveries')}, in ${plural(body.slices.count, 'slice')}`,
    `writes ${body.tables.map((name) => `${body.pipeline}.${name}`).join(', ')}, in ${plural(body.groups, 'transaction')}`,
    `transforms ${body.transformDigest.slice(0, 12)}  schema ${body.schemaDigest.slice(0, 12)}`,
    ...horizonLines(body.copyHorizon),
    '',
    table(
      ['event date', 'rows in raw', 'whole'],
      body.dates.map((date) => [date.date, date.deliveries, wholeText(date)]),
    ),
    '',
  ];
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
  if (shown.length < body.objects.count)
    lines.push(`and ${count(body.objects.count - shown.length)} more: --objects shows all`);
  const notRead = renderSkipped(skipped);
  if (notRead.length > 0) lines.push('', ...notRead);
  if (undeclared.length > 0)
    lines.push('', ...undeclaredLines(undeclared, 'kept in rows that stay, lost with rows that go'));
  lines.push('', `next: reprise run ${plan.id.slice(0, 12)}`);
  return lines.join('\n');
}

/** What a plan with a copy horizon does not see. */
function horizonLines(horizon: CopyHorizon | undefined): string[] {
  if (horizon === undefined) return [];
  const { days, from, to, objectsBeyond } = horizon;
  return [
    `copies of its events at other dates are looked for in what arrived in [${from}, ${to}), ${plural(days, 'day')} around the window; ${plural(objectsBeyond, 'object')} beyond ${objectsBeyond === 1 ? 'is' : 'are'} not looked through: a correction there that moves an event to another date is not seen`,
  ];
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
