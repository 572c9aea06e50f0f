// Shows the runs as they are recorded; asks nothing of the warehouse.

import { type Command, optionalText } from '../command.ts';
import { nextCommand, renderRun, runDocument } from '../render/run.ts';
import { table } from '../render/text.ts';
import { withEngine } from './session.ts';

export const statusCommand: Command = {
  usage: 'status [run]',
  summary: 'the runs there were, or one of them',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  examples: [
    ['reprise status', 'every run, newest first'],
    ['reprise status 3f9a1c22b0d4-1 --json', 'one run'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'status', false, async (engine) => {
      const named = optionalText(args, 'run');
      if (named !== undefined) {
        const run = await engine.runs.run(named);
        const { slices } = (await engine.runs.plan(run.planId)).body;
        const staged = (await engine.runs.slices(run.runId)).length;
        const published = (await engine.runs.groups(run.runId)).length;
        const durationMs =
          run.finishedAt === undefined ? undefined : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
        const done = { slices: slices.length, staged, groupsPublished: published };
        terminal.result(
          { ...(runDocument(run, durationMs ?? 0) as object), ...done, startedAt: run.startedAt, attempt: run.attempt },
          `${renderRun(run, durationMs)}\nstaged ${staged} of ${slices.length} slices, published ${published} groups, attempt ${run.attempt}`,
        );
        return 0;
      }
      const runs = await engine.runs.all();
      const rows = runs.map((run) => [run.runId, run.pipeline, run.state, run.startedAt, nextCommand(run)]);
      terminal.result(
        runs.map((run) => ({
          runId: run.runId,
          planId: run.planId,
          pipeline: run.pipeline,
          state: run.state,
          startedAt: run.startedAt,
        })),
        runs.length === 0
          ? 'no runs yet: reprise backfill <pipeline> --all'
          : table(['run', 'pipeline', 'state', 'started', 'next'], rows),
      );
      return 0;
    }),
};
