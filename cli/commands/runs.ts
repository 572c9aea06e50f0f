// Lists the runs as they are recorded, told apart from those whose process died; asks nothing of the warehouse.

import { type ShownState, stateOf } from '../../engine/run/progress.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { workerOf } from '../../engine/run/worker.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Command, optionalText } from '../command.ts';
import { runRow, runsTable } from '../render/runs.ts';
import type { Terminal } from '../render/terminal.ts';
import { plural } from '../render/text.ts';
import { withReader } from './session.ts';

const LIMIT = 50;

export interface ListedRun {
  readonly run: RunRecord;
  readonly state: ShownState;
}

/** Newest first. Records that cannot be read are named on stderr, and hide no other. */
export async function listedRuns(engine: Engine, terminal: Terminal): Promise<ListedRun[]> {
  const listed: ListedRun[] = [];
  const { runs, damaged } = await engine.runs.list();
  for (const { error } of damaged) terminal.say(`${error.message}\n  → ${error.fix}`);
  for (const run of runs) listed.push({ run, state: stateOf(run, await workerOf(engine.leaseDeps, run)) });
  return listed;
}

export const runsCommand: Command = {
  usage: 'runs',
  summary: 'the runs there were, newest first, by pipeline and state',
  options: {
    pipeline: { type: 'string', describe: 'only of this pipeline' },
    state: { type: 'string', describe: 'only in this state: succeeded, interrupted, awaiting_approval, …' },
    limit: { type: 'number', default: LIMIT, describe: 'most runs to list; 0 for all' },
  },
  examples: [
    ['reprise runs --pipeline pulsecart --limit 10', 'the last ten'],
    ['reprise runs --state interrupted --json', 'whose process died, as data'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'runs', async (engine) => {
      const limit = Number(args.limit);
      if (!Number.isInteger(limit) || limit < 0) {
        throw new RepriseError('Usage', `--limit ${String(args.limit)} is no count`, 'give a whole number: --limit 10');
      }
      const pipeline = optionalText(args, 'pipeline');
      const state = optionalText(args, 'state');
      const found = (await listedRuns(engine, terminal)).filter(
        (one) => (pipeline ?? one.run.pipeline) === one.run.pipeline && (state ?? one.state) === one.state,
      );
      const shown = limit === 0 ? found : found.slice(0, limit);
      const more =
        found.length > shown.length ? `\nand ${plural(found.length - shown.length, 'older run')}: --limit 0` : '';
      terminal.result(shown.map(runRow), shown.length === 0 ? 'no such runs' : `${runsTable(shown)}${more}`);
      return 0;
    }),
};
