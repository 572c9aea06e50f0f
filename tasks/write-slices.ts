// Task WriteSlices: the slices that are still to be staged, one JSON line each, with all that a task reads of it.
import { writeSliceLines } from '../engine/replay/slice-lines.ts';
import { slicesLeft } from '../engine/replay/stage-slice.ts';
import { runOf, type Task } from './context.ts';

export const writeSlicesTask: Task = async (context, payload) => {
  const { runs, run, plan } = await runOf(context, payload);
  const left = new Set(await slicesLeft({ ...context, runs }, plan, run.runId));
  const { newestFirst } = run.options;
  const key = await writeSliceLines(context, plan, run.runId, { left, newestFirst });
  return { key, count: left.size, results: `${run.runId}/map/stage` };
};
