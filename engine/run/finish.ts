// The last state of a run: names the state it honestly ended in, from what is recorded, and writes it down.

import type { CompiledPipeline } from '../../model/compile.ts';
import { ERROR_CODES, type ErrorCode, isRepriseError } from '../../model/errors.ts';
import { isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Anchor, GroupOutcome, UndoOutcome, Verification, Warehouse } from '../../ports/warehouse.ts';
import { anchorOf } from '../ledger/entry.ts';
import { inspectLedger } from '../ledger/inspect.ts';
import { type LeaseDeps, Leases } from '../ledger/leases.ts';
import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import { retiredIn } from '../ledger/retired.ts';
import type { Plan } from '../plan/plan-document.ts';
import { arrivalDate } from '../plan/raw-keys.ts';
import { unreadableOf } from '../plan/shards.ts';
import { publishedGroups } from '../publish/record.ts';
import { settleTransforms } from '../publish/retire.ts';
import type { Settled } from '../publish/settle.ts';
import { changesAnything, summarize, undoneDates } from '../publish/summary.ts';
import { coverRun } from '../reconcile/rebuild.ts';
import { checkedDocument, checkedRun, optionsInForce } from './recorded.ts';
import type { RunRecord, RunSummary, UndoSummary } from './run-record.ts';
import type { Runs } from './runs.ts';
import type { RunState } from './states.ts';

export interface FinishDeps extends LeaseDeps {
  readonly runs: Runs;
  readonly stage: ObjectStore;
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
}

/** Why a group could not be published: the document that the task leaves. */
export const GROUP_FAILURE = 'failures/publish';

interface Failure {
  readonly error: string;
  readonly cause: string;
}

export async function finish(
  deps: FinishDeps,
  pipeline: CompiledPipeline,
  runId: string,
  told: Failure,
): Promise<RunRecord> {
  const { runs } = deps;
  const { run, recorded } = await checkedRun(deps, runId);
  const failure = (await groupFailure(runs, run, told)) ?? told;
  const plan = await runs.plan(run.planId);
  const published = await publishedGroups(deps, run, recorded);
  const document = <T>(name: string): Promise<T | undefined> => checkedDocument<T>(runs, runId, name, recorded);
  const preview = await document<{ outcomes: readonly GroupOutcome[]; quarantined: Record<string, number> }>('preview');
  const settled = await document<Pick<Settled, 'unreadable' | 'deliveries'>>('settled');
  const verification = await document<Verification>('verified');
  const known = run.undoes === undefined ? await unreadableOf(deps.control, plan) : [];
  const found = (settled?.unreadable ?? []).filter((one) => !known.some((other) => other.key === one.key));
  const shown = published.length > 0 ? published : (preview?.outcomes ?? []);
  const summary: RunSummary = {
    ...summarize(pipeline, shown),
    quarantined: preview?.quarantined ?? {},
    ...(settled?.deliveries === undefined || run.undoes !== undefined ? {} : { deliveries: settled.deliveries }),
    unreadable: [...known, ...found].sort((a, b) => (arrivalDate(a.key) < arrivalDate(b.key) ? -1 : 1)),
    ...(await retiredSummary(deps, plan, failure)),
    ...(verification === undefined
      ? {}
      : {
          verified: {
            ok: verification.differencesTotal === 0,
            checked: verification.checked,
            differences: verification.differencesTotal,
          },
        }),
  };
  const groups = run.undoes === undefined ? plan.body.groups : (preview?.outcomes.length ?? plan.body.groups);
  const state = stateOf(run, failure, summary, published.length, groups, changesAnything(shown));
  const { failure: _, ledger: __, ...rest } = run;
  const record: RunRecord = {
    ...rest,
    options: optionsInForce(run, recorded),
    state,
    finishedAt: isoTime(deps.clock),
    summary:
      run.undoes === undefined ? summary : { ...summary, undo: await undoSummary(deps, plan, run, state, shown) },
    ...(failure.error === '' ? {} : { failure }),
  };
  const anchor = await recordEnd(deps, record);
  await coverRun(deps, pipeline, plan, record);
  await keepAnchor(deps, pipeline, plan, run, anchor);
  await new Leases(deps, pipeline.name).release(runId, run.lease);
  return record;
}

/** Writes the end of a run into the ledger, and then into its record, which names the entry. */
export async function recordEnd(deps: LedgerDeps & { readonly runs: Runs }, record: RunRecord): Promise<Anchor> {
  const { runId, state, pipeline } = record;
  const entry = await new Ledger(deps, pipeline).append({ kind: 'run_finished', runId, state, record });
  const ledger = anchorOf(entry);
  await deps.runs.save({ ...record, ledger });
  return ledger;
}

/**
 * Keeps how far the ledger had come where the fence is, so that what the run left in it is not cut off unnoticed. A
 * warehouse that is held, or in which another run has taken over, hears of it with the next run.
 */
async function keepAnchor(
  deps: FinishDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
  anchor: Anchor,
): Promise<void> {
  if (run.lease === 0) return;
  try {
    await deps.withWarehouse((warehouse) => warehouse.raiseFence(pipeline, plan.body.window, run.lease, anchor));
  } catch (error) {
    if (!isRepriseError(error)) throw error;
  }
}

const ROWS_NAMED_MAX = 100;

/** At which dates the plan was refused, and what is left of its window. */
async function retiredSummary(deps: FinishDeps, plan: Plan, failure: Failure): Promise<Pick<RunSummary, 'retired'>> {
  if (failure.error !== 'TransformsRetired') return {};
  const retired = retiredIn(plan, (await inspectLedger(deps.control, plan.body.pipeline)).entries);
  return retired === undefined ? {} : { retired };
}

/** What an undo left alone; once all its groups are published, its transforms are settled. */
async function undoSummary(
  deps: FinishDeps,
  plan: Plan,
  run: RunRecord,
  state: RunState,
  shown: readonly GroupOutcome[],
): Promise<UndoSummary> {
  const outcomes = shown as readonly UndoOutcome[];
  return {
    leftAlone: outcomes.flatMap((outcome) => outcome.leftAlone),
    leftAloneRows: outcomes.flatMap((outcome) => outcome.leftAloneRows).slice(0, ROWS_NAMED_MAX),
    transformDigest: plan.body.transformDigest,
    ...(state === 'succeeded'
      ? await settleTransforms(deps, plan, run, undoneDates(outcomes))
      : { transforms: 'as before' as const, windows: [] }),
  };
}

/** A map that fails says how many of its items did; why the group could not be published is recorded beside the run. */
async function groupFailure(runs: Runs, run: RunRecord, told: Failure): Promise<Failure | undefined> {
  if (told.error !== 'States.ExceedToleratedFailureThreshold') return undefined;
  const known = await runs.document<Failure & { attempt: number }>(run.runId, GROUP_FAILURE);
  return known?.attempt === run.attempt ? { error: known.error, cause: known.cause } : undefined;
}

function stateOf(
  run: RunRecord,
  failure: Failure,
  summary: RunSummary,
  published: number,
  groups: number,
  changes: boolean,
): RunState {
  if (failure.error === 'ChangeTooLarge') return 'awaiting_approval';
  if (failure.error === 'Paused') return 'paused';
  if (failure.error === 'Rejected') return 'refused';
  if (failure.error === 'Cancelled' && published === 0) return 'cancelled';
  if (failure.error === 'Cancelled' && published < groups) return 'partially_published';
  // Cancelled when everything was published: only the verification is left out.
  if (failure.error !== '' && failure.error !== 'Cancelled') {
    if (published > 0 && published < groups) return 'partially_published';
    const code = failure.error in ERROR_CODES ? ERROR_CODES[failure.error as ErrorCode] : undefined;
    return code?.exit === 3 && published === 0 ? 'refused' : 'failed';
  }
  if (run.options.stageOnly && published === 0 && changes) return 'staged';
  if (summary.verified?.ok === false) return 'failed';
  if (summary.unreadable.length > 0) return 'published_with_gaps';
  if (summary.heldDates.length > 0) return 'partially_published';
  return changes ? 'succeeded' : 'nothing_to_do';
}
