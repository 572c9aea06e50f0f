// Whether the chain of every ledger is as it was written.

import { inspectLedger, type LedgerFault } from '../../engine/ledger/ledger.ts';
import { RepriseError } from '../../ports/errors.ts';
import { type Finding, faultOf, type HomeCheck } from './finding.ts';
import { pipelineNames } from './pipelines.ts';

export const ledgerCheck: HomeCheck = {
  name: 'ledger',
  run: async (home, args) => {
    const names = new Set<string>();
    for await (const { key } of home.control.list('ledger/')) names.add(key.split('/')[1] ?? '');
    const known = new Set(pipelineNames(args));
    const findings: Finding[] = [];
    const intact: string[] = [];
    for (const name of names) {
      const { entries, faults } = await inspectLedger(home.control, name);
      const first = faults[0];
      if (first === undefined) intact.push(`${name} ${entries.length}`);
      else findings.push(faultOf(brokenLedger(name, first)));
      if (!known.has(name)) findings.push({ state: 'note', says: `${name} has a ledger, but is no pipeline any more` });
    }
    if (names.size === 0) return [{ state: 'ok', says: 'empty: nothing has run yet' }];
    return intact.length === 0
      ? findings
      : [{ state: 'ok', says: `chains intact; entries: ${intact.join(', ')}` }, ...findings];
  },
};

const brokenLedger = (pipeline: string, { sequence, fault, detail }: LedgerFault): RepriseError =>
  new RepriseError(
    'LedgerBroken',
    `the ledger of ${pipeline} is broken: entry ${sequence} is ${fault.replace('_', ' ')}: ${detail}`,
    `reprise ledger verify ${pipeline} names everything; it was changed by hand: restore control/ledger/${pipeline} from a backup`,
  );
