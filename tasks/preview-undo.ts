// Task PreviewUndo: what taking the run back changes, not applied, and whether it may be published without a yes.

import { withinLimits } from '../engine/publish/gate.ts';
import { recordPreview } from '../engine/publish/preview.ts';
import { previewUndo, undoneBy } from '../engine/publish/undo.ts';
import { checkedRun, optionsInForce } from '../engine/run/recorded.ts';
import { runOf, type Task, writeLines } from './context.ts';

export const previewUndoTask: Task = async (context, payload) => {
  const { runs, plan, pipeline, ...found } = await runOf(context, payload);
  const { run, recorded } = await checkedRun({ ...context, runs }, found.run.runId);
  const { runId } = run;
  const undone = await undoneBy({ ...context, runs }, run);
  const undo = { runId, folder: context.changesFolder(runId) };
  const preview = await context.withWarehouse((warehouse) =>
    previewUndo({ ...context, runs, warehouse }, pipeline, plan, undone, undo),
  );
  const left = preview.outcomes.filter(({ group }) => preview.groupsLeft.includes(group));
  await recordPreview({ ...context, runs }, run, preview, left, {});
  const groupsKey = `${runId}/groups.jsonl`;
  await writeLines(
    context.stage,
    groupsKey,
    preview.groupsLeft.map((group) => ({ group })),
  );
  return {
    changes: preview.changes,
    withinLimit: withinLimits(preview.share, optionsInForce(run, recorded), recorded.created?.fourEyes === true),
    groupsKey,
    results: `${runId}/map/publish`,
  };
};
