// What says outside of a ledger how far it had come: the records of runs, and the fences of the warehouse. A ledger that ends
// before an entry which one of them names was cut, or brought back from an older copy.

import type { ObjectStore } from '../../ports/object-store.ts';
import type { Anchor } from '../../ports/warehouse.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { HeldAnchor } from './entry.ts';

/** Records of the pipeline's runs that can be read, whatever they say. */
export async function foundRecords(control: ObjectStore, pipeline: string): Promise<Map<string, RunRecord>> {
  const records = new Map<string, RunRecord>();
  for await (const { key } of control.list('runs/')) {
    const runId = /^runs\/([^/]+)\/run\.json$/.exec(key)?.[1];
    const content = runId === undefined ? undefined : await control.read(key);
    const record = content && parsed(Buffer.from(content).toString('utf8'));
    if (runId !== undefined && record?.pipeline === pipeline) records.set(runId, record);
  }
  return records;
}

export const anchorsOfRecords = (records: Iterable<RunRecord>): HeldAnchor[] =>
  [...records].flatMap(({ runId, ledger }) => (ledger === undefined ? [] : [{ ...ledger, heldBy: `run ${runId}` }]));

export const anchorsOfWarehouse = (anchors: readonly Anchor[]): HeldAnchor[] =>
  anchors.map((anchor) => ({ ...anchor, heldBy: 'the warehouse' }));

/** Pipelines with a ledger, also those that are gone, and those of which only the head or records of runs are left. */
export async function pipelinesWithLedger(control: ObjectStore): Promise<string[]> {
  const names = new Set<string>();
  for await (const { key } of control.list('ledger/')) names.add(key.split('/')[1] ?? '');
  for await (const { key } of control.list('ledger-heads/'))
    names.add(key.slice('ledger-heads/'.length).replace(/\.json$/, ''));
  for await (const { key } of control.list('runs/')) {
    const content = key.endsWith('/run.json') ? await control.read(key) : undefined;
    const record = content && parsed(Buffer.from(content).toString('utf8'));
    if (record !== undefined) names.add(record.pipeline);
  }
  return [...names].sort();
}

function parsed(text: string): RunRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<RunRecord> | null;
    return typeof value?.runId === 'string' && typeof value.planId === 'string' ? (value as RunRecord) : undefined;
  } catch {
    return undefined;
  }
}
