/**
 * What a run of a machine consists of: the options it was started with, the events it reports, and the scopes its states
 * run in. The top level is a scope, and so is every item of a map. Types and their construction; `run.ts` drives them.
 */
import { StateFailure } from './errors.ts';
import type { Bindings } from './expression.ts';
import { historyEventsMax } from './limits.ts';
import type { Flow, JsonValue, State, StateMachine } from './machine.ts';
import type { Random } from './random.ts';
import type { Clock } from './stop.ts';
import type { TaskTokens } from './tokens.ts';

export interface ExecutionOptions {
  readonly machine: StateMachine;
  /** Plain JSON, at most 256 KiB as text; so is every state's input and output (States.DataLimitExceeded). */
  readonly input: JsonValue;
  readonly executionName: string;
  readonly clock: Clock;
  /** For $random, $uuid, task tokens and retry jitter. */
  readonly seed: number;
  /**
   * `lambda:invoke`: the result comes back as {Payload, StatusCode: 200}. With `.waitForTaskToken` the result is ignored and
   * the state waits for sendTaskSuccess or sendTaskFailure. Errors: see TaskFailure. `signal` aborts on timeout, on
   * cancellation and when the map around the task has failed; the task is expected to end then.
   */
  readonly invoke: (call: TaskCall) => Promise<JsonValue>;
  /** The items of a JSONL object, one at a time; pulled only as fast as they are run. */
  readonly readItems: (reader: { bucket: string; key: string }) => AsyncIterable<JsonValue>;
  /**
   * Writes object `<prefix>/<name>`. `SUCCEEDED_<n>.json` and `FAILED_<n>.json` are a JSON array of `lines`; `manifest.json`
   * is the single document in `lines`. Needed only by machines with a ResultWriter.
   */
  readonly writeResult?: (
    writer: { bucket: string; prefix: string; name: string },
    lines: JsonValue[],
  ) => Promise<void>;
  readonly onEvent?: (event: ExecutionEvent) => void;
  /** Cancels: running tasks are aborted and waited for, then the execution ends as ABORTED. */
  readonly signal?: AbortSignal;
}

export interface TaskCall {
  readonly functionName: string;
  readonly payload: JsonValue;
  readonly taskToken?: string;
  readonly signal: AbortSignal;
}

export type ExecutionResult =
  | { readonly status: 'SUCCEEDED'; readonly output: JsonValue }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string }
  | { readonly status: 'ABORTED' };

export interface Execution {
  /** Never rejects. */
  readonly result: Promise<ExecutionResult>;
  /** @throws TaskTokenUnknown when no task waits for the token. */
  sendTaskSuccess(token: string, output: JsonValue): void;
  /** @throws TaskTokenUnknown when no task waits for the token. */
  sendTaskFailure(token: string, error: string, cause: string): void;
}

/** `path` says where: '' at the top, `Stage[12]` inside item 12 of the map state Stage. Events carry no data of the run. */
export type ExecutionEvent = { readonly path: string; readonly state: string; readonly atMs: number } & (
  | { readonly type: 'state-entered'; readonly stateType: State['Type'] }
  | { readonly type: 'state-exited'; readonly next: string | undefined }
  | { readonly type: 'state-retried'; readonly error: string; readonly retry: number; readonly delayMs: number }
  | { readonly type: 'state-caught'; readonly error: string; readonly next: string }
  | { readonly type: 'map-item-started' | 'map-item-succeeded'; readonly index: number }
  | { readonly type: 'map-item-failed'; readonly index: number; readonly error: string }
);

type Unplaced<Event> = Event extends unknown ? Omit<Event, 'path' | 'state' | 'atMs'> : never;

/** One execution: the machine's, or that of an item of a distributed map, which the service also runs as an execution. */
export interface Run {
  readonly options: ExecutionOptions;
  readonly tokens: TaskTokens;
  readonly id: string;
  readonly name: string;
  readonly input: JsonValue;
  readonly startTime: string;
  historyEvents: number;
}

export interface Scope {
  readonly run: Run;
  readonly flow: Flow;
  readonly path: string;
  /** Of this scope, and of those around it, which it can read: `load.ts` has seen to it that it never assigns them. */
  readonly variables: Map<string, JsonValue>;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Set inside an inline map; an item of a distributed map has its input only. */
  readonly item?: MapItem;
  statesEntered: number;
}

export interface MapItem {
  readonly Index: number;
  readonly Value: JsonValue;
}

/** One stay in a state, with all its retries. */
export interface Visit {
  readonly scope: Scope;
  readonly name: string;
  readonly input: JsonValue;
  readonly enteredTime: string;
  /** Tells visits of one state apart in a loop. */
  readonly number: number;
  retryCount: number;
}

export interface Beyond {
  readonly result?: JsonValue;
  readonly errorOutput?: JsonValue;
  readonly token?: string | undefined;
  readonly item?: MapItem;
  readonly random?: Random;
}

/** What expressions of the state can see; `beyond` is what only some fields of it can. */
export function bindingsAt(visit: Visit, beyond: Beyond = {}): Bindings {
  const { scope } = visit;
  const { run } = scope;
  const item = beyond.item ?? scope.item;
  const context = {
    Execution: { Id: run.id, Input: run.input, Name: run.name, StartTime: run.startTime },
    State: { Name: visit.name, EnteredTime: visit.enteredTime, RetryCount: visit.retryCount },
    StateMachine: { Id: machineArn(run.options), Name: run.options.machine.name },
    ...(beyond.token === undefined ? {} : { Task: { Token: beyond.token } }),
    ...(item === undefined ? {} : { Map: { Item: item } }),
  };
  const { result, errorOutput } = beyond;
  return {
    states: { input: visit.input, context, result, errorOutput },
    variables: scope.variables,
    random: beyond.random ?? scope.random,
    nowMs: run.options.clock.nowMs(),
  };
}

export function machineArn(options: ExecutionOptions): string {
  return `arn:aws:states:local:000000000000:stateMachine:${options.machine.name}`;
}

/** Counts `events` of history, as the service does. @throws StateFailure that nothing catches, past the limit. */
export function record(run: Run, events: number): void {
  run.historyEvents += events;
  if (run.historyEvents <= historyEventsMax) return;
  throw new StateFailure('States.Runtime', `The execution exceeded ${historyEventsMax} history events`, true);
}

export function report(visit: Visit, event: Unplaced<ExecutionEvent>): void {
  const { options } = visit.scope.run;
  const placed = { path: visit.scope.path, state: visit.name, atMs: options.clock.nowMs() };
  options.onEvent?.({ ...placed, ...event } as ExecutionEvent);
}

export function isoTime(options: ExecutionOptions): string {
  return new Date(options.clock.nowMs()).toISOString();
}
