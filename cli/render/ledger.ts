// The ledger as a person reads it.

import type { LedgerEntry, LedgerFault } from '../../engine/ledger/entry.ts';
import type { Differing } from '../../engine/ledger/restore.ts';
import type { TableCounts } from '../../engine/run/run-record.ts';
import { count, plural, table } from './text.ts';

/** What every entry has; the rest is what happened. */
const FRAME = new Set(['sequence', 'at', 'by', 'code', 'unique', 'previous', 'kind', 'reason', 'changes']);
/** Digests and copies, which --json shows in full. */
const LONG = new Set(['documents', 'kept', 'digests', 'record', 'records', 'anchors', 'options']);

export const entryDocument = (entry: LedgerEntry): object => {
  const { unique: _, ...shown } = entry;
  return shown;
};

/** `entries`: newest first. */
export function renderLedger(entries: readonly LedgerEntry[], found: number): string {
  if (entries.length === 0) return 'no such entries';
  const rows = entries.map((entry) => [
    String(entry.sequence),
    entry.at,
    entry.by,
    entry.kind,
    whatOf(entry),
    'reason' in entry ? (entry.reason ?? '') : '',
  ]);
  const more =
    found > entries.length ? `\nand ${plural(found - entries.length, 'older entry', 'older entries')}: --limit 0` : '';
  return `${table(['entry', 'when', 'who', 'did', 'what', 'why'], rows)}${more}`;
}

function whatOf(entry: LedgerEntry): string {
  return Object.entries(entry)
    .filter(
      ([name, value]) =>
        !FRAME.has(name) && !LONG.has(name) && value !== undefined && !(Array.isArray(value) && value.length === 0),
    )
    .map(([name, value]) => `${name} ${shown(name, value)}`)
    .join(', ');
}

/** What changed, table by table: `events 362 inserted, 2 updated`. */
function countsText(tables: Readonly<Record<string, TableCounts>>): string {
  const texts = Object.entries(tables).flatMap(([table, { inserted, updated, deleted }]) => {
    const parts = Object.entries({ inserted, updated, deleted }).filter(([, rows]) => rows > 0);
    return parts.length === 0 ? [] : [`${table} ${parts.map(([what, rows]) => `${count(rows)} ${what}`).join(' ')}`];
  });
  return texts.length === 0 ? 'unchanged' : texts.join('; ');
}

function shown(name: string, value: unknown): string {
  if (name === 'tables') return countsText(value as Readonly<Record<string, TableCounts>>);
  const text = Array.isArray(value)
    ? value.join(' ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
  return /Digest$|^planId$/.test(name) ? text.slice(0, 12) : text;
}

export function renderLedgers(
  ledgers: readonly {
    readonly pipeline: string;
    readonly entries: number;
    readonly faults: readonly LedgerFault[];
    readonly records: readonly Differing[];
  }[],
): string {
  if (ledgers.length === 0) return 'there is no ledger yet';
  const lines = ledgers.flatMap(({ pipeline, entries, faults, records }) => [
    faults.length === 0
      ? `${pipeline}: ${count(entries)} entries, each as it was written`
      : `${pipeline}: ${count(entries)} entries, ${plural(faults.length, 'fault')}`,
    ...faults.map(faultLine),
    ...records.map(differingLine),
  ]);
  for (const { pipeline, faults, records } of ledgers) {
    if (faults.length > 0)
      lines.push(
        '',
        `next: restore control/ledger/${pipeline} and control/ledger-heads/${pipeline}.json from a backup, and ask who changed them;`,
        `      or go on with what is there: reprise ledger accept ${pipeline} --reason …`,
      );
    else if (records.length > 0)
      lines.push(
        '',
        `next: reprise ledger ${records.some(({ restorable }) => restorable) ? `restore ${pipeline}` : `accept ${pipeline} --reason …`}`,
      );
  }
  return lines.join('\n');
}

const faultLine = ({ sequence, fault, detail }: LedgerFault): string =>
  `  entry ${sequence} ${fault.replace('_', ' ')}: ${detail}`;
const differingLine = ({ runId, differs }: Differing): string => `  run ${runId}: ${differs.join('; ')}`;

export function renderRestored(pipeline: string, restored: readonly string[], left: readonly Differing[]): string {
  const lines = [
    restored.length === 0
      ? `${pipeline}: no record was written`
      : `${pipeline}: written again from the ledger: ${restored.join(', ')}`,
  ];
  if (left.length > 0)
    lines.push(
      'not as the ledger says, and not in the ledger in full:',
      ...left.map(differingLine),
      '',
      `next: restore control/runs from a backup, or go on with what is there: reprise ledger accept ${pipeline} --reason …`,
    );
  return lines.join('\n');
}

export function renderAccepted(pipeline: string, faults: readonly LedgerFault[]): string {
  const lines = [
    faults.length === 0
      ? `${pipeline}: nothing was wrong with the ledger; that is recorded`
      : `${pipeline}: ${plural(faults.length, 'fault')} accepted, with name and reason in the ledger`,
    ...faults.map(faultLine),
  ];
  if (faults.length > 0)
    lines.push('what was decided in lost entries no longer counts: rejections, and transforms that an undo retired');
  return [...lines, '', `next: reprise verify ${pipeline}`].join('\n');
}
