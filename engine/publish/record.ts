// Writes down what a dead attempt committed and did not get to record: its groups are known from the warehouse alone.

import type { GroupOutcome } from '../../ports/warehouse.ts';
import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import type { RunRecord, Runs } from '../ledger/runs.ts';
import { publishToken } from './publish.ts';

/** Every group is kept with the run, and named by the ledger once. Safe to repeat. */
export async function recordCommitted(
  deps: LedgerDeps & { readonly runs: Runs },
  { runId, pipeline }: Pick<RunRecord, 'runId' | 'pipeline'>,
  committed: readonly GroupOutcome[],
): Promise<void> {
  if (committed.length === 0) return;
  const ledger = new Ledger(deps, pipeline);
  const entries = await ledger.entries();
  const named = new Set(entries.flatMap((entry) => (entry.kind === 'group_published' ? [entry.token] : [])));
  for (const outcome of committed) {
    const { group } = outcome;
    const token = publishToken(runId, group);
    await deps.runs.saveGroup(runId, outcome);
    if (!named.has(token)) await ledger.append({ kind: 'group_published', runId, group, token });
  }
}
