// Task Admit: refuses a plan that drifted; takes epoch and lease.
import { admit } from '../engine/run/admit.ts';
import { attemptOf, type Task } from './context.ts';

export const admitTask: Task = async (context, payload) => {
  const { runs, run, pipeline } = await attemptOf(context, payload);
  return admit({ ...context, runs }, pipeline, run.runId);
};
