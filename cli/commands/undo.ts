// Takes a published run back: a run of its own, with a diff, that can be undone too.

import { previewUndo } from '../../engine/publish/undo.ts';
import { beginUndo, refuseUndoOf } from '../../engine/run/undo.ts';
import { type Command, textArgument } from '../command.ts';
import { previewDocument, renderPreview } from '../render/undo.ts';
import { execute } from './execution.ts';
import { withEngine } from './session.ts';

export const undoCommand: Command = {
  usage: 'undo <run>',
  summary: 'take a published run back: rows that are still its own become what they were; later changes stay',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  options: {
    reason: { type: 'string', default: '', describe: 'why, for the ledger' },
    yes: { type: 'boolean', alias: 'y', default: false, describe: 'publish whatever the change is' },
    'dry-run': { type: 'boolean', default: false, describe: 'show what it would do, and change nothing' },
  },
  examples: [
    ['reprise undo 3f9a1c22b0d4-1 --dry-run', 'what would be put back, and what has changed since'],
    ['reprise undo 3f9a1c22b0d4-1 --reason "INC-42: wrong totals" --yes', 'put it back'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'undo', false, async (engine) => {
      const undone = await engine.findRun(textArgument(args, 'run'));
      const plan = await engine.runs.plan(undone.planId);
      const pipeline = await engine.pipelines.compiled(undone.pipeline);
      const context = { ...engine.taskContext(() => {}), runs: engine.runs };
      if (args['dry-run'] === true) {
        await refuseUndoOf(context, pipeline, undone);
        const undo = { runId: 'dry-run', folder: await engine.scratch('undo') };
        const preview = await engine.withWarehouse((warehouse) =>
          previewUndo({ ...context, warehouse }, pipeline, plan, undone, undo),
        );
        const { transformDigest } = plan.body;
        terminal.result(
          previewDocument(undone, pipeline, transformDigest, preview),
          renderPreview(undone, pipeline, transformDigest, preview),
        );
        return 0;
      }
      const reason = textArgument(args, 'reason');
      const run = await beginUndo(context, pipeline, undone, args.yes === true, { reason });
      return execute(engine, plan, run, terminal);
    }),
};
