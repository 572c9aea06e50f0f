// Plans and runs in one: the command for whoever needs no look at the plan first.

import { createRun } from '../../engine/run/begin.ts';
import { aboutWorker } from '../../engine/run/worker.ts';
import { type Command, textArgument } from '../command.ts';
import { renderSkipped } from '../render/skipped.ts';
import { execute } from './execution.ts';
import { planAndSave } from './planning.ts';
import { PLAN_OPTIONS, planRequest, RUN_OPTIONS, runOptions } from './run-options.ts';
import { withEngine } from './session.ts';

export const backfillCommand: Command = {
  usage: 'backfill <pipeline>',
  summary: 'plan and run in one',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  options: { ...PLAN_OPTIONS, ...RUN_OPTIONS },
  examples: [
    ['reprise backfill pulsecart --from 2026-06-01 --to 2026-06-08', 'the first week of June'],
    ['reprise backfill codewave --all --max-change 5%', 'all there is, asking when more than 5 % change'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'backfill', false, async (engine) => {
      const options = runOptions(args);
      const plan = await planAndSave(engine, textArgument(args, 'pipeline'), planRequest(args), terminal);
      for (const line of renderSkipped(engine.skipped(plan.body.pipeline))) terminal.say(line);
      terminal.detail(
        `plan ${plan.id.slice(0, 12)}: ${plan.body.objects.count} objects, ${plan.body.slices.count} slices`,
      );
      const run = await createRun(engine.controlDeps, plan, options, aboutWorker(engine.leaseDeps));
      return execute(engine, plan, run, terminal, args['await-approval'] === true);
    }),
};
