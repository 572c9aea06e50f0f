// Proves a published window: derives its rows again from raw with the reference evaluator, apart from the stage files,
// and compares them with hashes that the warehouse makes anew from its columns. Changes nothing.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { Verification, Warehouse } from '../../ports/warehouse.ts';
import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan-document.ts';
import { slicesOf } from '../plan/shards.ts';
import { type ReplayDeps, replaySlice } from '../replay/replay.ts';
import { workOf } from '../replay/slice-lines.ts';
import { documentDigest } from '../run/recorded.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { type Unreadable, unreadableIn, withKnownObjects } from './scope-objects.ts';
import { scopeOf } from './settle.ts';

const VERIFIED = 'verified';

export interface VerifyDeps extends Omit<ReplayDeps, 'stager'> {
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
  /** A stager of its own for each slice, by number, whose files nobody else uses; -1 settles. */
  readonly stager: (slice: number) => { readonly stager: Stager; readonly folder: string };
}

/** Most differences that are named; all are counted. */
const DIFFERENCES_NAMED_MAX = 100;

/** What was compared, and the raw objects that could not be read: of what they gave nothing is proved. */
export interface PlanVerification extends Verification {
  readonly unreadable: readonly Unreadable[];
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
  const found: Unreadable[] = [];
  let number = 0;
  for await (const { parts } of slicesOf(deps.control, plan)) {
    const { stager } = deps.stager(number++);
    const outcome = await replaySlice({ ...deps, stager }, pipeline, workOf(plan, parts), onRows);
    staged.push(...outcome.files);
    found.push(...outcome.unreadable);
  }
  const { stager, folder } = deps.stager(-1);
  const settled = await stager.settle(pipeline, staged, folder);
  const unreadable = await unreadableIn(deps.control, plan, found);
  const scope = await scopeOf(deps.control, pipeline, plan, run, settled, unreadable);
  const verification = await withKnownObjects(deps, plan, unreadable, (known) =>
    deps.withWarehouse((warehouse) => warehouse.verify({ ...scope, ...known }, DIFFERENCES_NAMED_MAX)),
  );
  return { ...verification, unreadable };
}
