// Task Downstream: one coalesced request for all dates touched. The embedded profile has nothing downstream: it names
// the dates, so that whoever rebuilds models knows them.
import { datesTouched } from '../engine/publish/summary.ts';
import { attemptOf, type Task } from './context.ts';

export const downstreamTask: Task = async (context, payload) => {
  const { runs, run } = await attemptOf(context, payload);
  return { requested: false, dates: datesTouched(await runs.groups(run.runId)).length };
};
