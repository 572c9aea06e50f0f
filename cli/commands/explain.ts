// Shows what running a plan would do, stage by stage, from the state machine that ships; nothing runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadStateMachine } from '../../lib/asl/asl.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { type Command, textArgument } from '../command.ts';
import { groupsToPublish, renderExplain, stagesOf } from '../render/explain.ts';
import { RUN_OPTIONS, runOptions } from './run-options.ts';
import { withReader } from './session.ts';

export const explainCommand: Command = {
  usage: 'explain <plan>',
  summary: 'the stages of a run as they would be, before anything runs: slices, transactions, what would be asked',
  positionals: { plan: { type: 'string', describe: 'the plan id, or a beginning of it' } },
  options: RUN_OPTIONS,
  examples: [
    ['reprise explain 3f9a1c22', 'with the options of run'],
    ['reprise explain 3f9a1c22 --max-change 5% --json', 'as data'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'explain', async (engine) => {
      const plan = await engine.findPlan(textArgument(args, 'plan'));
      const file = join(packageRoot(), 'state-machines', 'replay.asl.json');
      const machine = loadStateMachine(JSON.parse(readFileSync(file, 'utf8')), 'replay');
      const stages = stagesOf(machine, plan, runOptions(args));
      const { pipeline, window, partial } = plan.body;
      terminal.result(
        { planId: plan.id, pipeline, window, partial, stages, groups: groupsToPublish(plan) },
        renderExplain(plan, stages),
      );
      return 0;
    }),
};
