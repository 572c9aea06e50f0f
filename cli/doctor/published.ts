// Whether the warehouse has what the ledgers say was published into it.

import { join } from 'node:path';
import { systemClock } from '../../adapters/local/clock.ts';
import { warehouseBytes } from '../../adapters/local/health.ts';
import type { Home } from '../../adapters/local/home.ts';
import { Runs } from '../../engine/ledger/runs.ts';
import { findLost } from '../../engine/reconcile/lost.ts';
import { isRepriseError } from '../../ports/errors.ts';
import type { PublishedTokens, Warehouse } from '../../ports/warehouse.ts';
import { lostCommands, lostSentence } from '../render/losses.ts';
import { openWarehouse } from '../wire/open-warehouse.ts';
import { Pipelines } from '../wire/pipelines.ts';
import { type Finding, faultOf, type HomeCheck } from './finding.ts';
import { pipelineNames } from './pipelines.ts';

/** A file that is not there; opening would make it. */
const NOTHING: PublishedTokens = { warehouseId: undefined, tokens: new Set(), runIds: [] };

export const publishedCheck: HomeCheck = {
  name: 'published',
  run: async (home, args) => {
    const every = new Pipelines(args.pipelines);
    const deps = { control: home.control, runs: new Runs(home.control, systemClock) };
    const findings: Finding[] = [];
    for (const name of pipelineNames(args)) {
      try {
        const lost = await findLost(deps, await every.compiled(name), (work) => withWarehouse(home, work));
        const says = lostSentence(name, lost);
        const fix = lostCommands(name, lost).join(', then ') || 'restore a newer copy of the warehouse: no raw is left';
        if (says !== undefined) findings.push({ state: 'wrong', says, fix });
      } catch (error) {
        if (isRepriseError(error) && error.code === 'WarehouseHeld')
          return [{ state: 'note', says: 'not looked at while the warehouse is held', fix: 'again when it is free' }];
        findings.push(faultOf(error));
      }
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: 'the warehouse has all that the ledgers name' }];
  },
};

type Published = Pick<Warehouse, 'published'>;

async function withWarehouse<T>(home: Home, work: (warehouse: Published) => Promise<T>): Promise<T> {
  if ((await warehouseBytes(home.path)) === undefined) return await work({ published: async () => NOTHING });
  const spill = join(home.scratch, 'doctor-spill');
  const { warehouse, lock } = await openWarehouse({ home, command: 'doctor', waitMs: 0, spill, say: () => {} });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
    await lock.release();
  }
}
