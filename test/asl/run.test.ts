import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TaskTokenUnknown } from '../../lib/asl/asl.ts';
import { failing, lines, machine, pass, run, start, task, untilAborted, value } from './harness.ts';

const succeeded = (output: unknown) => ({ status: 'SUCCEEDED', output });
const failed = (error: string, cause: unknown = expect.any(String)) => ({ status: 'FAILED', error, cause });
const retried = (ran: Awaited<ReturnType<typeof run>>) =>
  ran.events.flatMap((event) => (event.type === 'state-retried' ? [event.delayMs] : []));

test('a task has the answer of Lambda as its result, and reports what happens', async () => {
  const definition = machine({ A: task('f', { Output: '{% $states.result %}' }) });
  const { result, events } = await run(definition, { tasks: { f: () => ({ a: 1 }) } });
  expect(result).toEqual(succeeded({ Payload: { a: 1 }, StatusCode: 200 }));
  expect(events.map(({ type, state, path }) => [type, path, state])).toEqual([
    ['state-entered', '', 'A'],
    ['state-exited', '', 'A'],
  ]);
});

test('Choice: the first rule that holds, its Output and Assign; else Default', async () => {
  const choice = {
    Type: 'Choice',
    Choices: [
      { Condition: '{% $states.input.n > 10 %}', Next: 'End', Output: 'big', Assign: { by: 'rule 0' } },
      { Condition: '{% $states.input.n > 5 %}', Next: 'End', Assign: { by: 'rule 1' } },
    ],
    Default: 'End',
    Output: 'small',
    Assign: { by: 'default' },
  };
  const definition = machine({ C: choice, End: pass('{% [$states.input, $by] %}') });
  const outputs = await Promise.all([11, 6, 1].map((n) => run(definition, { input: { n } })));
  expect(outputs.map((ran) => ran.result)).toEqual([
    succeeded(['big', 'rule 0']),
    succeeded([{ n: 6 }, 'rule 1']),
    succeeded(['small', 'default']),
  ]);
});

test('Choice without a match, or with a condition that is no boolean', async () => {
  const choice = (condition: unknown) =>
    machine({ C: { Type: 'Choice', Choices: [{ Condition: condition, Next: 'E' }] }, E: pass(1) });
  expect((await run(choice(false))).result).toEqual(failed('States.NoChoiceMatched'));
  expect((await run(choice('{% 1 %}'))).result).toEqual(failed('States.QueryEvaluationError'));
});

test('Wait sleeps on the clock; Succeed shapes; Fail evaluates', async () => {
  const wait = machine({
    W: { Type: 'Wait', Seconds: '{% $states.input.s %}', Next: 'S' },
    S: { Type: 'Succeed', Output: '{% $states.input.s %}' },
  });
  const ran = await run(wait, { input: { s: 90 } });
  expect(ran.result).toEqual(succeeded(90));
  expect(ran.clock.sleeps).toEqual([90_000]);
  expect((await run(wait, { input: { s: -1 } })).result).toEqual(failed('States.QueryEvaluationError'));
  const fail = machine({ F: { Type: 'Fail', Error: "{% 'My.' & 'Error' %}", Cause: '{% $states.input.why %}' } });
  expect((await run(fail, { input: { why: 'because' } })).result).toEqual(failed('My.Error', 'because'));
});

test('Retry: backoff, its maximum, counts per retrier, $states.context.State.RetryCount', async () => {
  let calls = 0;
  const f = (payload: { retry: number }) => {
    calls += 1;
    expect(payload.retry).toBe(calls - 1);
    return calls <= 4 ? failing('A')() : calls <= 6 ? failing('B')() : 'done';
  };
  const retry = [
    { ErrorEquals: ['A'], IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 4, MaxDelaySeconds: 20 },
    { ErrorEquals: ['States.ALL'] },
  ];
  const payload = { retry: '{% $states.context.State.RetryCount %}' };
  const ran = await run(
    machine({ T: task('f', { Retry: retry, Arguments: { FunctionName: 'f', Payload: payload } }) }),
    { tasks: { f } },
  );
  expect(ran.result).toEqual(succeeded('done'));
  expect(ran.clock.sleeps).toEqual([2000, 6000, 18000, 20000, 1000, 2000]);
});

test('Retry: FULL jitter draws from the seed, within the backoff', async () => {
  const definition = machine({
    T: task('f', { Retry: [{ ErrorEquals: ['E'], JitterStrategy: 'FULL', MaxAttempts: 5 }] }),
  });
  const [one, same, other] = await Promise.all(
    [1, 1, 2].map((seed) => run(definition, { seed, tasks: { f: failing('E') } })),
  );
  expect(retried(one!)).toEqual(retried(same!));
  expect(retried(one!)).not.toEqual(retried(other!));
  for (const [attempt, delayMs] of retried(one!).entries()) expect(delayMs).toBeLessThanOrEqual(1000 * 2 ** attempt);
});

test('a spent retrier falls to Catch, not to the next retrier', async () => {
  const retry = [
    { ErrorEquals: ['E'], MaxAttempts: 1 },
    { ErrorEquals: ['States.ALL'], MaxAttempts: 9 },
  ];
  const recovery = {
    ErrorEquals: ['E'],
    Next: 'R',
    Output: { seen: '{% $states.errorOutput %}', input: '{% $states.input %}' },
    Assign: { failure: '{% $states.errorOutput.Error %}' },
  };
  const definition = machine({
    T: task('f', { Retry: retry, Catch: [recovery] }),
    R: pass('{% $merge([$states.input, {"variable": $failure}]) %}'),
  });
  const ran = await run(definition, { input: 5, tasks: { f: failing('E', 'why') } });
  expect(ran.calls).toHaveLength(2);
  expect(ran.result).toEqual(succeeded({ seen: { Error: 'E', Cause: 'why' }, input: 5, variable: 'E' }));
  expect(ran.events.map((event) => event.type)).toContain('state-caught');
});

const matching: [string, string, boolean][] = [
  ['E', 'States.ALL', true],
  ['E', 'States.TaskFailed', true],
  ['E', 'F', false],
  ['States.Timeout', 'States.ALL', true],
  ['States.Timeout', 'States.TaskFailed', false],
  ['States.DataLimitExceeded', 'States.ALL', false],
  ['States.DataLimitExceeded', 'States.TaskFailed', false],
  ['States.DataLimitExceeded', 'States.DataLimitExceeded', true],
  ['States.Runtime', 'States.ALL', false],
  ['States.Runtime', 'States.Runtime', false],
];

test.each(matching)('%s is caught by %s: %s', async (error, by, caught) => {
  const definition = machine({
    T: task('f', { Catch: [{ ErrorEquals: [by], Next: 'R', Output: 'caught' }] }),
    R: pass('{% $states.input %}'),
  });
  const { result } = await run(definition, { tasks: { f: failing(error) } });
  expect(result).toEqual(caught ? succeeded('caught') : failed(error));
});

test('an error without a name is States.TaskFailed; default output of Catch is the error', async () => {
  const f = () => {
    throw new TypeError('plain');
  };
  const definition = machine({
    T: task('f', { Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'R' }] }),
    R: pass('{% $states.input %}'),
  });
  expect((await run(definition, { tasks: { f } })).result).toEqual(
    succeeded({ Error: 'States.TaskFailed', Cause: 'plain' }),
  );
});

test('an error in Output of a task is caught like one of the task', async () => {
  const definition = machine({
    T: task('f', {
      Output: '{% $states.result.Payload.missing %}',
      Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'R' }],
    }),
    R: pass('caught'),
  });
  expect((await run(definition, { tasks: { f: () => ({}) } })).result).toEqual(succeeded('caught'));
});

test('TimeoutSeconds of a task: States.Timeout, the task told to stop', async () => {
  let stopped = false;
  const f = (_: never, call: { signal: AbortSignal }) => untilAborted(call.signal).finally(() => (stopped = true));
  const ran = await run(machine({ T: task('f', { TimeoutSeconds: 30 }) }), { tasks: { f } });
  expect(ran.result).toEqual(failed('States.Timeout', 'The task did not end within 30 s'));
  expect(stopped).toBe(true);
  const quick = await run(machine({ T: task('f', { TimeoutSeconds: 30 }) }), { tasks: { f: () => 'quick' } });
  expect(quick.result).toEqual(succeeded('quick'));
});

test('a timed-out task that ignores its signal is given up after a grace', async () => {
  const ran = await run(machine({ T: task('f', { TimeoutSeconds: 30 }) }), {
    tasks: { f: () => new Promise(() => {}) },
  });
  expect(ran.result).toEqual(failed('States.Timeout'));
  expect(ran.clock.sleeps).toEqual([30_000, 10_000]);
});

test('TimeoutSeconds of the machine ends it, whatever is caught', async () => {
  const wait = task('f', {
    Retry: [{ ErrorEquals: ['States.ALL'] }],
    Catch: [{ ErrorEquals: ['States.ALL'], Next: 'R' }],
  });
  const f = (_: never, call: { signal: AbortSignal }) => untilAborted(call.signal);
  const ran = await run(machine({ T: wait, R: pass(1) }, { TimeoutSeconds: 5 }), { tasks: { f } });
  expect(ran.result).toEqual(failed('States.Timeout', 'The execution did not end within 5 s'));
});

const waiting = (more: object = {}) =>
  machine({
    T: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
      End: true,
      ...more,
    },
  });

test('a task token: the state waits, and its result is what is sent', async () => {
  let given: (token: string) => void = () => {};
  const token = new Promise<string>((resolve) => {
    given = resolve;
  });
  const ask = (payload: { token: string }, call: { taskToken?: string }) => {
    expect(payload.token).toBe(call.taskToken);
    given(payload.token);
    return 'ignored';
  };
  const ran = start(waiting(), { tasks: { ask } });
  const known = await token;
  ran.execution.sendTaskSuccess(known, { approved: true });
  expect(await ran.execution.result).toEqual(succeeded({ approved: true }));
  expect(() => ran.execution.sendTaskSuccess(known, 1)).toThrow(TaskTokenUnknown);
});

test('a task token: failure by name, answer from within the task, timeout, failed request', async () => {
  const catching = { Catch: [{ ErrorEquals: ['Change.Declined'], Next: 'R' }] };
  const states = { ...waiting(catching).States, R: pass('{% $states.input.Cause %}') };
  const ran = start(machine(states), {
    tasks: {
      ask: ({ token }: { token: string }) => ran.execution.sendTaskFailure(token, 'Change.Declined', 'too much'),
    },
  });
  expect(await ran.execution.result).toEqual(succeeded('too much'));
  expect((await run(waiting({ TimeoutSeconds: 9 }), { tasks: { ask: () => null } })).result).toEqual(
    failed('States.Timeout'),
  );
  expect((await run(waiting(), { tasks: { ask: failing('Mail.Down') } })).result).toEqual(failed('Mail.Down'));
});

test('abort: while waiting, while a task runs (waited for), while a token is out', async () => {
  const later = (cancel: AbortController) => setTimeout(() => cancel.abort(), 5);
  const never = { sleep: (_: number, signal?: AbortSignal) => untilAborted(signal!), nowMs: () => 0 };
  for (const definition of [
    machine({ W: { Type: 'Wait', Seconds: 5, End: true } }),
    machine({
      T: task('slow', {
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'R' }],
      }),
      R: pass(1),
    }),
    waiting(),
  ]) {
    const cancel = new AbortController();
    let ended = 0;
    const slow = (_: never, call: { signal: AbortSignal }) => untilAborted(call.signal).finally(() => (ended += 1));
    later(cancel);
    const ran = await run(definition, { clock: never, signal: cancel.signal, tasks: { slow, ask: () => null } });
    expect(ran.result).toEqual({ status: 'ABORTED' });
    expect(ended).toBe(ran.calls.filter((call) => call.functionName === 'slow').length);
  }
  expect(await value(1, { signal: AbortSignal.abort() })).toEqual({ status: 'ABORTED' });
});

test('256 KiB: input, payload, result, output', async () => {
  const big = 'x'.repeat(256 * 1024 - 1);
  const echo = machine({ T: task('f') });
  expect(await value(1, { input: big })).toEqual(failed('States.DataLimitExceeded'));
  expect(await value(1, { input: big.slice(1) })).toEqual(succeeded(1));
  expect(await value('{% $states.input & "é" %}', { input: big.slice(2) })).toEqual(failed('States.DataLimitExceeded'));
  expect((await run(echo, { tasks: { f: () => big } })).result).toEqual(failed('States.DataLimitExceeded'));
  const payload = machine({ T: task('f', { Arguments: { FunctionName: 'f', Payload: ['{% $states.input %}', 1] } }) });
  expect((await run(payload, { input: big.slice(1), tasks: { f: () => 1 } })).result).toEqual(
    failed('States.DataLimitExceeded'),
  );
});

test('a loop that never leaves ends at 25,000 events', async () => {
  const definition = machine({
    C: { Type: 'Choice', Choices: [{ Condition: false, Next: 'E' }], Default: 'C' },
    E: pass(1),
  });
  expect((await run(definition)).result).toEqual(failed('States.Runtime', expect.stringContaining('25000')));
});

test('arguments of lambda:invoke that are only seen at run time', async () => {
  const evaluated = (source: string) =>
    run(machine({ T: task('f', { Arguments: `{% ${source} %}` }) }), { tasks: { f: (payload) => payload } });
  expect((await evaluated('{"FunctionName": "f", "Payload": 3}')).result).toEqual(succeeded(3));
  expect((await evaluated('{"FunctionName": "f"}')).result).toEqual(succeeded({}));
  expect((await evaluated('{"FunctionName": 1}')).result).toEqual(failed('States.QueryEvaluationError'));
  expect((await evaluated('{"FunctionName": "f", "Qualifier": "1"}')).result).toEqual(failed('States.Runtime'));
});

const replay = JSON.parse(readFileSync(new URL('./fixtures/replay.asl.json', import.meta.url), 'utf8'));

test('a whole run: staged in batches, approved by token, published date by date', async () => {
  let admitted = 0;
  const ran = start(replay, {
    input: { planId: 'p1', maxActive: 2 },
    readItems: ({ bucket, key }) => {
      expect([bucket, key]).toEqual(['control', 'runs/r1/slices.jsonl']);
      return lines(5);
    },
    tasks: {
      admit: () => {
        admitted += 1;
        return admitted < 3 ? failing('Lease.Held')() : { runId: 'r1' };
      },
      stage: ({ Items }: { Items: { slice: number }[] }) =>
        Items[0]!.slice === 2 ? failing('Object.Unreadable')() : 'staged',
      preview: () => ({ dates: ['2026-01-01', '2026-01-02'], changed: 101, waitSeconds: 7 }),
      approve: ({ token }: { token: string }) => ran.execution.sendTaskSuccess(token, { approvedBy: 'me' }),
      publish: ({ date }: { date: string }) => date,
    },
  });
  expect(await ran.execution.result).toEqual(succeeded({ runId: 'r1', published: ['2026-01-01', '2026-01-02'] }));
  expect(ran.clock.sleeps.filter((ms) => ms !== 60_000 && ms !== 86_400_000)).toEqual([2000, 4000, 7000]);
  expect(ran.written.map((file) => file.key.split('/').at(-1))).toEqual([
    'SUCCEEDED_0.json',
    'FAILED_0.json',
    'manifest.json',
  ]);
  const refused = await run(replay, {
    input: { planId: 'p1', maxActive: 2 },
    tasks: { admit: failing('Plan.Refused', 'drift') },
  });
  expect(refused.result).toEqual(failed('Run.Refused', 'drift'));
});
