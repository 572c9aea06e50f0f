// The ledger as a person reads it.

import type { LedgerEntry, LedgerFault } from '../../engine/ledger/ledger.ts';
import { count, plural, table } from './text.ts';

/** What every entry has; the rest is what happened. */
const FRAME = new Set(['sequence', 'at', 'by', 'code', 'unique', 'previous', 'kind', 'reason', 'changes']);

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
    .filter(([name, value]) => !FRAME.has(name) && value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name} ${shown(name, value)}`)
    .join(', ');
}

function shown(name: string, value: unknown): string {
  const text = Array.isArray(value)
    ? value.join(' ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
  return /Digest$|^planId$/.test(name) ? text.slice(0, 12) : text;
}

export function renderLedgers(
  ledgers: readonly { readonly pipeline: string; readonly entries: number; readonly faults: readonly LedgerFault[] }[],
): string {
  if (ledgers.length === 0) return 'there is no ledger yet';
  const lines = ledgers.flatMap(({ pipeline, entries, faults }) => [
    faults.length === 0
      ? `${pipeline}: ${count(entries)} entries, each as it was written`
      : `${pipeline}: ${count(entries)} entries, ${plural(faults.length, 'fault')}`,
    ...faults.map(({ sequence, fault, detail }) => `  entry ${sequence} ${fault.replace('_', ' ')}: ${detail}`),
  ]);
  if (ledgers.some(({ faults }) => faults.length > 0))
    lines.push('', 'next: restore control/ledger and control/ledger-heads from a backup, and ask who changed them');
  return lines.join('\n');
}
