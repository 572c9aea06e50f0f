// The retention of what runs stage and keep: staged rows, and the rows as they were before. Removes those of runs that
// ended long enough ago, once nobody needs them to go on. Records of runs and the ledger stay.

import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { isTrueOf } from '../run/states.ts';
import { standingUndo } from '../run/undone.ts';

/** How long rows are kept unless it is said otherwise: so long a run can be undone. */
export const KEEP_DAYS = 30;

export interface PruneDeps {
  readonly runs: Runs;
  readonly stage: ObjectStore;
  readonly clock: Clock;
}

export interface PrunedRun {
  readonly runId: string;
  readonly pipeline: string;
  readonly state: string;
  readonly finishedAt: string;
  readonly files: number;
  readonly bytes: number;
}

export interface Pruning {
  readonly pruned: readonly PrunedRun[];
  /** Old enough too, but somebody may still go on with them. */
  readonly kept: readonly (PrunedRun & { readonly because: string })[];
}

const DOCUMENT = 'pruned';

/** Removes what runs that ended before `keepMs` ago have in the stage; with `dryRun` only says what that is. */
export async function prune(deps: PruneDeps, keepMs: number, dryRun: boolean): Promise<Pruning> {
  const { runs: every, damaged } = await deps.runs.list();
  const before = new Date(deps.clock.nowMs() - keepMs).toISOString();
  const pruned: PrunedRun[] = [];
  const kept: (PrunedRun & { because: string })[] = [];
  for (const run of every) {
    const { runId, pipeline, state, finishedAt } = run;
    if (finishedAt === undefined || finishedAt > before) continue;
    const files = await filesOf(deps.stage, runId);
    if (files.length === 0) continue;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const one = { runId, pipeline, state, finishedAt, files: files.length, bytes };
    const lost = damaged.find((one) => planPart(one.runId) === planPart(runId));
    const because =
      lost === undefined
        ? await neededFor(deps.runs, every, run)
        : `the record of run ${lost.runId}, perhaps its undo, is damaged: reprise doctor`;
    if (because !== undefined) kept.push({ ...one, because });
    else pruned.push(one);
    if (because === undefined && !dryRun) await removeAll(deps, run, files);
  }
  return { pruned, kept };
}

/** When the rows that a run staged and kept were removed; undefined while they are there, or when it went on since. */
export async function prunedAt(runs: Runs, run: RunRecord): Promise<string | undefined> {
  const mark = await runs.document<{ readonly at: string; readonly attempt: number }>(run.runId, DOCUMENT);
  return mark?.attempt === run.attempt ? mark.at : undefined;
}

const planPart = (runId: string): string => runId.slice(0, runId.lastIndexOf('-'));

async function neededFor(runs: Runs, every: readonly RunRecord[], run: RunRecord): Promise<string | undefined> {
  const undo = every.find((one) => one.undoes === run.runId && !isTrueOf(one.state, 'isOver'));
  if (undo !== undefined) return `the undo ${undo.runId} is ${undo.state}: reprise resume ${undo.runId}`;
  if (isTrueOf(run.state, 'isOver') || (await standingUndo(runs, run.runId)) !== undefined) return undefined;
  return `it can go on: reprise resume ${run.runId}`;
}

/** The mark comes first: a crash leaves files that the next time removes, never a run that seems to have them. */
async function removeAll(
  { runs, stage, clock }: PruneDeps,
  run: RunRecord,
  files: readonly { readonly key: string }[],
): Promise<void> {
  await runs.saveDocument(run.runId, DOCUMENT, { at: isoTime(clock), attempt: run.attempt });
  // Whoever goes on with it after all stages again.
  if (run.state === 'refused' || !isTrueOf(run.state, 'isOver')) await runs.forgetStaged(run.runId);
  for (const { key } of files) await stage.remove(key);
}

async function filesOf(stage: ObjectStore, runId: string): Promise<{ key: string; bytes: number }[]> {
  const files: { key: string; bytes: number }[] = [];
  for await (const { key, bytes } of stage.list(`${runId}/`)) files.push({ key, bytes });
  return files;
}
