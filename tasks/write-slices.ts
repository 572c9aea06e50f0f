// Task WriteSlices: the slices that are still to be staged, one JSON line each, and a document with what each reads.
import { writeParts } from '../engine/replay/slice-parts.ts';
import { slicesLeft } from '../engine/replay/stage-slice.ts';
import { runOf, type Task, writeLines } from './context.ts';

export const writeSlicesTask: Task = async (context, payload) => {
  const { runs, run, plan } = await runOf(context, payload);
  const left = await slicesLeft({ ...context, runs }, plan, run.runId, run.options.newestFirst);
  await writeParts({ ...context, runs }, plan, run.runId, left);
  const key = `${run.runId}/slices.jsonl`;
  await writeLines(
    context.stage,
    key,
    left.map((slice) => ({ slice })),
  );
  return { key, count: left.length, results: `${run.runId}/map/stage` };
};
