// Whether the warehouse file is held by somebody, and opens.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import {
  countTables,
  type Home,
  lockOf,
  warehouseBytes,
  warehouseHolder,
} from '../../profiles/embedded/examination.ts';
import { bytes, plural } from '../render/text.ts';
import type { Finding, HomeCheck } from './finding.ts';
import { hasPublished } from './published.ts';

export const warehouseCheck: HomeCheck = {
  name: 'warehouse',
  run: async (home) => {
    const holder = await warehouseHolder(home.path);
    if (holder !== undefined && holder.liveness !== 'dead') {
      return [
        {
          state: 'note',
          says: `held: ${holder.who}`,
          fix: 'commands wait for it: --wait <seconds>',
        },
      ];
    }
    const left = holder === undefined ? '' : `; the lock of process ${holder.pid}, which has ended, was taken over`;
    const size = await warehouseBytes(home.path);
    if (size === undefined) return [await absent(home, left)];
    const lock = await lockOf(home);
    try {
      const tables = await countTables(home);
      return [{ state: 'ok', says: `opens: ${bytes(size)}, ${plural(tables, 'table')}${left}` }];
    } finally {
      await lock.release();
    }
  },
};

/** What a home lacks that has published into it, the check of what was published says. */
async function absent(home: Home, left: string): Promise<Finding> {
  for (const pipeline of await pipelinesWithLedger(home.control))
    if (await hasPublished(home, pipeline))
      return { state: 'note', says: `the warehouse file is gone${left}: the next run makes an empty one` };
  return { state: 'note', says: `no warehouse yet${left}`, fix: 'reprise init' };
}
