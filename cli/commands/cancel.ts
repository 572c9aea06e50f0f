// Stops a run for good; what it has done stays, and resume can go on from it all the same.

import type { Command } from '../command.ts';
import { STOP_OPTIONS, stopCommand } from './stopping.ts';

export const cancelCommand: Command = {
  usage: 'cancel <run>',
  summary: 'stop a run: what is in hand is finished, what is done stays, and it says what is left',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  options: STOP_OPTIONS,
  examples: [
    ['reprise cancel 3f9a1c22b0d4-1 --reason "wrong window"', 'and wait until it has stopped'],
    ['reprise cancel 3f9a1c22b0d4-1 --no-wait', 'ask, and look later: reprise watch'],
  ],
  run: (args, terminal) => stopCommand(args, terminal, 'cancel'),
};
