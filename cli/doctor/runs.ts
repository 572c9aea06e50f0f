// Which runs are unfinished, and that nothing newer did their work.

import { differences } from '../../engine/ledger/restore.ts';
import { stateOf } from '../../engine/run/progress.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { Runs } from '../../engine/run/runs.ts';
import { isTrueOf } from '../../engine/run/states.ts';
import { standingUndo } from '../../engine/run/undone.ts';
import { workerOf } from '../../engine/run/worker.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { Home } from '../../profiles/embedded/examination.ts';
import { leaseDepsOf } from '../../profiles/embedded/lease-deps.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { nextCommand } from '../render/run.ts';
import { plural } from '../render/text.ts';
import type { Finding, HomeCheck } from './finding.ts';

export const runsCheck: HomeCheck = {
  name: 'runs',
  run: async (home) => {
    const store = new Runs(home.control, systemClock);
    const every = await store.all();
    const findings: Finding[] = [];
    const deps = leaseDepsOf(home);
    const contradicted = await contradictedRuns(home, store, every);
    for (const [place, run] of every.entries()) {
      // The ledger knows better, and its check says how the record is written again.
      if (isTrueOf(run.state, 'isOver') || contradicted.has(run.runId)) continue;
      try {
        if ((await standingUndo(store, run.runId)) !== undefined) continue;
        if (await isOverruled(store, run, every.slice(0, place))) continue;
      } catch (error) {
        // What it needs is damaged: the check of the documents says what that is.
        if (!isRepriseError(error)) throw error;
      }
      const state = stateOf(run, await workerOf(deps, run));
      findings.push({
        state: state === 'interrupted' || state === 'failed' ? 'wrong' : 'note',
        says: `run ${run.runId} of ${run.pipeline} is ${state}, started ${run.startedAt}`,
        fix: state === 'running' ? `reprise watch ${run.runId}` : nextCommand(run),
      });
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: `${plural(every.length, 'run')}, none unfinished` }];
  },
};

/** Runs whose records are not what the ledgers say. */
async function contradictedRuns(home: Home, runs: Runs, every: readonly RunRecord[]): Promise<Set<string>> {
  const unfinished = new Set(every.filter((run) => !isTrueOf(run.state, 'isOver')).map(({ pipeline }) => pipeline));
  const found = new Set<string>();
  for (const pipeline of unfinished)
    for (const { runId } of await differences({ control: home.control, runs }, pipeline)) found.add(runId);
  return found;
}

/** Whether a newer run that still stands has finished all that this one left undone. */
async function isOverruled(store: Runs, run: RunRecord, newer: readonly RunRecord[]): Promise<boolean> {
  const windowOf = async (one: RunRecord) => (await store.plan(one.planId)).body;
  const left = await windowOf(run);
  for (const other of newer) {
    if (other.pipeline !== run.pipeline || !isTrueOf(other.state, 'isDone')) continue;
    if (other.undoes !== undefined || (await standingUndo(store, other.runId)) !== undefined) continue;
    const done = await windowOf(other);
    if (!done.partial && done.window.from <= left.window.from && done.window.to >= left.window.to) return true;
  }
  return false;
}
