// Whether the warehouse has what the ledgers say was published into it.

import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { findLost } from '../../engine/reconcile/lost.ts';
import { Runs } from '../../engine/run/runs.ts';
import type { PublishedTokens } from '../../ports/warehouse.ts';
import type { Home } from '../../profiles/embedded/examination.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { lostCommands, lostSentence } from '../render/losses.ts';
import type { Finding, HomeCheck } from './finding.ts';
import { pipelineNames } from './pipelines.ts';
import { heldOrFault, withWarehouse } from './with-warehouse.ts';

/** What a file says that is not there. */
const NOTHING: PublishedTokens = { warehouseId: undefined, tokens: new Set(), dates: new Set(), runIds: [] };
const EMPTY = { published: async () => NOTHING };

export const publishedCheck: HomeCheck = {
  name: 'published',
  run: async (home, args) => {
    const every = new Pipelines(args.pipelines);
    const deps = { control: home.control, runs: new Runs(home.control, systemClock) };
    const findings: Finding[] = [];
    for (const name of pipelineNames(args)) {
      try {
        const lost = await findLost(deps, await every.compiled(name), (work) =>
          withWarehouse(home, (warehouse) => work(warehouse ?? EMPTY)),
        );
        const says = lostSentence(name, lost);
        const fix = lostCommands(name, lost).join(', then ') || 'restore a newer copy of the warehouse: no raw is left';
        if (says !== undefined) findings.push({ state: 'wrong', says, fix });
      } catch (error) {
        findings.push(heldOrFault(error));
      }
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: 'the warehouse has all that the ledgers name' }];
  },
};

export const hasPublished = async (home: Home, pipeline: string): Promise<boolean> =>
  (await inspectLedger(home.control, pipeline)).entries.some(({ kind }) => kind === 'group_published');
