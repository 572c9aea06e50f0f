// What cancel and pause share: the ask is recorded, whoever executes the run is waited for, and a run that nobody
// executes is ended on the spot.

import type { Options } from 'yargs';
import { type Progress, progressOf } from '../../engine/run/progress.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { isTrueOf } from '../../engine/run/states.ts';
import { stopRun } from '../../engine/run/stop.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Arguments, textArgument } from '../command.ts';
import { nextOf, progressDocument, progressLine, progressLines } from '../render/runs.ts';
import type { Terminal } from '../render/terminal.ts';
import { withEngine } from './session.ts';

export const STOP_OPTIONS: Readonly<Record<string, Options>> = {
  reason: { type: 'string', default: '', describe: 'why, for the ledger' },
  // To the parser this is --wait 0.
  'no-wait': { type: 'boolean', describe: 'ask, and do not wait until it has stopped' },
};

const LOOK_EVERY_MS = 500;

export function stopCommand(args: Arguments, terminal: Terminal, ask: 'cancel' | 'pause'): Promise<number> {
  return withEngine(args, terminal, ask, false, async (engine) => {
    const run = await engine.findRun(textArgument(args, 'run'));
    const deps = engine.controlDeps;
    const pipelineOf = (name: string) => engine.pipelines.compiled(name);
    const { worker, end } = await stopRun(deps, pipelineOf, run, ask, textArgument(args, 'reason'));
    if (worker !== undefined && args.wait === 0) {
      const progress = await progressOf(deps, run.runId);
      terminal.result(
        progressDocument(progress),
        `${worker.by} (${worker.holder}) is asked to ${ask} it: the slices and the date group in hand are finished first\nnext: reprise watch ${run.runId}`,
      );
      return 0;
    }
    if (worker !== undefined) {
      terminal.say(`asked ${worker.by} (${worker.holder}); the slices and the date group in hand are finished first`);
      const left = await ended(engine, run, terminal);
      if (left.state === 'interrupted') await end(left.run);
    }
    const progress = await progressOf(deps, run.runId);
    const isStopped = isTrueOf(progress.state, 'isStopped');
    const late = isStopped ? '' : `too late to ${ask} it: everything was done already\n`;
    const lines = [`run ${run.runId}  ${run.pipeline}  ${progress.state}`, ...progressLines(progress)];
    terminal.result(progressDocument(progress), `${late}${lines.join('\n')}\n\nnext: ${nextOf(progress)}`);
    return isStopped ? 0 : 1;
  });
}

/** Waits until the attempt has ended, or its process is gone. */
async function ended(engine: Engine, run: RunRecord, terminal: Terminal): Promise<Progress> {
  for (;;) {
    const progress = await progressOf(engine.controlDeps, run.runId);
    if (progress.state !== 'running' || progress.run.attempt !== run.attempt) {
      terminal.clear();
      return progress;
    }
    terminal.progress(progressLine(progress));
    await engine.clock.sleep(LOOK_EVERY_MS);
  }
}
