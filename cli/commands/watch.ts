// Looks on while a run is executed, by whomever, until it ends.

import { type Progress, progressOf } from '../../engine/run/progress.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Command, optionalText } from '../command.ts';
import { exitCodeOf, renderRun } from '../render/run.ts';
import { nextOf, progressDocument, progressLine } from '../render/runs.ts';
import type { Terminal } from '../render/terminal.ts';
import { listedRuns } from './runs.ts';
import { withReader } from './session.ts';

const LOOK_EVERY_MS = 500;
const INTERRUPTED = 1;

export const watchCommand: Command = {
  usage: 'watch [run]',
  summary: 'look on until a run ends, and exit as it does; the newest one that runs when none is named',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  examples: [
    ['reprise watch', 'on a terminal one line that is redrawn; elsewhere a line for each change'],
    ['reprise watch 3f9a1c22b0d4-1 --json', 'a JSON document on each line'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'watch', async (engine) => {
      const named = optionalText(args, 'run');
      const { runId } = named === undefined ? await newest(engine, terminal) : await engine.findRun(named);
      let shown = '';
      for (;;) {
        const progress = await progressOf(engine.controlDeps, runId);
        const line = progressLine(progress);
        if (line !== shown) show(terminal, progress, line);
        shown = line;
        if (progress.state !== 'running') return end(terminal, progress);
        await engine.clock.sleep(LOOK_EVERY_MS);
      }
    }),
};

async function newest(engine: Engine, terminal: Terminal): Promise<RunRecord> {
  const runs = await listedRuns(engine, terminal);
  const found = runs.find(({ state }) => state === 'running') ?? runs[0];
  if (found !== undefined) return found.run;
  throw new RepriseError('NotFound', 'there are no runs yet', 'reprise backfill <pipeline> --all');
}

function show(terminal: Terminal, progress: Progress, line: string): void {
  if (terminal.json) terminal.documentLine(progressDocument(progress));
  else terminal.redraw(line);
}

function end(terminal: Terminal, progress: Progress): number {
  const { run, state } = progress;
  if (!terminal.json) {
    terminal.endRedraw();
    const text =
      state === 'interrupted' ? `${progressLine(progress)}\n\nnext: ${nextOf(progress)}` : renderRun(run, undefined);
    terminal.show(text);
  }
  return state === 'interrupted' ? INTERRUPTED : exitCodeOf(run);
}
