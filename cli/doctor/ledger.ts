// Whether the chain of every ledger is as it was written.

import {
  anchorsOfRecords,
  anchorsOfWarehouse,
  foundRecords,
  pipelinesWithLedger,
} from '../../engine/ledger/anchors.ts';
import type { HeldAnchor, LedgerEntry, LedgerFault } from '../../engine/ledger/entry.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { differences } from '../../engine/ledger/restore.ts';
import { Runs } from '../../engine/run/runs.ts';
import { RepriseError } from '../../model/errors.ts';
import {
  type Home,
  lockOf,
  warehouseBytes,
  warehouseHolder,
  withPublished,
} from '../../profiles/embedded/examination.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { type Finding, faultOf, type HomeCheck } from './finding.ts';
import { pipelineNames } from './pipelines.ts';

export const ledgerCheck: HomeCheck = {
  name: 'ledger',
  run: async (home, args) => {
    const names = await pipelinesWithLedger(home.control);
    const runs = new Runs(home.control, systemClock);
    const known = new Set(pipelineNames(args));
    const findings: Finding[] = [];
    const intact: string[] = [];
    for (const name of names) {
      const { anchors, greatest } = await heldOf(home, name);
      const { entries, faults } = await inspectLedger(home.control, name, anchors);
      const first = faults[0];
      if (greatest !== undefined) findings.push(...beyondLedger(name, greatest, greatestOf(entries)));
      if (first === undefined) intact.push(`${name} ${entries.length}`);
      else findings.push(faultOf(brokenLedger(name, first)));
      for (const { runId, differs, restorable } of await differences({ control: home.control, runs }, name)) {
        const fix = restorable ? `reprise ledger restore ${name}` : `reprise ledger accept ${name} --reason …`;
        findings.push({ state: 'wrong', says: `run ${runId} is not as the ledger says: ${differs.join('; ')}`, fix });
      }
      if (!known.has(name))
        findings.push({ state: 'note', says: `${name} has a ledger, but no pipeline has that name any more` });
    }
    if (names.length === 0) return [{ state: 'ok', says: 'empty: nothing has run yet' }];
    return intact.length === 0
      ? findings
      : [{ state: 'ok', says: `chains intact; entries: ${intact.join(', ')}` }, ...findings];
  },
};

/** What the runs and the warehouse say of the ledger; the warehouse is left out while another process holds it. */
async function heldOf(home: Home, pipeline: string): Promise<{ anchors: HeldAnchor[]; greatest?: Greatest }> {
  const records = anchorsOfRecords((await foundRecords(home.control, pipeline)).values());
  const holder = await warehouseHolder(home.path);
  const isHeld = holder !== undefined && holder.liveness !== 'dead';
  if (isHeld || (await warehouseBytes(home.path)) === undefined) return { anchors: records };
  const lock = await lockOf(home);
  try {
    return await withPublished(home, async (warehouse) => ({
      anchors: [...anchorsOfWarehouse(await warehouse.anchors(pipeline)), ...records],
      greatest: await warehouse.greatest(pipeline),
    }));
  } finally {
    await lock.release();
  }
}

interface Greatest {
  readonly epoch: number;
  readonly lease: number;
}

/** The last epoch and lease that the ledger gave, or that somebody accepted. */
function greatestOf(entries: readonly LedgerEntry[]): Greatest {
  const epochs = entries.map((entry) =>
    entry.kind === 'epoch_activated' || entry.kind === 'ledger_accepted' ? entry.epoch : 0,
  );
  const leases = entries.map((entry) =>
    entry.kind === 'lease_taken' || entry.kind === 'ledger_accepted' ? entry.fence : 0,
  );
  return { epoch: Math.max(0, ...epochs), lease: Math.max(0, ...leases) };
}

/** A warehouse whose fences are ahead of the ledger refuses every run at their dates. */
function beyondLedger(pipeline: string, there: Greatest, given: Greatest): Finding[] {
  const ahead = (['epoch', 'lease'] as const).filter((name) => there[name] > given[name]);
  if (ahead.length === 0) return [];
  const known = ahead.map((name) => `${name} ${there[name]}`).join(' and ');
  const last = ahead.map((name) => given[name]).join(' and ');
  return [
    {
      state: 'wrong',
      says: `the warehouse knows ${known} of ${pipeline}, and the ledger gave none after ${last}: rows of reprise.fences were changed, or entries are missing`,
      fix: `reprise ledger accept ${pipeline} --reason …`,
    },
  ];
}

const brokenLedger = (pipeline: string, { sequence, fault, detail }: LedgerFault): RepriseError =>
  new RepriseError(
    'LedgerBroken',
    `the ledger of ${pipeline} is broken: entry ${sequence} is ${fault.replace('_', ' ')}: ${detail}`,
    `see everything that is wrong, restore it from a backup or go on: reprise ledger verify ${pipeline}`,
  );
