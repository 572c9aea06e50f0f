// Brings a home that an earlier release made to the format of this one.

import { upgradeHome } from '../../profiles/embedded/upgrade.ts';
import type { Command } from '../command.ts';
import { plural } from '../render/text.ts';
import { withEngine } from './session.ts';

export const upgradeCommand: Command = {
  usage: 'upgrade',
  summary: 'bring a home of an earlier release to the format of this one; runs, ledger and warehouse are kept',
  examples: [['reprise upgrade --home /data/reprise', 'once, after installing a release that asks for it']],
  run: (args, terminal) =>
    withEngine(
      args,
      terminal,
      'upgrade',
      false,
      async (engine) => {
        const { path } = engine.home;
        const done = await upgradeHome(engine);
        const text =
          done.from === done.to
            ? [`home ${path} has format ${done.to} already`]
            : [
                `home ${path} was upgraded from format ${done.from} to ${done.to}; earlier releases refuse it from now on`,
                `coverage split by arrival date: ${done.coverage.length === 0 ? 'none' : done.coverage.join(', ')}`,
                `${plural(done.catalogFilesRemoved, 'file')} of the catalog removed: the next plan reads raw once more`,
              ];
        terminal.result({ home: path, ...done }, [...text, 'next: reprise doctor'].join('\n'));
        return 0;
      },
      { upgrades: true },
    ),
};
