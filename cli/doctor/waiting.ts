// Whether dates wait for a reconcile to publish them, and for how long.

import { MAX_WAIT_MINUTES, readWaiting, waitingPipelines } from '../../engine/reconcile/waiting.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { duration, plural } from '../render/text.ts';
import type { Finding, HomeCheck } from './finding.ts';

export const waitingCheck: HomeCheck = {
  name: 'waiting',
  run: async (home) => {
    const findings: Finding[] = [];
    for (const pipeline of await waitingPipelines(home.control)) {
      const dates = Object.entries((await readWaiting(home.control, pipeline))?.dates ?? {});
      const since = dates.map(([, at]) => at).sort()[0];
      if (since === undefined) continue;
      const waitedMs = systemClock.nowMs() - Date.parse(since);
      findings.push({
        state: waitedMs > MAX_WAIT_MINUTES * 60_000 ? 'wrong' : 'note',
        says: `${plural(dates.length, 'date')} of ${pipeline} waited since ${since} (${duration(waitedMs)}) when it was last reconciled`,
        fix: `see what they wait for: reprise reconcile ${pipeline}`,
      });
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: 'nothing waits for a reconcile' }];
  },
};
