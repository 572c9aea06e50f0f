// Takes a published run back: a run of its own over the groups that the other one committed, in the opposite order, each
// a transaction with its token. Read `admitUndo`, `previewUndo`, `undoGroup` in that order; engine/run/finish.ts ends it.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Restorable, UndoOutcome, UndoScope, Warehouse } from '../../ports/warehouse.ts';
import { readEntries } from '../ledger/inspect.ts';
import { type LeaseDeps, Leases } from '../ledger/leases.ts';
import { Ledger } from '../ledger/ledger.ts';
import { plannedAndListed } from '../plan/drift.ts';
import type { Plan } from '../plan/plan-document.ts';
import { rawDays } from '../plan/raw-days.ts';
import { forgetDates } from '../reconcile/rebuild.ts';
import { takeDates } from '../run/admit.ts';
import { refuseIfAsked } from '../run/asked.ts';
import { checkedRun, optionsInForce, type RecordedDeps, recordedOf } from '../run/recorded.ts';
import type { RunRecord, UndoSummary } from '../run/run-record.ts';
import { standingUndo, undoDepth } from '../run/undone.ts';
import type { Preview } from './preview.ts';
import { prunedAt } from './prune.ts';
import { keptDigests, publishToken, type RecordDeps, recordCommitted, recordGroup } from './record.ts';
import { previewTransforms } from './retire.ts';
import { changeShare, undoneDates } from './summary.ts';

export interface UndoDeps extends RecordDeps {
  readonly lake: ObjectStore;
  readonly warehouse: Warehouse;
  /** Where the changes of a run are kept. */
  changesFolder(runId: string): string;
}

export interface UndoPreview extends Preview {
  readonly outcomes: readonly UndoOutcome[];
  /** What becomes of the transforms of the run, and where. */
  readonly transforms: Pick<UndoSummary, 'transforms' | 'windows'>;
}

/**
 * Throws NotUndoable when the run published nothing, Undone when another undo of it stands, NotFound when its changes
 * are not kept any more, NotAsRecorded when they are not as they were kept, Configuration when it wrote a table that the pipeline has no more. `undo`: the one that asks.
 */
export async function refuseUndo(
  deps: Pick<UndoDeps, 'control' | 'runs' | 'stage' | 'warehouse'>,
  pipeline: CompiledPipeline,
  undone: RunRecord,
  undo?: string,
): Promise<void> {
  const { runId } = undone;
  const plan = await deps.runs.plan(undone.planId);
  const groups = await groupsOf(deps, plan, undone);
  if (groups.length === 0) {
    if ((await deps.runs.groups(runId)).length > 0) {
      throw new RepriseError(
        'NotUndoable',
        `the warehouse does not have what run ${runId} published: it was restored from an older copy, or replaced`,
        `bring back what it lacks: reprise reconcile ${pipeline.name}`,
      );
    }
    throw new RepriseError(
      'NotUndoable',
      `run ${runId} (${undone.state}) published nothing, so there is nothing to take back`,
      `see what it did: reprise status ${runId}`,
    );
  }
  const standing = await standingUndo(deps.runs, runId);
  if (standing !== undefined && standing.runId !== undo) {
    const next =
      standing.state === 'succeeded' ? 'to bring its rows back: reprise undo' : 'finish that: reprise resume';
    throw new RepriseError(
      'Undone',
      `run ${runId} was taken back by the undo ${standing.runId} (${standing.state})`,
      `${next} ${standing.runId}`,
    );
  }
  const pruned = await prunedAt(deps.runs, undone);
  if (pruned !== undefined) {
    throw new RepriseError(
      'NotFound',
      `the rows as they were before run ${runId} were removed at ${pruned} (reprise prune)`,
      'they cannot be put back; replay with mended transforms instead: reprise backfill',
    );
  }
  for (const group of groups) await refuseOtherKept(deps, undone, group);
  const lost = plan.body.tables.filter((name) => !pipeline.tables.some((table) => table.name === name));
  if (lost.length > 0) {
    throw new RepriseError(
      'Configuration',
      `run ${runId} wrote ${lost.join(', ')}, which pipeline ${pipeline.name} no longer has`,
      'undo it with the pipelines that it was run with: --pipelines FOLDER',
    );
  }
}

/** Takes the lease of the dates. Drift of raw is none of an undo's business, and it activates no transforms. */
export async function admitUndo(
  deps: LeaseDeps & Pick<UndoDeps, 'runs' | 'stage' | 'warehouse'>,
  pipeline: CompiledPipeline,
  runId: string,
): Promise<{ groups: number }> {
  const { run, recorded } = await checkedRun(deps, runId);
  const undone = await undoneBy(deps, run);
  const plan = await deps.runs.plan(run.planId);
  await refuseUndo(deps, pipeline, undone, runId);
  const withWarehouse = <T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T> => work(deps.warehouse);
  const fence = await takeDates({ ...deps, withWarehouse }, pipeline, runId, plan.body.window);
  const { planId, attempt, undoes = '', reason = '' } = run;
  const { epoch } = undone;
  await new Ledger(deps, pipeline.name).append({
    kind: 'run_started',
    runId,
    planId,
    attempt,
    reason,
    epoch,
    fence,
    undoes,
  });
  const { failure: _, finishedAt: __, ledger: ___, ...rest } = run;
  const options = optionsInForce(run, recorded);
  await deps.runs.save({ ...rest, options, state: 'running', epoch, lease: fence });
  return { groups: (await groupsOf(deps, plan, undone)).length };
}

/**
 * What taking the run back would change. Groups that an earlier attempt of the undo published are shown as they were
 * committed. `undo`: the run that does it; without one nothing is committed yet.
 */
export async function previewUndo(
  deps: UndoDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  undone: RunRecord,
  undo: { readonly runId: string; readonly folder: string },
): Promise<UndoPreview> {
  const scope = await scopeOf(deps, pipeline, plan, undone, undo.runId);
  const outcomes: UndoOutcome[] = [];
  const groupsLeft: number[] = [];
  for (const group of await groupsOf(deps, plan, undone)) {
    const committed = await deps.warehouse.committed(publishToken(undo.runId, group));
    if (committed === undefined) groupsLeft.push(group);
    outcomes.push(
      (committed as UndoOutcome | undefined) ?? (await deps.warehouse.undo(scope, group, undo.folder, undefined)),
    );
  }
  const left = outcomes.filter((outcome) => groupsLeft.includes(outcome.group));
  const done = outcomes.filter((outcome) => !left.includes(outcome));
  await recordCommitted(deps, { runId: undo.runId, pipeline: pipeline.name }, done);
  return {
    outcomes,
    transforms: await previewTransforms(deps, plan, undone, undoneDates(outcomes)),
    share: changeShare(left),
    quarantined: {},
    groupsLeft,
    changes: left.flatMap((one) => one.changes).reduce((sum, c) => sum + c.inserted + c.updated + c.deleted, 0),
  };
}

/** Takes one group back. Throws LeaseLost when another run has the dates by now, Cancelled or Paused when asked for. */
export async function undoGroup(
  deps: UndoDeps & LeaseDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
  group: number,
): Promise<UndoOutcome> {
  const { runId, lease } = run;
  const token = publishToken(runId, group);
  await refuseIfAsked(deps.runs, runId);
  await checkedRun(deps, runId);
  await new Leases(deps, pipeline.name).renew(runId, lease);
  const undone = await undoneBy(deps, run);
  await refuseOtherKept(deps, undone, group);
  const scope = await scopeOf(deps, pipeline, plan, undone, runId);
  const anchor = await new Ledger(deps, pipeline.name).last();
  const commit = { token, lease, publishedAt: isoTime(deps.clock), anchor };
  // Before the commit: what dies after it must not leave the dates as read.
  const dates = plan.body.dates.filter((date) => date.group === group).map(({ date }) => date);
  await forgetDates(deps, pipeline, dates);
  const outcome = await deps.warehouse.undo(scope, group, deps.changesFolder(runId), commit);
  await recordGroup(deps, run, outcome);
  return outcome;
}

/** The run that an undo takes back. Throws NotAsRecorded. */
export async function undoneBy(deps: RecordedDeps, undo: RunRecord): Promise<RunRecord> {
  if (undo.undoes === undefined) throw new RepriseError('Internal', `run ${undo.runId} is not an undo`, 'report this');
  return (await checkedRun(deps, undo.undoes)).run;
}

/** Throws NotAsRecorded when the rows that were kept of the group are not those that its publishing kept. */
async function refuseOtherKept(
  deps: Pick<UndoDeps, 'control' | 'stage'>,
  undone: RunRecord,
  group: number,
): Promise<void> {
  const { runId, pipeline } = undone;
  const { groups } = recordedOf(await readEntries(deps.control, pipeline), runId);
  const kept = groups.get(group)?.kept;
  if (kept === undefined) return;
  const now = await keptDigests(deps.stage, runId, group);
  const changed = Object.keys(kept).find((key) => kept[key] !== now[key]);
  if (changed === undefined) return;
  throw new RepriseError(
    'NotAsRecorded',
    `the file ${changed}, which keeps rows as they were before run ${runId}, is not as it was written`,
    `restore stage/${changed} from a backup; or replay instead: reprise backfill ${pipeline} …`,
  );
}

/** Groups that the run committed, the last it published first: an entry may have left one group for another. */
async function groupsOf(
  deps: Pick<UndoDeps, 'runs' | 'warehouse'>,
  plan: Plan,
  undone: RunRecord,
): Promise<readonly number[]> {
  const committed: number[] = [];
  for (let group = 0; group < plan.body.groups; group++) {
    if ((await deps.warehouse.committed(publishToken(undone.runId, group))) !== undefined) committed.push(group);
  }
  // A replay publishes the first group first, its undo the last, the undo of that the first again.
  return (await undoDepth(deps.runs, undone)) % 2 === 0 ? committed.reverse() : committed;
}

async function scopeOf(
  deps: UndoDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  undone: RunRecord,
  runId: string,
): Promise<UndoScope> {
  return {
    pipeline,
    runId,
    undone: {
      runId: undone.runId,
      isUndo: undone.undoes !== undefined,
      folder: deps.changesFolder(undone.runId),
    },
    window: plan.body.window,
    dates: plan.body.dates.map(({ date, group, whole }) => ({ date, group, whole })),
    sameColumns: plan.body.schemaDigest === pipeline.schemaDigest,
    restorable: await restorableObjects(deps, plan),
  };
}

/**
 * Rows do not come back when their raw object was there when the plan was made and is gone now: raw is only taken away on
 * purpose. A whole plan pinned every object that had given rows at its dates, so that one it did not pin had expired
 * before. A partial plan did not, so that only objects that are there now are sure.
 */
export async function restorableObjects(
  { control, lake }: { readonly control: ObjectStore; readonly lake: ObjectStore },
  plan: Plan,
): Promise<Restorable> {
  const { pipeline, partial } = plan.body;
  if (partial) {
    const only: string[] = [];
    for await (const { objects } of rawDays(lake, pipeline)) only.push(...objects.map(({ key }) => key));
    return { only };
  }
  const except: string[] = [];
  for await (const { planned, now } of plannedAndListed({ control, lake }, plan))
    if (now === undefined) except.push(planned.key);
  return { except };
}
