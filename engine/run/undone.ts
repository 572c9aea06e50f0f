// Which runs are taken back, from the records alone. An undo stands from its first published group on, until an undo of
// it has ended well.

import { RepriseError } from '../../model/errors.ts';
import type { RunRecord } from './run-record.ts';
import type { Runs } from './runs.ts';

/** The undo of the run that stands; the newest when there are several. */
export async function standingUndo(runs: Runs, runId: string): Promise<RunRecord | undefined> {
  // An undo is a run of the same plan.
  const every = await runs.beginningWith(runId.slice(0, runId.lastIndexOf('-') + 1));
  const find = async (undone: string): Promise<RunRecord | undefined> => {
    for (const undo of every) {
      if (undo.undoes !== undone || (await runs.groups(undo.runId)).length === 0) continue;
      if ((await find(undo.runId))?.state !== 'succeeded') return undo;
    }
    return undefined;
  };
  return find(runId);
}

/** Throws Undone when an undo of the run stands: going on with it would mix what it did with what was taken back. */
export async function refuseUndone(runs: Runs, runId: string): Promise<void> {
  const undo = await standingUndo(runs, runId);
  if (undo === undefined) return;
  throw new RepriseError(
    'Undone',
    `run ${runId} was taken back by the undo ${undo.runId} (${undo.state})`,
    undo.state === 'succeeded'
      ? `plan again: reprise plan ${undo.pipeline} …`
      : `finish it: reprise resume ${undo.runId}`,
  );
}

/** 0 for a replay, 1 for its undo, 2 for the undo of that. */
export async function undoDepth(runs: Runs, run: RunRecord): Promise<number> {
  return run.undoes === undefined ? 0 : 1 + (await undoDepth(runs, await runs.run(run.undoes)));
}
