// Writes a plan and shows it; nothing runs.

import type { PinnedObject } from '../../engine/plan/plan-document.ts';
import { type Command, textArgument } from '../command.ts';
import { OBJECTS_SHOWN, renderPlan } from '../render/plan.ts';
import { planAndSave, undeclaredIn } from './planning.ts';
import { PLAN_OPTIONS, planRequest } from './run-options.ts';
import { withEngine } from './session.ts';

export const planCommand: Command = {
  usage: 'plan <pipeline>',
  summary: 'write a plan: what would be read and written, before anything runs',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  options: {
    ...PLAN_OPTIONS,
    objects: { type: 'boolean', default: false, describe: 'list every object, in JSON too' },
  },
  examples: [
    ['reprise plan pulsecart --from 2026-06-01 --to 2026-06-03 --reason "INC-42"', '1 and 2 June'],
    ['reprise plan pulsecart --all --json', 'all there is, as JSON'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'plan', false, async (engine) => {
      const plan = await planAndSave(engine, textArgument(args, 'pipeline'), planRequest(args), terminal);
      const undeclared = await undeclaredIn(engine, plan);
      const skipped = engine.skipped(plan.body.pipeline);
      const every = args.objects === true;
      const shown: PinnedObject[] = [];
      for await (const object of engine.runs.objectsOf(plan)) {
        if (!every && shown.length === OBJECTS_SHOWN) break;
        shown.push(object);
      }
      terminal.result(
        { planId: plan.id, ...plan, ...(every ? { objects: shown } : {}), undeclared, skipped },
        renderPlan(plan, shown, undeclared, skipped),
      );
      return 0;
    }),
};
