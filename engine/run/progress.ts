// How far a run is, from what is recorded as done: slices staged, groups published, who executes it, what was asked.

import { isRepriseError } from '../../model/errors.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import type { LeaseDeps } from '../ledger/leases.ts';
import type { Plan } from '../plan/plan-document.ts';
import { type Asked, askedOf } from './asked.ts';
import { decisionOf, type Waiting, waitingOf } from './decision.ts';
import type { Decision } from './recorded.ts';
import type { RunRecord } from './run-record.ts';
import type { Runs } from './runs.ts';
import { isTrueOf, type RunState } from './states.ts';
import { type Worker, workerOf } from './worker.ts';

export interface GroupDates {
  readonly group: number;
  readonly dates: readonly string[];
}

/** `interrupted`: recorded as running, but the process that executed it is gone or silent. */
export type ShownState = RunState | 'interrupted';

export interface Progress {
  readonly run: RunRecord;
  readonly state: ShownState;
  readonly worker: Worker | undefined;
  readonly reason: string;
  readonly slices: { readonly planned: number; readonly staged: number };
  readonly groups: {
    readonly planned: number;
    readonly published: readonly GroupDates[];
    readonly left: readonly GroupDates[];
  };
  readonly asked: Asked | undefined;
  readonly decision: Decision | undefined;
  readonly waiting: Waiting | undefined;
}

export interface ProgressDeps extends LeaseDeps {
  readonly runs: Runs;
}

export async function progressOf(deps: ProgressDeps, runId: string): Promise<Progress> {
  const { runs } = deps;
  // The worker first: a process that ends in between has then written its end.
  const before = await runs.run(runId);
  const worker = await workerOf(deps, before);
  const run = await runs.run(runId);
  const plan = await runs.plan(run.planId);
  const published = new Set((await runs.groups(runId)).map(({ group }) => group));
  const groups = await groupsOf(runs, run, plan);
  return {
    run,
    state: stateOf(run, worker),
    worker,
    reason: run.reason ?? plan.reason,
    slices: {
      planned: run.undoes === undefined ? plan.body.slices.count : 0,
      staged: run.undoes === undefined ? (await runs.slices(runId)).length : 0,
    },
    groups: {
      planned: groups.length,
      published: groups.filter(({ group }) => published.has(group)),
      left: isTrueOf(run.state, 'isDone') ? [] : groups.filter(({ group }) => !published.has(group)),
    },
    asked: await askedOf(runs, runId),
    decision: await unlessBroken(decisionOf(deps, run)),
    waiting: await unlessBroken(waitingOf(deps, run)),
  };
}

/** How far a run is can be seen although its ledger is broken, which other commands say. */
async function unlessBroken<T>(found: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isRepriseError(error) && error.code === 'LedgerBroken') return undefined;
    throw error;
  }
}

export const stateOf = (run: RunRecord, worker: Worker | undefined): ShownState =>
  run.state === 'running' && worker === undefined ? 'interrupted' : run.state;

/** The groups of the plan; of an undo those that it found something in. */
async function groupsOf(runs: Runs, run: RunRecord, plan: Plan): Promise<GroupDates[]> {
  const datesOf = (group: number): GroupDates => ({
    group,
    dates: plan.body.dates.filter((date) => date.group === group).map(({ date }) => date),
  });
  if (run.undoes === undefined) return Array.from({ length: plan.body.groups }, (_, group) => datesOf(group));
  const preview = await runs.document<{ outcomes: readonly GroupOutcome[] }>(run.runId, 'preview');
  return (preview?.outcomes ?? []).map(({ group }) => datesOf(group));
}
