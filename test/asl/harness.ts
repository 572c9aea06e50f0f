/** Runs machines in tests: a clock that skips what it is told to sleep, tasks by name, and a record of all that happens. */
import {
  type Execution,
  type ExecutionEvent,
  type ExecutionOptions,
  type ExecutionResult,
  type JsonValue,
  loadStateMachine,
  startExecution,
  type TaskCall,
} from '../../lib/asl/asl.ts';

/** Time passes only when nothing else can happen; then the earliest sleeper wakes. */
export function virtualClock() {
  const sleepers: { atMs: number; wake: () => void }[] = [];
  const sleeps: number[] = [];
  let nowMs = Date.UTC(2026, 0, 1);
  let scheduled = false;
  const advance = (): void => {
    scheduled = false;
    sleepers.sort((a, b) => a.atMs - b.atMs);
    const next = sleepers.shift();
    if (next !== undefined) {
      nowMs = Math.max(nowMs, next.atMs);
      next.wake();
    }
    schedule();
  };
  const schedule = (): void => {
    if (scheduled || sleepers.length === 0) return;
    scheduled = true;
    // Several turns of the loop, so that whatever can run has run.
    setImmediate(() => setImmediate(() => setImmediate(advance)));
  };
  return {
    sleeps,
    nowMs: () => nowMs,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        sleeps.push(ms);
        const sleeper = { atMs: nowMs + ms, wake: resolve };
        sleepers.push(sleeper);
        const abort = () => {
          const index = sleepers.indexOf(sleeper);
          if (index >= 0) sleepers.splice(index, 1);
          reject(new Error('sleep aborted'));
        };
        if (signal?.aborted) abort();
        signal?.addEventListener('abort', abort, { once: true });
        schedule();
      }),
  };
}

export type Task = (payload: never, call: TaskCall) => unknown;

export interface Setup extends Partial<Omit<ExecutionOptions, 'machine' | 'invoke' | 'onEvent'>> {
  readonly tasks?: Record<string, Task>;
}

export interface Ran {
  readonly execution: Execution;
  readonly events: ExecutionEvent[];
  readonly calls: TaskCall[];
  readonly clock: ReturnType<typeof virtualClock>;
  readonly written: { bucket: string; key: string; lines: JsonValue[] }[];
}

export function start(definition: unknown, setup: Setup = {}): Ran {
  const events: ExecutionEvent[] = [];
  const calls: TaskCall[] = [];
  const written: Ran['written'] = [];
  const clock = virtualClock();
  const { tasks = {}, ...options } = setup;
  const execution = startExecution({
    input: {},
    executionName: 'test',
    clock,
    seed: 1,
    readItems: () => {
      throw new Error('no items in this test');
    },
    writeResult: async ({ bucket, prefix, name }, lines) => {
      written.push({ bucket, key: `${prefix}/${name}`, lines });
    },
    ...options,
    machine: loadStateMachine(definition, 'machine'),
    onEvent: (event) => events.push(event),
    invoke: async (call) => {
      calls.push(call);
      const task = tasks[call.functionName];
      if (task === undefined) throw new Error(`no task ${call.functionName}`);
      return (await task(call.payload as never, call)) as JsonValue;
    },
  });
  return { execution, events, calls, clock, written };
}

export async function run(definition: unknown, setup: Setup = {}): Promise<Ran & { result: ExecutionResult }> {
  const ran = start(definition, setup);
  return { ...ran, result: await ran.execution.result };
}

export function machine(states: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more };
}

/** A Task state that calls `name` with the state's input and has the payload of the answer as its output. */
export function task(name: string, more: Record<string, unknown> = {}) {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: name, Payload: '{% $states.input %}' },
    Output: '{% $states.result.Payload %}',
    ...('Next' in more ? {} : { End: true }),
    ...more,
  };
}

export function pass(output: unknown, more: Record<string, unknown> = {}) {
  return { Type: 'Pass', Output: output, ...('Next' in more ? {} : { End: true }), ...more };
}

/** The output of a machine of one Pass state. */
export async function value(output: unknown, setup: Setup = {}): Promise<ExecutionResult> {
  return (await run(machine({ Only: pass(output) }), setup)).result;
}

export function failing(errorName: string, message = 'on purpose'): () => never {
  return () => {
    throw Object.assign(new Error(message), { errorName });
  };
}

export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error('task told to stop'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}

export async function* lines(count: number, pulled?: { count: number }): AsyncGenerator<JsonValue> {
  for (let n = 0; n < count; n += 1) {
    if (pulled !== undefined) pulled.count += 1;
    yield { n };
  }
}
