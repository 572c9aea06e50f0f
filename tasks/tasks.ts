// Every Task state of state-machines/*.asl.json by the name in its FunctionName. Approve is not among them: it
// waits for a person, and whoever runs the machine brings its own.
import { admitTask } from './admit.ts';
import { admitUndoTask } from './admit-undo.ts';
import type { Task } from './context.ts';
import { downstreamTask } from './downstream.ts';
import { finishTask } from './finish.ts';
import { previewTask } from './preview.ts';
import { previewUndoTask } from './preview-undo.ts';
import { publishGroupTask } from './publish-group.ts';
import { settleTask } from './settle.ts';
import { stageSliceTask } from './stage-slice.ts';
import { undoGroupTask } from './undo-group.ts';
import { verifyTask } from './verify.ts';
import { writeSlicesTask } from './write-slices.ts';

export const TASKS: Readonly<Record<string, Task>> = {
  Admit: admitTask,
  WriteSlices: writeSlicesTask,
  StageSlice: stageSliceTask,
  Settle: settleTask,
  Preview: previewTask,
  PublishGroup: publishGroupTask,
  Verify: verifyTask,
  AdmitUndo: admitUndoTask,
  PreviewUndo: previewUndoTask,
  UndoGroup: undoGroupTask,
  Downstream: downstreamTask,
  Finish: finishTask,
};
