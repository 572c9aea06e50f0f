// Continues a run from what is recorded as done.

import { refuseRejected } from '../../engine/run/decision.ts';
import { newestUnfinished, type Resumption, resumeRun } from '../../engine/run/resume.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { isTrueOf } from '../../engine/run/states.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Command, optionalText, textArgument } from '../command.ts';
import { exitCodeOf, renderRun, runDocument } from '../render/run.ts';
import type { Terminal } from '../render/terminal.ts';
import { execute } from './execution.ts';
import { AWAIT_APPROVAL } from './run-options.ts';
import { withEngine } from './session.ts';

export interface GoOn extends Resumption {
  readonly awaitApproval: boolean;
}

/** Takes the run up again and shows what became of it. */
export async function goOn(engine: Engine, run: RunRecord, terminal: Terminal, how: GoOn): Promise<number> {
  const pipeline = await engine.pipelines.compiled(run.pipeline);
  const again = await resumeRun(engine.controlDeps, run, pipeline, how);
  return execute(engine, await engine.runs.plan(run.planId), again, terminal, how.awaitApproval);
}

export const resumeCommand: Command = {
  usage: 'resume [run]',
  aliases: ['retry'],
  summary: 'continue a run from what is done; the newest unfinished one when none is named',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  options: {
    yes: { type: 'boolean', alias: 'y', default: false, describe: 'publish whatever the change is' },
    reason: { type: 'string', default: '', describe: 'why, for the ledger' },
    'await-approval': AWAIT_APPROVAL,
  },
  examples: [
    ['reprise resume', 'after a crash'],
    ['reprise resume 3f9a1c22b0d4-1 --yes', 'publish what waits for approval'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'resume', false, async (engine) => {
      const named = optionalText(args, 'run');
      const run = named === undefined ? await newestUnfinished(engine.controlDeps) : await engine.findRun(named);
      if (isTrueOf(run.state, 'isDone')) {
        terminal.say(`run ${run.runId} is done`);
        terminal.result(runDocument(run, 0), renderRun(run, undefined));
        return exitCodeOf(run);
      }
      await refuseRejected(engine.leaseDeps, run);
      const reason = textArgument(args, 'reason');
      const approval = args.yes !== true ? undefined : reason === '' ? 'resume --yes' : reason;
      return goOn(engine, run, terminal, { approval, reason, awaitApproval: args['await-approval'] === true });
    }),
};
