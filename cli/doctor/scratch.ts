// What processes left behind that have ended.

import { resolve } from 'node:path';
import { staleScratch } from '../../adapters/local/health.ts';
import { bytes, plural } from '../render/text.ts';
import type { Check } from './finding.ts';

export const scratchCheck: Check = {
  name: 'scratch',
  run: async ({ home }) => {
    const stale = await staleScratch(resolve(home));
    if (stale.length === 0) return [{ state: 'ok', says: 'nothing left behind' }];
    const size = stale.reduce((sum, one) => sum + one.bytes, 0);
    return [
      {
        state: 'note',
        says: `${plural(stale.length, 'folder')} (${bytes(size)}) of processes that have ended; cleared away by the next command`,
      },
    ];
  },
};
