// Whether what is known of the lake claims no more than runs have published.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { unfoundedClaims } from '../../engine/reconcile/claims.ts';
import { Runs } from '../../engine/run/runs.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { plural } from '../render/text.ts';
import type { Finding, HomeCheck } from './finding.ts';

export const coverageCheck: HomeCheck = {
  name: 'coverage',
  run: async (home) => {
    const deps = { control: home.control, runs: new Runs(home.control, systemClock) };
    const findings: Finding[] = [];
    for (const pipeline of await pipelinesWithLedger(home.control)) {
      const claims = await unfoundedClaims(deps, pipeline);
      const [first] = claims;
      if (first === undefined) continue;
      const what = first.key ?? 'everything';
      const more = claims.length === 1 ? '' : ` (and ${plural(claims.length - 1, 'claim')} more)`;
      findings.push({
        state: 'wrong',
        says: `control/coverage/${pipeline}.json says that ${what} was published at ${first.date}${more}, and no run did that: it was edited`,
        fix: `reprise reconcile ${pipeline} --rebuild`,
      });
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: 'nothing counts as read that was not published' }];
  },
};
