// Writes down what a transaction committed: its outcome beside the run, and in the ledger by its counts and digests. What a
// dead attempt committed and did not get to record is known from the warehouse alone.

import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { GroupOutcome, Warehouse } from '../../ports/warehouse.ts';
import type { DocumentDigests } from '../ledger/entry.ts';
import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import { documentDigest, type Recorded } from '../run/recorded.ts';
import type { RunRecord } from '../run/run-record.ts';
import { groupName, type Runs } from '../run/runs.ts';
import { causeCounts, countsByTable } from './summary.ts';

export interface RecordDeps extends LedgerDeps {
  readonly runs: Runs;
  readonly stage: ObjectStore;
}

type OfRun = Pick<RunRecord, 'runId' | 'pipeline'>;

/** Unique for run and group, the same at every attempt. */
export const publishToken = (runId: string, group: number): string => `${runId}/${group}`;

/** Keeps the outcome of a group that is committed, and names it in the ledger. */
export async function recordGroup(deps: RecordDeps, { runId, pipeline }: OfRun, outcome: GroupOutcome): Promise<void> {
  const { group } = outcome;
  await deps.runs.saveGroup(runId, outcome);
  await new Ledger(deps, pipeline).append({
    kind: 'group_published',
    runId,
    group,
    token: publishToken(runId, group),
    ...(outcome.warehouse === undefined ? {} : { warehouse: outcome.warehouse }),
    tables: countsByTable([outcome]),
    causes: causeCounts([outcome]),
    documents: { [groupName(group)]: documentDigest(outcome) },
    kept: await keptDigests(deps.stage, runId, group),
  });
}

/** Every group is kept with the run, and named by the ledger once. Safe to repeat. */
export async function recordCommitted(deps: RecordDeps, run: OfRun, committed: readonly GroupOutcome[]): Promise<void> {
  if (committed.length === 0) return;
  const entries = await new Ledger(deps, run.pipeline).entries();
  const named = new Set(entries.flatMap((entry) => (entry.kind === 'group_published' ? [entry.token] : [])));
  for (const outcome of committed) {
    if (named.has(publishToken(run.runId, outcome.group))) await deps.runs.saveGroup(run.runId, outcome);
    else await recordGroup(deps, run, outcome);
  }
}

/**
 * What the run published, each outcome as the ledger names it. One that was changed, damaged or removed, or that a dead attempt did
 * not get to record, is taken from the warehouse again. Throws NotAsRecorded for one that the warehouse does not have.
 */
export async function publishedGroups(
  deps: RecordDeps & { withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T> },
  run: RunRecord,
  recorded: Recorded,
): Promise<GroupOutcome[]> {
  const { outcomes: readable, damaged } = await deps.runs.readableGroups(run.runId);
  const found = new Map(readable.map((outcome) => [outcome.group, outcome]));
  const isKnown = (group: number): boolean => {
    const entry = recorded.groups.get(group);
    const digest = entry?.documents?.[groupName(group)];
    const outcome = found.get(group);
    return (
      entry !== undefined && outcome !== undefined && (digest ?? documentDigest(outcome)) === documentDigest(outcome)
    );
  };
  const unknown = [...new Set([...found.keys(), ...damaged, ...recorded.groups.keys()])].filter(
    (group) => !isKnown(group),
  );
  if (unknown.length > 0) {
    const committed = await deps.withWarehouse(async (warehouse) => {
      const outcomes: GroupOutcome[] = [];
      for (const group of unknown) {
        const outcome = await warehouse.committed(publishToken(run.runId, group));
        if (outcome !== undefined) outcomes.push(outcome);
      }
      return outcomes;
    });
    await recordCommitted(deps, run, committed);
    for (const group of unknown) found.delete(group);
    for (const outcome of committed) found.set(outcome.group, outcome);
    const lost = [...recorded.groups.keys()].find((group) => !isKnown(group));
    if (lost !== undefined) throw notPublished(run, lost);
  }
  return [...found.values()].sort((a, b) => a.group - b.group);
}

const notPublished = ({ runId }: RunRecord, group: number): RepriseError =>
  new RepriseError(
    'NotAsRecorded',
    `what run ${runId} published of group ${group} is neither in control/runs/${runId}/${groupName(group)}.json nor in the warehouse as the ledger says`,
    `restore control/runs/${runId} from a backup`,
  );

/** Of the files that an undo of the group needs, by their keys in the stage store. */
export async function keptDigests(stage: ObjectStore, runId: string, group: number): Promise<DocumentDigests> {
  const kept: Record<string, string> = {};
  for await (const { key } of stage.list(`${runId}/changes/${group}.`)) kept[key] = (await stage.digest(key)) ?? '';
  return kept;
}
