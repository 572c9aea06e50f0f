// Shows how far a run is, or the newest runs in short; asks nothing of the warehouse.

import { progressOf } from '../../engine/run/progress.ts';
import { checkedRun } from '../../engine/run/recorded.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Command, optionalText } from '../command.ts';
import { renderRun, runDocument } from '../render/run.ts';
import { nextOf, progressDocument, progressLines, runRow, runsTable } from '../render/runs.ts';
import { listedRuns } from './runs.ts';
import { withReader } from './session.ts';

const SHORT = 20;

export const statusCommand: Command = {
  usage: 'status [run]',
  summary: 'how far a run is and who executes it; without one the newest runs',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  examples: [
    ['reprise status', 'the newest runs'],
    ['reprise status 3f9a1c22b0d4-1 --json', 'one run: slices, groups, attempt, who, why'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'status', async (engine) => {
      const named = optionalText(args, 'run');
      if (named === undefined) {
        const runs = await listedRuns(engine, terminal);
        const shown = runs.slice(0, SHORT);
        const more = runs.length > shown.length ? '\nmore: reprise runs' : '';
        terminal.result(
          runs.map(runRow),
          runs.length === 0 ? 'no runs yet: reprise backfill <pipeline> --all' : `${runsTable(shown)}${more}`,
        );
        return 0;
      }
      const progress = await progressOf(engine.controlDeps, (await engine.findRun(named)).runId);
      const { run, state } = progress;
      const durationMs =
        run.finishedAt === undefined ? undefined : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
      const text = renderRun(run, durationMs)
        .replace(`  ${run.pipeline}  ${run.state}`, `  ${run.pipeline}  ${state}`)
        .replace(/\n\nnext: .*$/s, '');
      const doubt = await doubtOf(engine, run.runId);
      const lines = [
        ...(doubt === undefined ? [] : [`NOT TO BE BELIEVED: ${doubt.message}`]),
        text,
        '',
        ...progressLines(progress),
        '',
        `next: ${doubt?.fix ?? nextOf(progress)}`,
      ];
      terminal.result(
        {
          ...(runDocument(run, durationMs ?? 0) as object),
          ...progressDocument(progress),
          ...(doubt === undefined ? {} : { doubt: doubt.message, next: doubt.fix }),
        },
        lines.join('\n'),
      );
      return doubt?.exitCode ?? 0;
    }),
};

/** Why what is shown is not what the ledger says; undefined when it is. */
async function doubtOf(engine: Engine, runId: string): Promise<RepriseError | undefined> {
  try {
    await checkedRun(engine.controlDeps, runId);
    return undefined;
  } catch (error) {
    if (error instanceof RepriseError && ['NotAsRecorded', 'LedgerBroken'].includes(error.code)) return error;
    throw error;
  }
}
