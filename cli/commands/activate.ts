// Allows a pipeline's transforms again where an undo retired them. Runs put any others in force by themselves.

import { retiredWindows, windowsText } from '../../engine/ledger/retired.ts';
import type { Window } from '../../engine/plan/window.ts';
import { RepriseError } from '../../model/errors.ts';
import { type Command, textArgument } from '../command.ts';
import { windowArgument } from './run-options.ts';
import { withEngine } from './session.ts';

export const activateCommand: Command = {
  usage: 'activate <pipeline>',
  summary: 'allow the transforms of a pipeline again at dates where an undo retired them',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  options: {
    from: { type: 'string', describe: 'first event date, YYYY-MM-DD; without a window all dates' },
    to: { type: 'string', describe: 'the date after the last, YYYY-MM-DD' },
    reason: { type: 'string', default: '', describe: 'why, for the ledger: must be given' },
  },
  examples: [
    ['reprise activate pulsecart --reason "INC-42: the totals were right"', 'replay with them after all'],
    ['reprise activate pulsecart --from 2026-06-01 --to 2026-06-03 --reason INC-42', 'at 1 and 2 June only'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'activate', false, async (engine) => {
      const name = textArgument(args, 'pipeline');
      const { transformDigest } = await engine.pipelines.compiled(name);
      const reason = textArgument(args, 'reason').trim();
      if (reason === '')
        throw new RepriseError('Usage', 'no reason is given', `say why: reprise activate ${name} --reason …`);
      const window = windowArgument(args);
      const ledger = engine.ledger(name);
      const retired = retiredWindows(await ledger.entries(), transformDigest, window);
      const where = window === undefined ? {} : { windows: [window] };
      const epoch = await ledger.activate(transformDigest, { allow: { reason, ...where } });
      terminal.result(
        { pipeline: name, transformDigest, epoch, allowed: retired },
        [
          `the transforms ${transformDigest.slice(0, 12)} of ${name} are in force, epoch ${epoch}`,
          ...(retired.length === 0
            ? []
            : [
                `allowed again where ${[...new Set(retired.map(({ undo }) => undo))].join(', ')} had retired them: ${windowsText(retired)}`,
              ]),
          '',
          `next: ${nextOf(name, retired[0] ?? window)}`,
        ].join('\n'),
      );
      return 0;
    }),
};

const nextOf = (pipeline: string, window: Window | undefined): string =>
  window === undefined
    ? `reprise backfill ${pipeline} --all`
    : `reprise backfill ${pipeline} --from ${window.from} --to ${window.to}`;
