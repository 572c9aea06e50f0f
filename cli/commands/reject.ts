// Says no to a change that waits for a yes: the run ends as refused, and is not resumed without a new yes.

import type { Command } from '../command.ts';
import { REASON, rejectRun } from './deciding.ts';

export const rejectCommand: Command = {
  usage: 'reject <run-id>',
  summary: 'refuse what waits for a yes: nothing of it is published',
  positionals: { 'run-id': { type: 'string', describe: 'the run id' } },
  options: { reason: REASON },
  examples: [
    ['reprise reject 3f9a1c22b0d4-1 --reason "the payments look wrong"', 'with name and reason in the ledger'],
  ],
  run: rejectRun,
};
