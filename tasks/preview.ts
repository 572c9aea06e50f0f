// Task Preview: the decision for every date group, not applied, and whether it may be published without a yes.

import { withinLimits } from '../engine/publish/gate.ts';
import { previewRun } from '../engine/publish/preview.ts';
import { datesToRaise } from '../engine/reconcile/rebuild.ts';
import { checkedRun, optionsInForce } from '../engine/run/recorded.ts';
import { runOf, type Task, writeLines } from './context.ts';

export const previewTask: Task = async (context, payload) => {
  const { runs, plan, pipeline, ...found } = await runOf(context, payload);
  const { run, recorded } = await checkedRun({ ...context, runs }, found.run.runId);
  const deps = { ...context, runs, folder: context.changesFolder(run.runId) };
  const preview = await context.withWarehouse((warehouse) => previewRun({ ...deps, warehouse }, pipeline, plan, run));
  const groupsKey = `${run.runId}/groups.jsonl`;
  await writeLines(
    context.stage,
    groupsKey,
    preview.groupsLeft.map((group) => ({ group })),
  );
  return {
    // A date that is as it should be is published too when that makes it whole by these transforms.
    changes: preview.changes + (await datesToRaise({ ...context, runs }, pipeline, plan)),
    withinLimit: withinLimits(preview.share, optionsInForce(run, recorded), recorded.created?.fourEyes === true),
    groupsKey,
    results: `${run.runId}/map/publish`,
  };
};
