// What an undo does to transforms: those of a run that was taken back are retired, so that no replay brings the same rows
// again by accident. The undo of such an undo activates them again.

import { Ledger, type LedgerDeps, retiredBy } from '../ledger/ledger.ts';
import type { RunRecord, Runs, UndoSummary } from '../ledger/runs.ts';
import { undoDepth } from '../ledger/undone.ts';
import type { Plan } from '../plan/plan.ts';

/** For an undo that has published all its groups. Safe to repeat. */
export async function settleTransforms(
  deps: LedgerDeps & { readonly runs: Runs },
  plan: Plan,
  undo: RunRecord,
): Promise<UndoSummary['transforms']> {
  const { transformDigest } = plan.body;
  const ledger = new Ledger(deps, plan.body.pipeline);
  const retired = retiredBy(await ledger.entries(), transformDigest);
  if ((await undoDepth(deps.runs, undo)) % 2 === 1) {
    if (retired === undefined) await ledger.append({ kind: 'transforms_retired', transformDigest, runId: undo.runId });
    return 'retired';
  }
  // What another undo retired stays so.
  if (retired !== undo.undoes) return retired === undefined ? 'as before' : 'retired';
  await ledger.activate(transformDigest, `undo of ${undo.undoes}`);
  return 'activated';
}
