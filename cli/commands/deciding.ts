// What approve and reject share: the decision is recorded with name and reason; a process that waits at the token goes
// on there, and a run that nobody executes goes on, or ends, on the spot.

import type { Options } from 'yargs';
import { decideOn, rejection } from '../../engine/run/decision.ts';
import { type Progress, progressOf } from '../../engine/run/progress.ts';
import type { Decision } from '../../engine/run/recorded.ts';
import { refuseOtherTransforms } from '../../engine/run/resume.ts';
import { endHere } from '../../engine/run/stop.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Arguments, textArgument } from '../command.ts';
import { nextOf, progressDocument, progressLines } from '../render/runs.ts';
import type { Terminal } from '../render/terminal.ts';
import { goOn } from './resume.ts';
import { withEngine } from './session.ts';

export const REASON: Options = { type: 'string', default: '', describe: 'why, for the ledger' };

const LOOK_EVERY_MS = 300;
/** How long a process that waits at the token is given to take a rejection up. */
const TAKEN_UP_MS = 30_000;

export function approveRun(args: Arguments, terminal: Terminal): Promise<number> {
  return withEngine(args, terminal, 'approve', false, async (engine) => {
    const { progress, decided } = await decideRun(engine, args, 'approved');
    if (progress.worker !== undefined) {
      return shown(
        engine,
        terminal,
        progress.run.runId,
        decided,
        `${progress.worker.by} (${progress.worker.holder}) goes on with it`,
      );
    }
    if (args.run === false) {
      return shown(engine, terminal, progress.run.runId, decided, 'nothing runs yet');
    }
    return goOn(engine, progress.run, terminal, { approval: undefined, reason: '', awaitApproval: false });
  });
}

export function rejectRun(args: Arguments, terminal: Terminal): Promise<number> {
  return withEngine(args, terminal, 'reject', false, async (engine) => {
    const { progress, decided } = await decideRun(engine, args, 'rejected');
    const { run, worker } = progress;
    if (worker === undefined) {
      const pipeline = await engine.pipelines.compiled(run.pipeline);
      await endHere(engine.controlDeps, pipeline, run, { error: 'Rejected', cause: rejection(decided) });
      return shown(engine, terminal, run.runId, decided, 'nothing of it is published any more');
    }
    const untilMs = engine.clock.nowMs() + TAKEN_UP_MS;
    while (engine.clock.nowMs() < untilMs && (await progressOf(engine.controlDeps, run.runId)).state === 'running')
      await engine.clock.sleep(LOOK_EVERY_MS);
    return shown(engine, terminal, run.runId, decided, `${worker.by} (${worker.holder}) was told`);
  });
}

/** Throws RunBusy when the run is executed and does not wait. */
async function decideRun(
  engine: Engine,
  args: Arguments,
  decision: Decision['decision'],
): Promise<{ readonly progress: Progress; readonly decided: Decision }> {
  const deps = engine.controlDeps;
  const progress = await progressOf(deps, (await engine.findRun(textArgument(args, 'run-id'))).runId);
  const { run, worker, waiting } = progress;
  if (worker !== undefined && waiting === undefined) {
    throw new RepriseError(
      'RunBusy',
      `run ${run.runId} is being executed by ${worker.by} and waits for nothing`,
      `look on: reprise watch ${run.runId}`,
    );
  }
  if (decision === 'approved')
    await refuseOtherTransforms(deps, run, await engine.pipelines.compiled(run.pipeline), 'approve');
  return { progress, decided: await decideOn(deps, run, decision, textArgument(args, 'reason')) };
}

async function shown(
  engine: Engine,
  terminal: Terminal,
  runId: string,
  decided: Decision,
  what: string,
): Promise<number> {
  const progress = await progressOf(engine.controlDeps, runId);
  const { run, state } = progress;
  const lines = [
    `run ${run.runId}  ${run.pipeline}  ${state}: ${decided.decision}, ${what}`,
    ...progressLines(progress),
  ];
  terminal.result(progressDocument(progress), `${lines.join('\n')}\n\nnext: ${nextOf(progress)}`);
  return 0;
}
