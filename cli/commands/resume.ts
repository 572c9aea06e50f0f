// Continues a run from what is recorded as done.

import type { RunRecord } from '../../engine/ledger/runs.ts';
import { refuseUndone } from '../../engine/ledger/undone.ts';
import { RepriseError } from '../../ports/errors.ts';
import { type Command, optionalText, textArgument } from '../command.ts';
import { exitCodeOf, renderRun, runDocument } from '../render/run.ts';
import type { Engine } from '../wire/engine.ts';
import { execute } from './execution.ts';
import { withEngine } from './session.ts';

const DONE = new Set(['succeeded', 'nothing_to_do', 'published_with_gaps']);
/** What is continued without being named: nothing that waits for a person's yes. */
const UNFINISHED = new Set(['running', 'failed', 'cancelled', 'paused', 'partially_published']);

/** Throws RunBusy while another process that lives executes the run. */
export async function refuseWhileItWorks(engine: Engine, run: RunRecord): Promise<void> {
  const worker = await engine.leases(run.pipeline).workerOf(run.runId);
  if (worker === undefined) return;
  throw new RepriseError(
    'RunBusy',
    `run ${run.runId} is being executed by ${worker.by} (${worker.holder})`,
    `look on: reprise watch ${run.runId}; end it: reprise cancel ${run.runId}`,
  );
}

export const resumeCommand: Command = {
  usage: 'resume [run]',
  summary: 'continue a run from what is done; the newest unfinished one when none is named',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  options: { yes: { type: 'boolean', alias: 'y', default: false, describe: 'publish whatever the change is' } },
  examples: [
    ['reprise resume', 'after a crash'],
    ['reprise resume 3f9a1c22b0d4-1 --yes', 'publish what waits for approval'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'resume', false, async (engine) => {
      const named = optionalText(args, 'run');
      const run =
        named === undefined
          ? (await engine.runs.all()).find((one) => UNFINISHED.has(one.state))
          : await engine.runs.run(textArgument(args, 'run'));
      if (run === undefined) throw new RepriseError('NotFound', 'no run is unfinished', 'list them: reprise status');
      if (DONE.has(run.state)) {
        terminal.say(`run ${run.runId} is done`);
        terminal.result(runDocument(run, 0), renderRun(run, undefined));
        return exitCodeOf(run);
      }
      await refuseUndone(engine.runs, run.runId);
      const options = { ...run.options, stageOnly: false, approved: run.options.approved || args.yes === true };
      await refuseWhileItWorks(engine, run);
      const again = await engine.runs.beginAttempt({ ...run, options });
      return execute(engine, await engine.runs.plan(run.planId), again, terminal);
    }),
};
