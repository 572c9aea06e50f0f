// Task PreviewUndo: what taking the run back changes, not applied, and whether it may be published without a yes.
import { withinLimit } from '../engine/publish/gate.ts';
import { previewUndo, undoneBy } from '../engine/publish/undo.ts';
import { runOf, type Task, writeLines } from './context.ts';

export const previewUndoTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload);
  const { runId } = run;
  const undone = await undoneBy(runs, run);
  const undo = { runId, folder: context.changesFolder(runId) };
  const preview = await context.withWarehouse((warehouse) =>
    previewUndo({ ...context, runs, warehouse }, pipeline, plan, undone, undo),
  );
  await runs.saveDocument(runId, 'preview', preview);
  const groupsKey = `${runId}/groups.jsonl`;
  await writeLines(
    context.stage,
    groupsKey,
    preview.groupsLeft.map((group) => ({ group })),
  );
  return {
    changes: preview.changes,
    withinLimit: withinLimit(preview.share, run.options),
    groupsKey,
    results: `${runId}/map/publish`,
  };
};
