// Whether the key of the home is the one that its manifests are sealed with. With another key every raw object seems to have been
// replaced, and every delivery that holds a card seems new.

import { isSealed } from '../../engine/run/manifests.ts';
import { Runs } from '../../engine/run/runs.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { plural } from '../render/text.ts';
import type { HomeCheck } from './finding.ts';

/** Manifests are looked at from the newest run on, until one fits. */
const MANIFESTS_MAX = 20;

export const keyCheck: HomeCheck = {
  name: 'key',
  run: async (home) => {
    const runs = new Runs(home.control, systemClock);
    let seen = 0;
    for (const { runId } of await runs.all()) {
      for (const manifest of await runs.slices(runId)) {
        if (seen === MANIFESTS_MAX) break;
        if (isSealed(home.deliveryKey, runId, manifest))
          return [{ state: 'ok', says: 'delivery.key is what manifests are sealed with' }];
        seen++;
      }
    }
    if (seen === 0) return [{ state: 'ok', says: 'nothing is sealed yet' }];
    return [
      {
        state: 'wrong',
        says: `control/delivery.key is not what ${plural(seen, 'manifest')} of runs ${seen === 1 ? 'is' : 'are'} sealed with: the key was changed`,
        fix: 'restore it from a copy of the home; where it was replaced on purpose: reprise backfill <pipeline> --all',
      },
    ];
  },
};
