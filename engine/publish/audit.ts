// Judges what became of a run's rows: each is as the run wrote it, was replaced by a run that the ledger knows, was deleted by
// one, or was undone. Anything else is a difference.

import type { TableAudit } from '../../ports/audit.ts';
import type { LedgerEntry } from '../ledger/entry.ts';

export interface AuditFault {
  readonly table: string;
  readonly rows: number;
  readonly what: 'changed' | 'replaced_by_unknown' | 'gone';
  readonly runId?: string;
}

/** Why rows of a run are not what it wrote, where no later run says so. */
export function auditFaults(
  audits: readonly TableAudit[],
  entries: readonly LedgerEntry[],
  runId: string,
): AuditFault[] {
  const known = new Set(entries.flatMap((entry) => ('runId' in entry ? [entry.runId] : [])));
  const first = entries.findIndex((entry) => entry.kind === 'group_published' && entry.runId === runId);
  const later = entries
    .slice(Math.max(first, 0))
    .filter((entry) => entry.kind === 'group_published' && entry.runId !== runId);
  return audits.flatMap(({ table, changed, replaced, gone }): AuditFault[] => {
    const faults: AuditFault[] = [];
    if (changed > 0) faults.push({ table, rows: changed, what: 'changed' });
    for (const one of replaced)
      if (!known.has(one.runId)) faults.push({ table, rows: one.rows, what: 'replaced_by_unknown', runId: one.runId });
    // Entries of older versions do not say what they deleted.
    const deleted = later.reduce(
      (sum, entry) =>
        entry.kind !== 'group_published'
          ? sum
          : entry.tables === undefined
            ? Number.POSITIVE_INFINITY
            : sum + (entry.tables[table]?.deleted ?? 0),
      0,
    );
    if (gone > deleted) faults.push({ table, rows: gone - deleted, what: 'gone' });
    return faults;
  });
}
