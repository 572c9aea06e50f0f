// The quarantine as a person reads it: counts, entries, and one entry with the structure of its body.

import type { BodyPreview } from '../../engine/explain/preview.ts';
import type { QuarantineCount, QuarantineEntry } from '../../ports/inspector.ts';
import { bytes, count, plural, table } from './text.ts';
import { shellQuote, shownValue } from './values.ts';

/** What `quarantine list` prints an entry's place as, and `show` takes. */
export const entryId = ({ rawObject, rawRow }: Pick<QuarantineEntry, 'rawObject' | 'rawRow'>): string =>
  `${rawObject}#${rawRow}`;

/** The object and row of an entry id; undefined when it is none. */
export function parseEntryId(id: string): { object: string; row: number } | undefined {
  const parts = /^(.+)#(-?\d{1,15})$/s.exec(id);
  return parts === null ? undefined : { object: parts[1] as string, row: Number(parts[2]) };
}

export function renderQuarantineList(
  pipeline: string,
  counts: readonly QuarantineCount[],
  entries: readonly QuarantineEntry[],
): string {
  const total = counts.reduce((sum, one) => sum + one.entries, 0);
  if (total === 0) return `${pipeline}: nothing is quarantined there`;
  const reasons = [...new Set(counts.map((one) => one.reason))].sort();
  const dates = [...new Set(counts.map((one) => one.date))];
  const of = (date: string | null | undefined, reason: string): number =>
    counts
      .filter((one) => one.reason === reason && (date === undefined || one.date === date))
      .reduce((sum, one) => sum + one.entries, 0);
  const lines = [
    `${pipeline}: ${plural(total, 'entry', 'entries')} in quarantine`,
    '',
    table(
      ['event date', ...reasons],
      [
        ...dates.map((date) => [date ?? 'none', ...reasons.map((reason) => of(date, reason))]),
        ['all', ...reasons.map((reason) => of(undefined, reason))],
      ],
    ),
    '',
    table(
      ['received', 'source', 'reason', 'detail', 'entry'],
      entries.map((entry) => [
        entry.receivedAt ?? 'object',
        shownValue(entry.source, 24),
        entry.reason,
        shownValue(entry.detail, 60),
        entryId(entry),
      ]),
    ),
  ];
  if (entries.length < total)
    lines.push(`and ${count(total - entries.length)} older: --limit, --reason, --from and --to choose others`);
  const first = entries[0];
  if (first !== undefined) lines.push('', `next: reprise quarantine show ${pipeline} ${shellQuote(entryId(first))}`);
  return lines.join('\n');
}

export interface ShownEntry {
  readonly object: string;
  readonly row: number;
  /** Undefined for a delivery that is not in the quarantine. */
  readonly entry: QuarantineEntry | undefined;
  /** Undefined when the raw object is not there any more. */
  readonly path: string | undefined;
  readonly command: string | undefined;
  readonly preview: BodyPreview | undefined;
  /** What today's transforms make of the very delivery. */
  readonly today: { readonly accepted: boolean; readonly reason?: string; readonly detail?: string } | undefined;
  /** The event that the body tells of, where that can be read and may be shown. */
  readonly eventId: string | undefined;
}

export function renderEntry(pipeline: string, shown: ShownEntry): string {
  const { entry, preview, today } = shown;
  const isObject = shown.row < 0;
  const facts: [string, string][] = [
    ...(entry === undefined ? [] : factsOf(entry, shown.eventId)),
    ['object', shown.object],
    ...(isObject ? [] : ([['row', String(shown.row)]] as [string, string][])),
  ];
  const what = isObject
    ? 'a raw object that cannot be read'
    : entry === undefined
      ? 'a delivery that is not in the quarantine'
      : 'a rejected delivery';
  const lines = [`${pipeline}: ${what}`, ...facts.map(([name, value]) => `  ${name.padEnd(12)}${value}`), ''];
  if (shown.path === undefined) lines.push('the raw object is not in the lake any more');
  if (isObject) {
    lines.push(
      'no row of it is in the warehouse; nothing is deleted at the dates that it may hold',
      `next: replace it by an intact copy, then reprise backfill ${pipeline} --from ${entry?.date ?? '…'} --to …`,
    );
    return lines.join('\n');
  }
  if (preview !== undefined) lines.push(...renderPreview(preview), '');
  if (today !== undefined) {
    lines.push(
      today.accepted
        ? 'today’s transforms accept it'
        : today.reason === entry?.reason && today.detail === entry?.detail
          ? 'today’s transforms reject it in the same way'
          : today.reason === 'TransformFault'
            ? `today’s transforms stop at it: ${today.detail}`
            : `today’s transforms reject it as ${today.reason}: ${today.detail}`,
    );
  }
  if (shown.command !== undefined)
    lines.push('whoever may read the lake reads exactly this delivery by:', `  ${shown.command}`);
  if (today?.accepted) lines.push(`next: reprise backfill ${pipeline} --from ${entry?.date ?? '…'} --to …`);
  else if (shown.eventId !== undefined)
    lines.push(`next: reprise why ${shellQuote(shown.eventId)} --pipeline ${pipeline}`);
  return lines.join('\n');
}

/** What the quarantine says of the entry. */
function factsOf(entry: QuarantineEntry, eventId: string | undefined): [string, string][] {
  const ofDelivery: [string, string][] = [
    ['source', shownValue(entry.source)],
    ['received', entry.receivedAt ?? 'unknown'],
    ['event date', entry.date ?? 'none'],
    ['version', shownValue(entry.schemaVersion)],
  ];
  return [
    ['reason', entry.reason],
    ['detail', shownValue(entry.detail, 300)],
    ...(entry.rawRow < 0 ? [] : ofDelivery),
    ...(eventId === undefined ? [] : ([['event', shownValue(eventId, 200)]] as [string, string][])),
    ['found by', `run ${entry.runId}, transforms ${entry.transformVersion.slice(0, 12)}, ${entry.publishedAt} UTC`],
  ];
}

function renderPreview(preview: BodyPreview): string[] {
  const size = `body of ${bytes(preview.bytes)} (${plural(preview.bytes, 'byte')})`;
  switch (preview.kind) {
    case 'hidden':
    case 'unread':
      return [`${size}, not shown: ${preview.because}`];
    case 'malformed':
      return [`${size}, no JSON: ${preview.fault} at character ${count(preview.atCharacter)}`];
    case 'structure':
      return [
        `${size}, its structure without values:`,
        table(
          ['  path', 'is', 'length'],
          preview.nodes.map(({ path, is, length }) => [`  ${path}`, is, length === undefined ? '' : String(length)]),
        ),
        ...(preview.nodesLeftOut > 0 ? [`  and ${plural(preview.nodesLeftOut, 'more place')}`] : []),
      ];
  }
}
