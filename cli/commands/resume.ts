// Continues a run from what is recorded as done.

import { refuseOtherPipeline } from '../../engine/plan/drift.ts';
import { beginAgain } from '../../engine/run/begin.ts';
import { refuseRejected } from '../../engine/run/decision.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { refuseUndone } from '../../engine/run/undone.ts';
import { aboutWorker, workerOf } from '../../engine/run/worker.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Command, optionalText, textArgument } from '../command.ts';
import { exitCodeOf, renderRun, runDocument } from '../render/run.ts';
import type { Terminal } from '../render/terminal.ts';
import { execute } from './execution.ts';
import { AWAIT_APPROVAL } from './run-options.ts';
import { withEngine } from './session.ts';

const DONE = new Set(['succeeded', 'nothing_to_do', 'published_with_gaps', 'published_downstream_stale']);
/** What is continued without being named: nothing that waits for a person's yes. */
const UNFINISHED = new Set(['running', 'failed', 'cancelled', 'paused', 'partially_published']);

/** Throws RunBusy while another process that lives executes the run. */
export async function refuseWhileItWorks(engine: Engine, run: RunRecord): Promise<void> {
  const worker = await workerOf(engine.leaseDeps, run);
  if (worker === undefined) return;
  throw new RepriseError(
    'RunBusy',
    `run ${run.runId} is being executed by ${worker.by} (${worker.holder})`,
    `look on: reprise watch ${run.runId}; end it: reprise cancel ${run.runId}`,
  );
}

export interface GoOn {
  /** Publishes whatever the change is, for this reason. */
  readonly approval: string | undefined;
  readonly reason: string;
  readonly awaitApproval: boolean;
}

/** An undo puts back what was kept, whatever the transforms are. */
export async function refuseOtherTransforms(engine: Engine, run: RunRecord, command: string): Promise<void> {
  if (run.undoes !== undefined) return;
  const plan = await engine.runs.plan(run.planId);
  refuseOtherPipeline(plan, await engine.pipelines.compiled(run.pipeline), run.runId, command);
}

/** Another attempt of the run, on the same dates: what is recorded as done is not repeated. */
export async function goOn(engine: Engine, run: RunRecord, terminal: Terminal, how: GoOn): Promise<number> {
  await refuseUndone(engine.runs, run.runId);
  await refuseWhileItWorks(engine, run);
  await refuseOtherTransforms(engine, run, 'resume');
  const about = { ...aboutWorker(engine.leaseDeps), ...(how.reason === '' ? {} : { reason: how.reason }) };
  const again = await beginAgain(engine.controlDeps, run.runId, about, how.approval);
  return execute(engine, await engine.runs.plan(run.planId), again, terminal, how.awaitApproval);
}

/** The newest that was interrupted, failed or stopped. */
async function newestUnfinished(engine: Engine): Promise<RunRecord> {
  for (const run of await engine.runs.all()) {
    if (UNFINISHED.has(run.state) && (await workerOf(engine.leaseDeps, run)) === undefined) return run;
  }
  throw new RepriseError('NotFound', 'no run is unfinished', 'list them: reprise runs');
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
      const run = named === undefined ? await newestUnfinished(engine) : await engine.findRun(named);
      if (DONE.has(run.state)) {
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
