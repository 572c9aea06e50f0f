// Task UndoGroup: one date group taken back, one transaction.
import { undoGroup } from '../engine/publish/undo.ts';
import { numberOf, runOf, type Task } from './context.ts';

export const undoGroupTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload);
  const outcome = await context.withWarehouse((warehouse) =>
    undoGroup({ ...context, runs, warehouse }, pipeline, plan, run, numberOf(payload, 'group')),
  );
  return { group: outcome.group };
};
