// Task UndoGroup: one date group taken back, one transaction.
import { undoGroup } from '../engine/publish/undo.ts';
import { numberOf, publishing, runOf, type Task } from './context.ts';

export const undoGroupTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload, { toItsEnd: true });
  const outcome = await publishing(runs, run, () =>
    context.withWarehouse((warehouse) =>
      undoGroup({ ...context, runs, warehouse }, pipeline, plan, run, numberOf(payload, 'group')),
    ),
  );
  return { group: outcome.group };
};
