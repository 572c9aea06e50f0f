// Makes the home folder, so that what comes next finds one.

import type { Command } from '../command.ts';
import type { Engine } from '../wire/engine.ts';
import { withEngine } from './session.ts';

export const initCommand: Command = {
  usage: 'init',
  summary: 'make the home folder: lake, control store, warehouse',
  options: {
    'new-delivery-key': {
      type: 'boolean',
      default: false,
      describe:
        'make another key where control/delivery.key is lost: deliveries that hold cards are then new to reprise',
    },
  },
  examples: [
    ['reprise init --home /data/reprise', 'a home in a place of its own'],
    ['reprise init --new-delivery-key', 'when the key of a home is lost and there is no copy of it'],
  ],
  run: (args, terminal) => {
    const newDeliveryKey = args['new-delivery-key'] === true;
    const initialise = async (engine: Engine): Promise<number> => {
      await engine.warehouse();
      const { path } = engine.home;
      const next = newDeliveryKey
        ? 'a new delivery key was made\nnext: reprise backfill <pipeline> --all --repair, for each pipeline whose deliveries hold cards; what was landed before lands again when it is landed again'
        : `next: reprise land <pipeline> FILE…  (pipelines: ${engine.pipelines.names().join(', ')})`;
      terminal.result({ home: path, newDeliveryKey }, `home ${path} is ready\n${next}`);
      return 0;
    };
    return withEngine(args, terminal, 'init', true, initialise, { newDeliveryKey });
  },
};
