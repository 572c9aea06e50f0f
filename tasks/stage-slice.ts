// Task StageSlice: one slice from raw to staged rows. The unit of fan-out: a Lambda, or a worker thread.
import type { SliceLine } from '../engine/replay/slice-lines.ts';
import { stageSlice } from '../engine/replay/stage-slice.ts';
import { isRepriseError } from '../model/errors.ts';
import { attemptOf, memberOf, numberOf, type Task } from './context.ts';

export const stageSliceTask: Task = async (context, payload) => {
  const { runs, run, pipeline } = await attemptOf(context, payload);
  const line = memberOf(payload, 'slice') as SliceLine;
  const slice = numberOf(line, 'slice');
  const { stager } = context.stager(`slice-${slice}`);
  const work = stageSlice({ ...context, stager, runs }, pipeline, run, line, context.onRows);
  const manifest = await work.catch(async (error: unknown) => {
    if (isRepriseError(error)) await runs.saveFailure(run.runId, slice, { error: error.code, cause: error.message });
    throw error;
  });
  return { slice, deliveries: manifest.deliveries, rejected: manifest.rejected };
};
