// What an undo does to transforms: those of the run that was undone are retired at the dates that changed by it, so that
// no replay brings the same rows there again by accident. The undo of such an undo allows them again.

import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import { retiredWindows } from '../ledger/retired.ts';
import type { Plan } from '../plan/plan-document.ts';
import { type Window, windowsOver } from '../plan/window.ts';
import type { RunRecord, UndoSummary } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { undoDepth } from '../run/undone.ts';

/** For an undo that has published all its groups, with the dates that changed by it. Safe to repeat. */
export async function settleTransforms(
  deps: LedgerDeps & { readonly runs: Runs },
  plan: Plan,
  undo: RunRecord,
  dates: readonly string[],
): Promise<Pick<UndoSummary, 'transforms' | 'windows'>> {
  const { transformDigest, pipeline } = plan.body;
  const ledger = new Ledger(deps, pipeline);
  const entries = await ledger.entries();
  if (await retires(deps.runs, undo)) {
    const windows = windowsOver(dates);
    if (windows.length === 0) return { transforms: 'as before', windows };
    const isDone = entries.some((entry) => entry.kind === 'transforms_retired' && entry.runId === undo.runId);
    if (!isDone) await ledger.append({ kind: 'transforms_retired', transformDigest, runId: undo.runId, windows });
    return { transforms: 'retired', windows };
  }
  const retired = entries.findLast((entry) => entry.kind === 'transforms_retired' && entry.runId === undo.undoes);
  if (retired?.kind !== 'transforms_retired' || undo.undoes === undefined)
    return { transforms: 'as before', windows: [] };
  const isDone = entries.some((entry) => entry.kind === 'epoch_activated' && entry.undo === undo.undoes);
  // What other undos retired stays so.
  const allow = { reason: `undo of ${undo.undoes}`, undo: undo.undoes };
  if (!isDone) await ledger.activate(transformDigest, { allow });
  return { transforms: 'activated', windows: retired.windows ?? everywhere(plan) };
}

/** What taking the run back would do to its transforms. `dates`: those that would change. */
export async function previewTransforms(
  deps: LedgerDeps & { readonly runs: Runs },
  plan: Plan,
  undone: RunRecord,
  dates: readonly string[],
): Promise<Pick<UndoSummary, 'transforms' | 'windows'>> {
  if (!(await retires(deps.runs, undone))) {
    const windows = windowsOver(dates);
    return { transforms: windows.length === 0 ? 'as before' : 'retired', windows };
  }
  const { pipeline, transformDigest } = plan.body;
  const retired = retiredWindows(await new Ledger(deps, pipeline).entries(), transformDigest, undefined);
  const own = retired.filter(({ undo }) => undo === undone.runId);
  return { transforms: 'activated', windows: own.map(({ from, to }) => ({ from, to })) };
}

/** An undo retires transforms, the undo of an undo allows them again. */
export const retires = async (runs: Runs, undo: RunRecord): Promise<boolean> => (await undoDepth(runs, undo)) % 2 === 1;

const everywhere = ({ body }: Plan): readonly Window[] => [body.window];
