// Says how late events of each source come, for whoever chooses a schedule.

import { latenessReport } from '../../engine/reconcile/lateness.ts';
import { latenessOf } from '../../profiles/embedded/readers.ts';
import { type Command, textArgument } from '../command.ts';
import { renderLateness } from '../render/lateness.ts';
import { dateArgument } from './run-options.ts';
import { withReader } from './session.ts';

export const latenessCommand: Command = {
  usage: 'lateness <pipeline>',
  summary: 'how late events of each source come, and the lookback that would have caught them',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  options: {
    from: { type: 'string', describe: 'first event date (UTC), included' },
    to: { type: 'string', describe: 'event date (UTC) before which it ends, excluded' },
  },
  examples: [
    ['reprise lateness pulsecart', 'of all events that stand'],
    ['reprise lateness pulsecart --from 2026-06-01 --to 2026-07-01 --json', 'of those of June'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'lateness', async (engine) => {
      const pipeline = await engine.pipelines.compiled(textArgument(args, 'pipeline'));
      const dates = { from: dateArgument(args, 'from'), to: dateArgument(args, 'to') };
      const counts = await engine.withWarehouse((warehouse) => latenessOf(warehouse).lateness(pipeline, dates));
      const report = latenessReport(counts);
      terminal.result(
        { pipeline: pipeline.name, from: dates.from ?? null, to: dates.to ?? null, ...report, all: report.all ?? null },
        renderLateness(pipeline.name, report),
      );
      return 0;
    }),
};
