/**
 * Runs a state machine, in this process, to its end. Read from the top: an execution runs a flow, a flow runs states one
 * after the other, a state leaves an output, variables and the next state's name. One execution; no queue, no schedule, no
 * persistence: what must survive a crash is the ledger's.
 *
 * Differences from the service, all of timing or size: children of an EXPRESS map are not cut off after 5 minutes, a
 * cancelled or timed-out task is waited for, and a lambda:invoke result carries Payload and StatusCode only.
 */
import { Aborted, StateFailure, stateFailureOf } from './errors.ts';
import {
  type Beyond,
  bindingsAt,
  type Execution,
  type ExecutionOptions,
  type ExecutionResult,
  isoTime,
  machineArn,
  type Run,
  record,
  report,
  type Scope,
  type Visit,
} from './execution.ts';
import { described, evaluateInteger, evaluateTemplate, evaluateText, queryFailure } from './expression.ts';
import { payloadBytesMax, secondsMax, variablesBytesMax } from './limits.ts';
import type { ChoiceState, FailState, JsonValue, Leaving, MapState, State, TaskState } from './machine.ts';
import { runMap } from './map.ts';
import { boundedCopy, boundedText } from './payload.ts';
import { seededRandom } from './random.ts';
import { catcherOf, retriesOf } from './retry.ts';
import { pause, stopIfAborted, stoppable } from './stop.ts';
import { runTask } from './task.ts';
import { taskTokens } from './tokens.ts';

/** Starts an execution; its states begin to run after this returns. */
export function startExecution(options: ExecutionOptions): Execution {
  const tokens = taskTokens();
  const { executionName } = options;
  const run: Run = {
    options,
    tokens,
    id: `${machineArn(options).replace(':stateMachine:', ':execution:')}:${executionName}`,
    name: executionName,
    input: options.input,
    startTime: isoTime(options),
    historyEvents: 0,
  };
  return {
    result: Promise.resolve().then(() => execute(run)),
    sendTaskSuccess: tokens.succeed,
    sendTaskFailure: tokens.fail,
  };
}

async function execute(run: Run): Promise<ExecutionResult> {
  const { machine, clock, signal, seed } = run.options;
  const stop = stoppable(signal);
  const timer = stoppable(undefined);
  let timedOut = false;
  if (machine.TimeoutSeconds !== undefined) {
    const expire = () => {
      if (timer.signal.aborted) return;
      timedOut = true;
      stop.abort();
    };
    clock.sleep(machine.TimeoutSeconds * 1000, timer.signal).then(expire, expire);
  }
  const random = seededRandom(seed);
  const shared = { flow: machine, path: '', variables: new Map(), statesEntered: 0 };
  try {
    const output = await runFlow({ ...shared, run, random, signal: stop.signal }, run.input);
    return { status: 'SUCCEEDED', output };
  } catch (thrown) {
    if (signal?.aborted) return { status: 'ABORTED' };
    if (timedOut) {
      const cause = `The execution did not end within ${machine.TimeoutSeconds} s`;
      return { status: 'FAILED', error: 'States.Timeout', cause };
    }
    const failure = stateFailureOf(thrown);
    return { status: 'FAILED', error: failure.errorName, cause: failure.message };
  } finally {
    timer.abort();
    stop.release();
  }
}

async function runFlow(scope: Scope, input: JsonValue): Promise<JsonValue> {
  let name: string | undefined = scope.flow.StartAt;
  let payload = boundedCopy(input, `the input of state ${name}`);
  while (name !== undefined) {
    stopIfAborted(scope.signal);
    const left: Left = await runState(scope, name, payload);
    name = left.next;
    payload = left.output;
  }
  return payload;
}

interface Left {
  readonly output: JsonValue;
  readonly next: string | undefined;
}

async function runState(scope: Scope, name: string, input: JsonValue): Promise<Left> {
  record(scope.run, 2);
  scope.statesEntered += 1;
  const enteredTime = isoTime(scope.run.options);
  const visit: Visit = { scope, name, input, enteredTime, number: scope.statesEntered, retryCount: 0 };
  const state = scope.flow.States[name]!;
  report(visit, { type: 'state-entered', stateType: state.Type });
  const left = await leftBy(visit, state);
  report(visit, { type: 'state-exited', next: left.next });
  return left;
}

async function leftBy(visit: Visit, state: State): Promise<Left> {
  switch (state.Type) {
    case 'Task':
      return guarded(visit, state, () => runTask(visit, state));
    case 'Map':
      return guarded(visit, state, () => runMap(visit, state, runFlow));
    case 'Choice':
      return choose(visit, state);
    case 'Pass':
      return leave(visit, state, visit.input, state.Next);
    case 'Wait': {
      const bounds = { min: 0, max: secondsMax };
      const seconds = await evaluateInteger(state.Seconds, 'Seconds', bounds, bindingsAt(visit));
      await pause(visit.scope.run.options.clock, seconds * 1000, visit.scope.signal);
      return leave(visit, state, visit.input, state.Next);
    }
    case 'Succeed':
      return leave(visit, state, visit.input, undefined);
    case 'Fail':
      throw await failureOf(visit, state);
  }
}

/** A Task or Map with its Retry and Catch. An error in Output or Assign counts as one of the attempt. */
async function guarded(visit: Visit, state: TaskState | MapState, attempt: () => Promise<JsonValue>): Promise<Left> {
  const { scope } = visit;
  const retries = retriesOf(state.Retry ?? [], scope.random);
  for (;;) {
    try {
      const result = await attempt();
      return await leave(visit, state, result, state.Next, { result });
    } catch (thrown) {
      if (thrown instanceof Aborted) throw thrown;
      // A task that fails because it was told to stop has not failed.
      stopIfAborted(scope.signal);
      const failure = stateFailureOf(thrown);
      const error = failure.errorName;
      const delayMs = retries.delayMs(failure);
      if (delayMs === undefined) {
        const catcher = catcherOf(state.Catch ?? [], failure);
        if (catcher === undefined) throw failure;
        report(visit, { type: 'state-caught', error, next: catcher.Next });
        const errorOutput = { Error: error, Cause: failure.message };
        return leave(visit, catcher, errorOutput, catcher.Next, { errorOutput });
      }
      visit.retryCount += 1;
      report(visit, { type: 'state-retried', error, retry: visit.retryCount, delayMs });
      await pause(scope.run.options.clock, delayMs, scope.signal);
    }
  }
}

async function choose(visit: Visit, state: ChoiceState): Promise<Left> {
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices[${index}]/Condition`;
    const holds = await evaluateTemplate(rule.Condition, field, bindingsAt(visit));
    if (typeof holds !== 'boolean') {
      throw queryFailure(`The field '${field}' must give a boolean, got ${described(holds)}`);
    }
    if (holds) return leave(visit, rule, visit.input, rule.Next);
  }
  if (state.Default === undefined) {
    throw new StateFailure('States.NoChoiceMatched', `No rule of ${visit.name} matched, and it has no Default`);
  }
  return leave(visit, state, visit.input, state.Default);
}

async function failureOf(visit: Visit, state: FailState): Promise<StateFailure> {
  const bindings = bindingsAt(visit);
  const error = await evaluateText(state.Error ?? 'States.Failed', 'Error', bindings);
  return new StateFailure(error, await evaluateText(state.Cause ?? '', 'Cause', bindings));
}

/** Output and Assign see the variables as they were on entry; the new values hold from the next state on. */
async function leave(
  visit: Visit,
  leaving: Leaving,
  unshaped: JsonValue,
  next: string | undefined,
  beyond: Beyond = {},
): Promise<Left> {
  const bindings = bindingsAt(visit, beyond);
  const shaped = leaving.Output === undefined ? unshaped : await evaluateTemplate(leaving.Output, 'Output', bindings);
  const output = boundedCopy(shaped, `the output of state ${visit.name}`);
  if (leaving.Assign !== undefined) {
    const assigned = await evaluateTemplate(leaving.Assign, 'Assign', bindings);
    assign(visit, JSON.parse(boundedText(assigned, `Assign of state ${visit.name}`)));
  }
  return { output, next };
}

function assign(visit: Visit, assigned: Record<string, JsonValue>): void {
  const { variables } = visit.scope;
  for (const [name, value] of Object.entries(assigned)) variables.set(name, value);
  let bytes = 0;
  for (const value of variables.values()) bytes += Buffer.byteLength(JSON.stringify(value), 'utf8');
  if (bytes <= variablesBytesMax) return;
  const cause = `The variables hold ${bytes} bytes, the limit is ${variablesBytesMax} (one Assign: ${payloadBytesMax})`;
  throw new StateFailure('States.DataLimitExceeded', cause);
}
