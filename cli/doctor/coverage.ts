// Whether what is known of the lake claims no more than runs have published, and whether its documents are what they were
// written as.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { damagedShards, misstatedDays, unfoundedClaims } from '../../engine/reconcile/claims.ts';
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
      const fix = `reprise reconcile ${pipeline} --rebuild`;
      const damaged = await damagedShards(home.control, pipeline);
      for (const { key, isMissing } of damaged) {
        const how = isMissing ? 'missing' : 'damaged: it was changed after it was written';
        findings.push({ state: 'note', says: `control/${key} is ${how}`, fix });
      }
      for (const date of await misstatedDays(home.control, pipeline)) {
        const says = `control/coverage/${pipeline}.json does not say what is known of objects that arrived on ${date}: it was edited`;
        findings.push({ state: 'wrong', says, fix });
      }
      const claims = await unfoundedClaims(deps, pipeline);
      const [first] = claims;
      if (first === undefined) continue;
      const what = first.key ?? 'everything';
      const more = claims.length === 1 ? '' : ` (and ${plural(claims.length - 1, 'claim')} more)`;
      findings.push({
        state: 'wrong',
        says: `control/coverage/${pipeline}.json says that ${what} was published at ${first.date}${more}, and no run did that: it was edited`,
        fix,
      });
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: 'nothing counts as read that was not published' }];
  },
};
