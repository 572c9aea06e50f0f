// Stops a run for a while: it waits for resume, with the same dates and options.

import type { Command } from '../command.ts';
import { STOP_OPTIONS, stopCommand } from './stopping.ts';

export const pauseCommand: Command = {
  usage: 'pause <run>',
  summary: 'stop a run for a while: resume goes on from what is done',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  options: STOP_OPTIONS,
  examples: [
    ['reprise pause 3f9a1c22b0d4-1 --reason "let the nightly load pass"', 'and wait until it has stopped'],
    ['reprise pause 3f9a1c22b0d4-1 --no-wait', 'ask, and look later: reprise watch'],
  ],
  run: (args, terminal) => stopCommand(args, terminal, 'pause'),
};
