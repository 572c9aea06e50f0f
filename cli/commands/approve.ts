// Says yes to a change that waits for one, with name and reason in the ledger.

import type { Command } from '../command.ts';
import { approveRun, REASON } from './deciding.ts';

export const approveCommand: Command = {
  usage: 'approve <run-id>',
  aliases: ['publish'],
  summary: 'publish what waits for a yes: a change beyond its limit, a staged run, rows without a known cause',
  positionals: { 'run-id': { type: 'string', describe: 'the run id' } },
  options: {
    reason: REASON,
    run: { type: 'boolean', default: true, describe: 'go on with the run (--no-run: only record it)' },
  },
  examples: [
    ['reprise approve 3f9a1c22b0d4-1 --reason "INC-42: totals checked"', 'record it and publish'],
    ['reprise approve 3f9a1c22b0d4-1 --no-run', 'record it; whoever resumes the run publishes it'],
  ],
  run: approveRun,
};
