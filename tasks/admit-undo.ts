// Task AdmitUndo: the run can be taken back; takes the lease of its dates.
import { admitUndo } from '../engine/publish/undo.ts';
import { attemptOf, type Task } from './context.ts';

export const admitUndoTask: Task = async (context, payload) => {
  const { runs, run, pipeline } = await attemptOf(context, payload);
  return context.withWarehouse((warehouse) => admitUndo({ ...context, runs, warehouse }, pipeline, run.runId));
};
