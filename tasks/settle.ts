// Task Settle: nothing is left to stage; one winner for each event.
import { settle } from '../engine/publish/settle.ts';
import { runOf, type Task } from './context.ts';

export const settleTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload);
  const { stager, folder } = context.stager('settle');
  const settled = await settle({ ...context, runs, stager, folder }, pipeline, plan, run.runId);
  return { files: settled.files.length, unreadable: settled.unreadable.length };
};
