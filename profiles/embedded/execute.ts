// Executes a run in process: the very state machine that ships, its tasks called directly, slices in worker threads.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Tinypool from 'tinypool';
import { MEMORY } from '../../adapters/duckdb/memory.ts';
import { asFileError } from '../../adapters/system/file-errors.ts';
import { giveBackMemory } from '../../adapters/system/give-back.ts';
import { LEASE_MS } from '../../engine/ledger/leases.ts';
import { readLines } from '../../engine/ledger/lines.ts';
import { finish, recordEnd } from '../../engine/run/finish.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { type ExecutionEvent, type JsonValue, loadStateMachine, startExecution } from '../../lib/asl/asl.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { ERROR_CODES, isRepriseError, RepriseError } from '../../model/errors.ts';
import type { TaskContext } from '../../tasks/context.ts';
import { TASKS } from '../../tasks/tasks.ts';
import { type Asking, approve } from './approval.ts';
import type { Engine } from './engine.ts';
import type { StageResult, StageWork } from './stage-worker.ts';

export interface ExecuteOptions extends Asking {
  readonly signal: AbortSignal;
  readonly onEvent: (event: ExecutionEvent) => void;
  readonly onRows: (rows: number) => void;
}

/** Drives the run to its end, whatever that is, and gives its record. */
export async function executeRun(engine: Engine, run: RunRecord, options: ExecuteOptions): Promise<RunRecord> {
  const name = run.undoes === undefined ? 'replay' : 'undo';
  const file = join(packageRoot(), 'state-machines', `${name}.asl.json`);
  const machine = loadStateMachine(JSON.parse(readFileSync(file, 'utf8')), name);
  const context = engine.taskContext(options.onRows);
  const lost = new AbortController();
  const heartbeat = beat(engine, run, lost);
  const workers = new StageWorkers(engine, run.options.maxActive, options.onRows);
  try {
    const execution = startExecution({
      machine,
      input: {
        runId: run.runId,
        attempt: run.attempt,
        maxActive: run.options.maxActive,
        stageOnly: run.options.stageOnly,
      },
      executionName: `${run.runId}-${run.attempt}`,
      clock: engine.clock,
      seed: run.attempt,
      signal: AbortSignal.any([options.signal, lost.signal]),
      onEvent: options.onEvent,
      readItems: ({ key }) => itemsOf(engine, key),
      writeResult: async ({ prefix, name }, lines) => {
        await engine.home.stage.write(`${prefix}/${name}`, Buffer.from(JSON.stringify(lines)), { if: 'always' });
      },
      invoke: async (call) => {
        const name = call.functionName.replace(/^\$\{(\w+)\}$/, '$1');
        if (name === 'StageSlice') return workers.run(call.payload);
        if (name === 'Approve') return approve(engine, run, call, options, execution);
        const result = await invokeTask(context, name, call.payload);
        // It looked at every raw object; the workers that come next need the memory.
        if (name === 'WriteSlices') giveBackMemory();
        return result;
      },
    });
    const result = await execution.result;
    if (result.status === 'ABORTED' && !lost.signal.aborted) {
      const pipeline = await engine.pipelines.compiled(run.pipeline);
      await finish({ ...context, runs: engine.runs }, pipeline, run.runId, {
        error: 'Cancelled',
        cause: 'interrupted',
      });
    }
    const record = await engine.runs.run(run.runId);
    if (record.attempt !== run.attempt) {
      throw new RepriseError(
        'LeaseLost',
        `attempt ${run.attempt} of run ${run.runId} was followed by attempt ${record.attempt}`,
        `see how that one does: reprise status ${run.runId}`,
      );
    }
    if (record.state !== 'running') return record;
    // Finish itself failed: the record still says running, so the failure is told from here.
    const cause =
      result.status === 'FAILED'
        ? `${result.error}: ${result.cause}`
        : 'the state machine ended without finishing the run';
    return await saveFailure(engine, record, result.status === 'FAILED' ? result.error : 'Internal', cause);
  } finally {
    clearInterval(heartbeat);
    await workers.close();
  }
}

/** Where not even that can be written, as on a full disk, the run is interrupted: its command and its error say so. */
async function saveFailure(engine: Engine, run: RunRecord, error: string, cause: string): Promise<RunRecord> {
  try {
    const known = error in ERROR_CODES ? error : 'Internal';
    const ended: RunRecord = { ...run, state: 'failed', failure: { error: known, cause } };
    await recordEnd(engine.controlDeps, ended);
    return ended;
  } catch (failure) {
    if (!isRepriseError(failure)) throw failure;
    throw new RepriseError(
      failure.code,
      `run ${run.runId} is interrupted: ${failure.message}`,
      `${failure.fix.replace(/, then run this again$/, '')}, then: reprise resume ${run.runId}`,
    );
  }
}

/** Renews the lease while the run is executed; aborts when another has it. */
function beat(engine: Engine, run: RunRecord, lost: AbortController): NodeJS.Timeout {
  const renew = async (): Promise<void> => {
    const now = await engine.runs.run(run.runId);
    if (now.attempt !== run.attempt) lost.abort();
    else if (now.lease !== run.lease) await engine.leases(run.pipeline).renew(run.runId, now.lease);
  };
  const timer = setInterval(() => {
    // A store that is away for a moment is no loss: the lease lasts for several beats, and the fence decides.
    renew().catch((error: unknown) => {
      if (isRepriseError(error) && error.code === 'LeaseLost') lost.abort();
    });
  }, LEASE_MS / 6);
  timer.unref();
  return timer;
}

async function invokeTask(context: TaskContext, name: string, payload: JsonValue): Promise<JsonValue> {
  const task = TASKS[name];
  if (task === undefined)
    throw new RepriseError('Internal', `the state machine calls an unknown task ${name}`, 'report this');
  try {
    return (await task(context, payload)) as JsonValue;
  } catch (fault) {
    const error = asFileError(fault);
    if (isRepriseError(error)) throw error;
    // Its message could quote a row: only the kind of error and the place pass.
    const kind = error instanceof Error ? error.name : typeof error;
    const place =
      error instanceof Error ? /\((?:file:\/\/)?[^()]*?([\w-]+\.[jt]s:\d+)/.exec(error.stack ?? '')?.[1] : undefined;
    throw new RepriseError(
      'Internal',
      `task ${name} failed with a ${kind} at ${place ?? 'an unknown place'}`,
      'resume the run; report this when it happens again',
    );
  }
}

async function* itemsOf(engine: Engine, key: string): AsyncGenerator<JsonValue> {
  for await (const line of readLines(engine.home.stage, key)) yield JSON.parse(line) as JsonValue;
}

/** What a worker holds is free again soon after the last slice, when publishing needs it. */
const IDLE_MS = 1000;

/** Worker threads, each with a DuckDB of its own; started when the first slice comes. */
class StageWorkers {
  readonly #engine: Engine;
  readonly #pool: Tinypool;
  readonly #rows = new SharedArrayBuffer(4);
  readonly #timer: NodeJS.Timeout;
  #seen = 0;
  readonly #onRows: (rows: number) => void;

  constructor(engine: Engine, workers: number, onRows: (rows: number) => void) {
    this.#engine = engine;
    this.#onRows = onRows;
    this.#pool = new Tinypool({
      runtime: 'worker_threads',
      filename: join(packageRoot(), 'dist', 'profiles', 'embedded', 'stage-worker.js'),
      minThreads: 0,
      maxThreads: workers,
      idleTimeout: IDLE_MS,
      isolateWorkers: false,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY.workerHeapMb },
    });
    this.#timer = setInterval(() => this.#report(), 200);
    this.#timer.unref();
  }

  async run(payload: JsonValue): Promise<JsonValue> {
    const work: StageWork = {
      home: this.#engine.home.path,
      pipelinesFolder: this.#engine.options.pipelinesFolder,
      payload,
      rows: this.#rows,
      turn: this.#engine.turn,
    };
    const result = (await this.#pool.run(work)) as StageResult;
    this.#report();
    if (!result.ok) throw new RepriseError(result.code, result.message, result.fix);
    return result.value as JsonValue;
  }

  #report(): void {
    const now = Atomics.load(new Int32Array(this.#rows), 0);
    if (now !== this.#seen) this.#onRows(now - this.#seen);
    this.#seen = now;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pool.destroy();
  }
}
