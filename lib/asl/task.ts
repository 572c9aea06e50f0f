/** One attempt of a Task state: evaluates Arguments, invokes, waits for the result or the token, within TimeoutSeconds. */
import { StateFailure, taskFailureOf } from './errors.ts';
import { bindingsAt, record, type Visit } from './execution.ts';
import { described, evaluateInteger, evaluateTemplate, queryFailure } from './expression.ts';
import { secondsMax, timeoutGraceMs } from './limits.ts';
import type { JsonObject, JsonValue, TaskState } from './machine.ts';
import { boundedCopy } from './payload.ts';
import { abortion, type Clock, type Stop, stoppable } from './stop.ts';

/** @returns `$states.result`. @throws StateFailure, or Aborted once the invocation has ended. */
export async function runTask(visit: Visit, state: TaskState): Promise<JsonValue> {
  const { scope } = visit;
  const { options, tokens } = scope.run;
  record(scope.run, 3);
  const token = state.Resource.endsWith('.waitForTaskToken')
    ? `${options.executionName}.${scope.random.uuid()}`
    : undefined;
  const bindings = bindingsAt(visit, { token });
  const call = callOf(await evaluateTemplate(state.Arguments, 'Arguments', bindings));
  const timeoutSeconds =
    state.TimeoutSeconds === undefined
      ? undefined
      : await evaluateInteger(state.TimeoutSeconds, 'TimeoutSeconds', { min: 1, max: secondsMax }, bindings);

  const answer = token === undefined ? undefined : tokens.answer(token);
  answer?.catch(() => {});
  const stop = stoppable(scope.signal);
  const timer = stoppable(scope.signal);
  const aborted = abortion(scope.signal);
  const invoked = invoke(visit, { ...call, ...(token === undefined ? {} : { taskToken: token }), signal: stop.signal });
  const timeout = timeoutSeconds === undefined ? [] : [timeoutAfter(options.clock, timeoutSeconds, timer.signal)];
  try {
    const outcome = answer === undefined ? invoked : Promise.all([answer, invoked]).then(([output]) => output);
    const result = await Promise.race([outcome, aborted.promise, ...timeout]);
    // The token's output is the result as it stands; a plain invocation is wrapped as Lambda's API answers.
    const what = token === undefined ? 'the result of' : 'the output sent for';
    const output = boundedCopy(result, `${what} task ${visit.name}`);
    return token === undefined ? { Payload: output, StatusCode: 200 } : output;
  } finally {
    timer.abort();
    timer.release();
    aborted.release();
    if (token !== undefined) tokens.forget(token);
    await settle(invoked, stop, scope.signal, options.clock);
    stop.release();
  }
}

function callOf(evaluated: JsonValue): { functionName: string; payload: JsonValue } {
  if (typeof evaluated !== 'object' || evaluated === null || Array.isArray(evaluated)) {
    throw queryFailure(`The field 'Arguments' must give an object, got ${described(evaluated)}`);
  }
  const { FunctionName: functionName, Payload: payload = {}, ...others } = evaluated as JsonObject;
  if (typeof functionName !== 'string') throw queryFailure(`The field 'Arguments/FunctionName' must give a string`);
  if (Object.keys(others).length > 0) {
    throw new StateFailure(
      'States.Runtime',
      `Arguments of lambda:invoke not supported: ${Object.keys(others).join(', ')}`,
    );
  }
  return { functionName, payload: boundedCopy(payload, `the payload of ${functionName}`) };
}

/** Errors become failures in the language's terms here, so that whatever else is thrown is known for a fault of the runner. */
async function invoke(
  visit: Visit,
  call: Parameters<Visit['scope']['run']['options']['invoke']>[0],
): Promise<JsonValue> {
  try {
    return await visit.scope.run.options.invoke(call);
  } catch (thrown) {
    throw taskFailureOf(thrown);
  }
}

async function timeoutAfter(clock: Clock, seconds: number, timer: AbortSignal): Promise<never> {
  try {
    await clock.sleep(seconds * 1000, timer);
  } catch (thrown) {
    if (!timer.aborted) throw thrown;
  }
  if (timer.aborted) return new Promise<never>(() => {});
  throw new StateFailure('States.Timeout', `The task did not end within ${seconds} s`);
}

/**
 * Waits for an invocation that was given up on. In one process a task that outlives its state would go on writing; a
 * cancelled one is waited for without end, a timed-out one (which may be stuck) for a grace only.
 */
async function settle(invoked: Promise<unknown>, stop: Stop, cancelled: AbortSignal, clock: Clock): Promise<void> {
  const end = invoked.then(noMatter, noMatter);
  if (
    (await Promise.race([
      end,
      Promise.resolve()
        .then(noMatter)
        .then(() => 'running'),
    ])) !== 'running'
  )
    return;
  stop.abort();
  if (cancelled.aborted) return end;
  const grace = stoppable(cancelled);
  await Promise.race([end, clock.sleep(timeoutGraceMs, grace.signal).catch(() => {})]);
  grace.abort();
  grace.release();
  if (cancelled.aborted) await end;
}

function noMatter(): void {}
