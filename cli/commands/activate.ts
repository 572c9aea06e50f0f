// Puts a pipeline's transforms in force, also those that an undo retired. Runs do so by themselves for any others.

import { retiredBy } from '../../engine/ledger/ledger.ts';
import { RepriseError } from '../../ports/errors.ts';
import { type Command, textArgument } from '../command.ts';
import { withEngine } from './session.ts';

export const activateCommand: Command = {
  usage: 'activate <pipeline>',
  summary: 'allow the transforms of a pipeline again that an undo retired',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  options: { reason: { type: 'string', default: '', describe: 'why, for the ledger: must be given' } },
  examples: [['reprise activate pulsecart --reason "INC-42: the totals were right"', 'replay with them after all']],
  run: (args, terminal) =>
    withEngine(args, terminal, 'activate', false, async (engine) => {
      const name = textArgument(args, 'pipeline');
      const { transformDigest } = await engine.pipelines.compiled(name);
      const reason = textArgument(args, 'reason').trim();
      if (reason === '')
        throw new RepriseError('Usage', 'no reason is given', `say why: reprise activate ${name} --reason …`);
      const ledger = engine.ledger(name);
      const retired = retiredBy(await ledger.entries(), transformDigest);
      const epoch = await ledger.activate(transformDigest, reason);
      const after = retired === undefined ? '' : `; the undo ${retired} had retired them`;
      terminal.result(
        { pipeline: name, transformDigest, epoch, retiredBy: retired ?? null },
        `the transforms ${transformDigest.slice(0, 12)} of ${name} are in force, epoch ${epoch}${after}\n\nnext: reprise backfill ${name} …`,
      );
      return 0;
    }),
};
