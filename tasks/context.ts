// What every task is given, whether it runs as a Lambda or in process. Tasks are thin: they parse their payload, call
// the engine, and let its errors carry the name that the state machine matches.

import type { LeaseDeps } from '../engine/ledger/leases.ts';
import type { Plan } from '../engine/plan/plan-document.ts';
import { refuseIfAsked } from '../engine/run/asked.ts';
import { GROUP_FAILURE } from '../engine/run/finish.ts';
import type { RunRecord } from '../engine/run/run-record.ts';
import { Runs } from '../engine/run/runs.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { isRepriseError, RepriseError } from '../model/errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { RawReader } from '../ports/raw-reader.ts';
import type { Stager } from '../ports/stage.ts';
import type { Warehouse } from '../ports/warehouse.ts';

export interface TaskContext extends LeaseDeps {
  readonly lake: ObjectStore;
  readonly stage: ObjectStore;
  readonly deliveryKey: Uint8Array;
  readonly reader: RawReader;
  pipeline(name: string): Promise<CompiledPipeline>;
  /** Works on the warehouse. Where it is a file that one process owns, others wait until the work is done. */
  withWarehouse<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>;
  /** A folder of its own below scratch, and a stager that leaves its files there. */
  stager(name: string): { readonly stager: Stager; readonly folder: string };
  /** Where the changes of a run are kept for diff, as a folder that engines can write to. */
  changesFolder(runId: string): string;
  /** Called with rows as they are read. */
  onRows(rows: number): void;
}

export type Task = (context: TaskContext, payload: unknown) => Promise<unknown>;

/**
 * The run that a payload names, and its pipeline. Throws LeaseLost for an attempt that was followed by another, Cancelled or
 * Paused when somebody asked for it.
 */
export async function attemptOf(
  context: TaskContext,
  payload: unknown,
  options: { readonly toItsEnd?: boolean } = {},
): Promise<{ runs: Runs; run: RunRecord; pipeline: CompiledPipeline }> {
  const runs = new Runs(context.control, context.clock);
  const run = await runs.run(textOf(payload, 'runId'));
  refuseFollowed(run, numberOf(payload, 'attempt'));
  if (options.toItsEnd !== true) await refuseIfAsked(runs, run.runId);
  return { runs, run, pipeline: await context.pipeline(run.pipeline) };
}

/** The same, with the whole plan, which names every raw object: for tasks that there is one of, or one for each group. */
export async function runOf(
  ...asked: Parameters<typeof attemptOf>
): Promise<{ runs: Runs; run: RunRecord; plan: Plan; pipeline: CompiledPipeline }> {
  const attempt = await attemptOf(...asked);
  return { ...attempt, plan: await attempt.runs.plan(attempt.run.planId) };
}

/**
 * Does the work of a group, unless the run was asked to stop. Why it failed is left in a document of the run: its map
 * only counts failures.
 */
export async function publishing<T>(runs: Runs, run: RunRecord, work: () => Promise<T>): Promise<T> {
  try {
    await refuseIfAsked(runs, run.runId);
    return await work();
  } catch (error) {
    if (isRepriseError(error)) {
      const failure = { attempt: run.attempt, error: error.code, cause: error.message };
      await runs.saveDocument(run.runId, GROUP_FAILURE, failure);
    }
    throw error;
  }
}

/** Throws LeaseLost when another attempt of the run has begun: this one has no say any more. */
function refuseFollowed(run: RunRecord, attempt: number): void {
  if (run.attempt === attempt) return;
  throw new RepriseError(
    'LeaseLost',
    `attempt ${attempt} of run ${run.runId} was followed by attempt ${run.attempt}`,
    `see how that one does: reprise status ${run.runId}`,
  );
}

export function textOf(payload: unknown, name: string): string {
  const value = memberOf(payload, name);
  if (typeof value !== 'string') throw new RepriseError('Internal', `the payload lacks ${name}`, 'report this');
  return value;
}

export function numberOf(payload: unknown, name: string): number {
  const value = memberOf(payload, name);
  if (typeof value !== 'number') throw new RepriseError('Internal', `the payload lacks ${name}`, 'report this');
  return value;
}

export function memberOf(payload: unknown, name: string): unknown {
  return typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>)[name] : undefined;
}

/** Writes items as JSON lines, for a map to read. */
export async function writeLines(store: ObjectStore, key: string, items: readonly unknown[]): Promise<void> {
  await store.write(key, Buffer.from(items.map((item) => `${JSON.stringify(item)}\n`).join('')), { if: 'always' });
}
