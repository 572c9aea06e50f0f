// Makes the home folder, so that what comes next finds one; sets what the home asks of everybody.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { homeAsks, saveSetting } from '../../engine/run/four-eyes.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Command, textArgument } from '../command.ts';
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
    'four-eyes': {
      type: 'boolean',
      describe: 'from now on nobody approves a run that they began (--no-four-eyes: they may again)',
    },
    reason: { type: 'string', default: '', describe: 'why four eyes are asked for or not, for the ledger' },
  },
  examples: [
    ['reprise init --home /data/reprise', 'a home in a place of its own'],
    ['reprise init --four-eyes --reason "policy 7"', 'what needs approval needs it from somebody else'],
    ['reprise init --new-delivery-key', 'when the key of a home is lost and there is no copy of it'],
  ],
  run: (args, terminal) => {
    const newDeliveryKey = args['new-delivery-key'] === true;
    const initialise = async (engine: Engine): Promise<number> => {
      await engine.warehouse();
      if (typeof args['four-eyes'] === 'boolean')
        await setFourEyes(engine, args['four-eyes'], textArgument(args, 'reason'));
      const { path } = engine.home;
      const fourEyes = await homeAsks(engine.home.control);
      const next = newDeliveryKey
        ? 'a new delivery key was made\nnext: reprise backfill <pipeline> --all --repair, for each pipeline whose deliveries hold cards; what was landed before lands again when it is landed again'
        : `next: reprise land <pipeline> FILE…  (pipelines: ${engine.pipelines.names().join(', ')})`;
      const asks = fourEyes ? '; it asks for four eyes' : '';
      terminal.result({ home: path, newDeliveryKey, fourEyes }, `home ${path} is ready${asks}\n${next}`);
      return 0;
    };
    return withEngine(args, terminal, 'init', true, initialise, { newDeliveryKey });
  },
};

/** In the home for pipelines to come, and in the ledger of each that has run. */
async function setFourEyes(engine: Engine, on: boolean, reason: string): Promise<void> {
  const { control } = engine.home;
  for (const pipeline of await pipelinesWithLedger(control))
    await engine.ledger(pipeline).append({ kind: 'four_eyes_set', on, reason });
  await saveSetting(control, on);
}
