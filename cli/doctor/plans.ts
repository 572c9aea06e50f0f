// Whether every plan is as it was made.

import { systemClock } from '../../adapters/local/clock.ts';
import { Runs } from '../../engine/ledger/runs.ts';
import { plural } from '../render/text.ts';
import { type Finding, faultOf, type HomeCheck } from './finding.ts';

export const plansCheck: HomeCheck = {
  name: 'plans',
  run: async (home) => {
    const store = new Runs(home.control, systemClock);
    const findings: Finding[] = [];
    let intact = 0;
    for await (const { key } of home.control.list('plans/')) {
      try {
        await store.plan(key.slice('plans/'.length).replace(/\.json$/, ''));
        intact++;
      } catch (error) {
        findings.push(faultOf(error));
      }
    }
    return intact === 0 && findings.length > 0
      ? findings
      : [{ state: 'ok', says: `${plural(intact, 'plan')}, each with the id that is its hash` }, ...findings];
  },
};
