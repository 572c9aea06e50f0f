// Executes a plan that was made before.

import { createRun } from '../../engine/run/begin.ts';
import { aboutWorker } from '../../engine/run/worker.ts';
import { type Command, textArgument } from '../command.ts';
import { execute } from './execution.ts';
import { RUN_OPTIONS, runOptions } from './run-options.ts';
import { withEngine } from './session.ts';

export const runCommand: Command = {
  usage: 'run <plan>',
  summary: 'execute a plan; refused when anything it pinned has changed',
  positionals: { plan: { type: 'string', describe: 'the plan id, or a beginning of it' } },
  options: { reason: { type: 'string', default: '', describe: 'why, for the ledger' }, ...RUN_OPTIONS },
  examples: [
    ['reprise run 3f9a1c22', 'stage, preview, publish, verify'],
    ['reprise run 3f9a1c22 --stage-only', 'stop before publishing, to look at the diff'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'run', false, async (engine) => {
      const options = runOptions(args);
      const plan = await engine.findPlan(textArgument(args, 'plan'));
      const reason = textArgument(args, 'reason');
      const about = { ...aboutWorker(engine.leaseDeps), ...(reason === '' ? {} : { reason }) };
      const run = await createRun(engine.controlDeps, plan, options, about);
      return execute(engine, plan, run, terminal, args['await-approval'] === true);
    }),
};
