// Whether the warehouse file is held by somebody, and opens.

import { join } from 'node:path';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { MEMORY } from '../../adapters/duckdb/memory.ts';
import { warehouseBytes, warehouseHolder } from '../../adapters/folder/health.ts';
import type { Home } from '../../adapters/folder/home.ts';
import { acquireWarehouse, type HeldWarehouse } from '../../adapters/folder/warehouse-lock.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { bytes, plural } from '../render/text.ts';
import type { Finding, HomeCheck } from './finding.ts';
import { hasPublished } from './published.ts';

/** A home that cannot be written is read without a lock. */
export const lockOf = (home: Home): Promise<HeldWarehouse> =>
  home.isReadOnly
    ? Promise.resolve({ release: async () => {} })
    : acquireWarehouse({ home: home.path, command: 'doctor', waitMs: 0, clock: systemClock, onWait: () => {} });

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
      const duck = await openDuck({
        path: home.warehousePath,
        isReadOnly: home.isReadOnly,
        memoryMb: MEMORY.warehouseMb,
        threads: 1,
        tempFolder: join(home.scratch, 'doctor-spill'),
      });
      try {
        const rows = await duck.rows("SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name <> 'reprise'");
        return [{ state: 'ok', says: `opens: ${bytes(size)}, ${plural(Number(rows[0]?.n), 'table')}${left}` }];
      } finally {
        await duck.close();
      }
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
