// Brings a ledger and the copies of it together again. `differences` says where they differ, `restoreCopies` writes what the
// ledger knows into the records again, `acceptLedger` goes on with a ledger from which entries are missing.

import { isRepriseError } from '../../model/errors.ts';
import { publishedGroups } from '../publish/record.ts';
import type { FinishDeps } from '../run/finish.ts';
import { compared, documentDigest, type Recorded, recordDigest, recordedOf } from '../run/recorded.ts';
import type { RunRecord } from '../run/run-record.ts';
import { anchorsOfRecords, anchorsOfWarehouse, foundRecords } from './anchors.ts';
import { anchorOf, type LedgerEntry, type LedgerFault } from './entry.ts';
import { inspectLedger } from './inspect.ts';
import { Ledger } from './ledger.ts';

export interface Differing {
  readonly runId: string;
  readonly differs: readonly string[];
  /** Documents beside the record, among what differs. */
  readonly documents: readonly string[];
  /** The ledger knows enough of the run to write its record again. */
  readonly restorable: boolean;
}

type RestoreDeps = FinishDeps;

/** Runs whose records, or documents beside them, are not what the ledger says. */
export async function differences(deps: Pick<RestoreDeps, 'control' | 'runs'>, pipeline: string): Promise<Differing[]> {
  const { entries } = await inspectLedger(deps.control, pipeline);
  const records = await foundRecords(deps.control, pipeline);
  const found: Differing[] = [];
  for (const runId of new Set([...runIdsOf(entries), ...records.keys()])) {
    const recorded = recordedOf(entries, runId);
    const record = records.get(runId);
    const differs =
      record === undefined ? ['its record was removed or cannot be read'] : [...compared(record, recorded).differs];
    const changed = await changedDocuments(deps, runId, recorded);
    for (const { name, how } of changed) differs.push(`${name}.json was ${how} after it was written`);
    const documents = changed.map(({ name }) => name);
    const restorable = expectedRecord(record, recorded) !== undefined;
    if (differs.length > 0) found.push({ runId, differs, documents, restorable });
  }
  return found;
}

async function changedDocuments(
  { runs }: Pick<RestoreDeps, 'runs'>,
  runId: string,
  { documents }: Recorded,
): Promise<{ readonly name: string; readonly how: 'removed' | 'changed' }[]> {
  const changed: { name: string; how: 'removed' | 'changed' }[] = [];
  for (const [name, digest] of documents) {
    const document = await runs.document(runId, name).catch(() => 'not readable');
    // What was staged is forgotten when a run is pruned.
    if (document === undefined ? isOutcome(name) : documentDigest(document) !== digest)
      changed.push({ name, how: document === undefined ? 'removed' : 'changed' });
  }
  return changed;
}

/** What a run published; every other document is one that a run makes again when it goes on. */
const isOutcome = (name: string): boolean => name.startsWith('groups/');

const runIdsOf = (entries: readonly LedgerEntry[]): Set<string> =>
  new Set(
    entries.flatMap((entry) => (entry.kind === 'run_created' || entry.kind === 'run_started' ? [entry.runId] : [])),
  );

/** The record as the ledger has it; undefined where an older version wrote less into the ledger. */
function expectedRecord(found: RunRecord | undefined, recorded: Recorded): RunRecord | undefined {
  const { created, started, finished, decision } = recorded;
  if (finished !== undefined) return finished.record && { ...finished.record, ledger: anchorOf(finished) };
  if (created === undefined) return undefined;
  const { runId, planId, options, startedAt, undoes, reason } = created;
  return {
    runId,
    planId,
    pipeline: found?.pipeline ?? '',
    state: 'running',
    attempt: Math.max(started?.attempt ?? 1, Number.isInteger(found?.attempt) ? (found?.attempt as number) : 1),
    lease: started?.fence ?? 0,
    epoch: started?.epoch ?? 0,
    options: { ...options, approved: decision === undefined ? options.approved : decision.decision === 'approved' },
    ...(undoes === undefined ? {} : { undoes }),
    ...(reason === '' ? {} : { reason }),
    by: (started ?? created).by,
    startedAt,
  };
}

/**
 * Writes records and outcomes again from the ledger and the warehouse, and removes other documents that differ, as if the
 * run had not got there yet. Gives the runs of which something was written.
 */
export async function restoreCopies(
  deps: RestoreDeps,
  pipeline: string,
): Promise<{ readonly restored: readonly string[]; readonly left: readonly Differing[] }> {
  const { entries } = await inspectLedger(deps.control, pipeline);
  const records = await foundRecords(deps.control, pipeline);
  const restored: string[] = [];
  for (const { runId, documents } of await differences(deps, pipeline)) {
    for (const name of documents) if (!isOutcome(name)) await deps.runs.removeDocument(runId, name);
    const recorded = recordedOf(entries, runId);
    const expected = expectedRecord(records.get(runId), recorded);
    if (expected === undefined) continue;
    const run = { ...expected, pipeline };
    await deps.runs.save(run);
    await publishedGroups(deps, run, recorded);
    restored.push(runId);
  }
  return { restored, left: await differences(deps, pipeline) };
}

/** Everything that is wrong with the chain, by itself and by what is anchored outside of it. */
export async function inspectWithAnchors(
  deps: Pick<RestoreDeps, 'control' | 'withWarehouse'>,
  pipeline: string,
): Promise<{ readonly entries: readonly LedgerEntry[]; readonly faults: readonly LedgerFault[] }> {
  const records = await foundRecords(deps.control, pipeline);
  const anchors = await deps
    .withWarehouse((warehouse) => warehouse.anchors(pipeline))
    .catch((error: unknown) => {
      // A home that can only be read, without a warehouse.
      if (isRepriseError(error) && error.code === 'NotFound') return [];
      throw error;
    });
  return inspectLedger(deps.control, pipeline, [...anchorsOfWarehouse(anchors), ...anchorsOfRecords(records.values())]);
}

/** Says in the ledger that its faults, and records that it does not know, are known. Nothing is removed. */
export async function acceptLedger(
  deps: RestoreDeps,
  pipeline: string,
  reason: string,
): Promise<readonly LedgerFault[]> {
  const { control } = deps;
  const records = await foundRecords(control, pipeline);
  const inWarehouse = await deps.withWarehouse((warehouse) => warehouse.anchors(pipeline));
  const fences = await deps.withWarehouse((warehouse) => warehouse.greatest(pipeline));
  const { faults, entries } = await inspectWithAnchors(deps, pipeline);
  const own = await inspectLedger(control, pipeline);
  const unknown = [...records].filter(
    ([runId, record]) => compared(record, recordedOf(entries, runId)).differs.length > 0,
  );
  const isOwn = (fault: LedgerFault): boolean =>
    own.faults.some((one) => one.fault === fault.fault && one.sequence === fault.sequence && one.found === fault.found);
  const epochs = [...records.values()].map(({ epoch }) => epoch);
  const leases = [...records.values()].map(({ lease }) => lease);
  await new Ledger(deps, pipeline).accept({
    kind: 'ledger_accepted',
    reason,
    faults: faults.filter(isOwn).map(({ sequence, fault, found }) => ({ sequence, fault, found })),
    anchors: [...inWarehouse, ...anchorsOfRecords(records.values())].map(({ sequence, hash }) => ({ sequence, hash })),
    records: Object.fromEntries(unknown.map(([runId, record]) => [runId, recordDigest(record)])),
    epoch: Math.max(0, fences.epoch, ...epochs),
    fence: Math.max(0, fences.lease, ...leases),
  });
  return faults;
}
