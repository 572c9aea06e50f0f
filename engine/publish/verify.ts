// Proves a published window: derives its rows again from raw with the reference evaluator, apart from the stage files,
// and compares them with hashes that the warehouse makes anew from its columns. Changes nothing.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { PublishScope, Verification, Warehouse } from '../../ports/warehouse.ts';
import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan-document.ts';
import { slicesOf } from '../plan/shards.ts';
import { type ReplayDeps, replaySlice } from '../replay/replay.ts';
import { workOf } from '../replay/slice-lines.ts';
import { documentDigest } from '../run/recorded.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import {
  readScopeObjects,
  removeScopeObjects,
  SCOPE,
  type ScopeDocument,
  type ScopeObjectsDeps,
  writeScopeObjects,
} from './scope-objects.ts';
import { earlierEpochsOf, scopeOf, unreadableIn } from './settle.ts';

const VERIFIED = 'verified';

export interface VerifyDeps extends Omit<ReplayDeps, 'stager'>, ScopeObjectsDeps {
  readonly runs: Runs;
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
  /** A stager of its own for each slice, by number, whose files nobody else uses; -1 settles. */
  readonly stager: (slice: number) => { readonly stager: Stager; readonly folder: string };
}

/** Most differences that are named; all are counted. */
const DIFFERENCES_NAMED_MAX = 100;

/** What was compared, and the raw objects that could not be read: of what they gave nothing is proved. */
export interface PlanVerification extends Verification {
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
}

/** Keeps what a run found when it verified itself, and names it in the ledger. */
export async function recordVerification(
  deps: LedgerDeps & { readonly runs: Runs },
  { runId, attempt, pipeline }: RunRecord,
  verification: PlanVerification,
): Promise<void> {
  await deps.runs.saveDocument(runId, VERIFIED, verification);
  const digests: Record<string, string> = {};
  for (const table of new Set(verification.digests.map((one) => one.table))) {
    const dates = verification.digests.filter((one) => one.table === table);
    digests[table] = documentDigest(dates.map(({ date, rows, digest }) => [date, rows, digest]));
  }
  await new Ledger(deps, pipeline).append({
    kind: 'run_verified',
    runId,
    attempt,
    checked: verification.checked,
    differences: verification.differencesTotal,
    digests,
    documents: { [VERIFIED]: documentDigest(verification) },
  });
}

export async function verifyPlan(
  deps: VerifyDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: Pick<RunRecord, 'runId' | 'epoch'>,
  onRows: (rows: number) => void,
): Promise<PlanVerification> {
  const staged: StagedFile[] = [];
  const unreadable: { key: string; detail: string }[] = [];
  let number = 0;
  for await (const { parts } of slicesOf(deps.control, plan)) {
    const { stager } = deps.stager(number++);
    const outcome = await replaySlice({ ...deps, stager }, pipeline, workOf(plan, parts), onRows);
    staged.push(...outcome.files);
    unreadable.push(...outcome.unreadable);
  }
  const { stager, folder } = deps.stager(-1);
  const settled = await stager.settle(pipeline, staged, folder);
  const unread = await unreadableIn(deps.control, plan, unreadable);
  const { objects, lostDates } = await writeScopeObjects(deps, plan, run.runId, new Set(unread.map(({ key }) => key)));
  try {
    const scope: PublishScope = {
      ...scopeOf(pipeline, plan, run, settled, unread),
      objects: () => readScopeObjects(deps.stage, run.runId, objects),
      lostDates,
      earlierEpochs: await earlierEpochsOf(deps.control, plan),
    };
    const verification = await deps.withWarehouse((warehouse) => warehouse.verify(scope, DIFFERENCES_NAMED_MAX));
    return { ...verification, unreadable: unread };
  } finally {
    await discardScopeObjects(deps, run.runId, objects);
  }
}

/** Those of a run are what it publishes by. */
async function discardScopeObjects({ runs, stage }: VerifyDeps, runId: string, sha256: string): Promise<void> {
  const kept = await runs.document<ScopeDocument>(runId, SCOPE);
  if (kept?.objects !== sha256) await removeScopeObjects(stage, runId, sha256);
}
