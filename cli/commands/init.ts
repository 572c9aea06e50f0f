// Makes the home folder, so that what comes next finds one.

import type { Command } from '../command.ts';
import { withEngine } from './session.ts';

export const initCommand: Command = {
  usage: 'init',
  summary: 'make the home folder: lake, control store, warehouse',
  examples: [['reprise init --home /data/reprise', 'a home in a place of its own']],
  run: (args, terminal) =>
    withEngine(args, terminal, 'init', true, async (engine) => {
      await engine.warehouse();
      const { path } = engine.home;
      terminal.result(
        { home: path },
        `home ${path} is ready\nnext: reprise land <pipeline> FILE…  (pipelines: ${engine.pipelines.names().join(', ')})`,
      );
      return 0;
    }),
};
