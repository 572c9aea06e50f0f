// Whether every plan is as it was made.

import { systemClock } from '../../adapters/local/clock.ts';
import { Runs } from '../../engine/ledger/runs.ts';
import { sha256Hex } from '../../engine/model/digest.ts';
import { plural } from '../render/text.ts';
import { declarationKey } from '../wire/declarations.ts';
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
    for await (const { key } of home.control.list('declarations/')) {
      const content = (await home.control.read(key)) ?? Buffer.alloc(0);
      if (key === declarationKey(sha256Hex(content))) continue;
      const fix = 'restore it from a backup, or plan again with the same pipeline';
      findings.push({ state: 'wrong', says: `control/${key} is not what its name says: it was changed`, fix });
    }
    return intact === 0 && findings.length > 0
      ? findings
      : [{ state: 'ok', says: `${plural(intact, 'plan')}, each with the id that is its hash` }, ...findings];
  },
};
