// Task Finish: names the honest end state.

import { finish } from '../engine/run/finish.ts';
import { isTrueOf } from '../engine/run/states.ts';
import { attemptOf, memberOf, type Task, textOf } from './context.ts';

export const finishTask: Task = async (context, payload) => {
  const { runs, run, pipeline } = await attemptOf(context, payload, { toItsEnd: true });
  const failure = memberOf(payload, 'failure');
  const record = await finish({ ...context, runs }, pipeline, run.runId, {
    error: textOf(failure, 'error'),
    cause: textOf(failure, 'cause'),
  });
  return { state: record.state, ok: isTrueOf(record.state, 'endsWell'), cause: record.failure?.cause ?? '' };
};
