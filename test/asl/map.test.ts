import { expect, test } from 'vitest';
import type { JsonValue } from '../../lib/asl/asl.ts';
import { failing, lines, machine, pass, run, task, untilAborted } from './harness.ts';

const succeeded = (output: unknown) => ({ status: 'SUCCEEDED', output });
const failed = (error: string, cause: unknown = expect.any(String)) => ({ status: 'FAILED', error, cause });

const inline = (inner: object, more: object = {}) => ({
  Type: 'Map',
  ItemProcessor: { StartAt: 'In', States: { In: inner } },
  ...('Next' in more ? {} : { End: true }),
  ...more,
});
const distributed = (inner: object, more: object = {}) => ({
  Type: 'Map',
  End: true,
  ItemProcessor: {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    StartAt: 'In',
    States: { In: inner },
  },
  ...more,
});
const reader = {
  ItemReader: {
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig: { InputType: 'JSONL' },
    Arguments: { Bucket: 'b', Key: 'k' },
  },
};
const writer = {
  ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'b', Prefix: 'out/' } },
};
const tick = () => new Promise((resolve) => setImmediate(resolve));

test('inline: items in order, selector, index and value, variables of its own', async () => {
  const processor = {
    StartAt: 'A',
    States: {
      A: pass('{% $states.input %}', { Assign: { y: '{% $states.context.Map.Item.Index * 10 %}' }, Next: 'B' }),
      B: pass('{% [$states.input.v, $states.context.Map.Item.Value, $y, $x] %}'),
    },
  };
  const definition = machine({
    S: pass([5, 6], { Assign: { x: 'outer' }, Next: 'M' }),
    M: {
      Type: 'Map',
      End: true,
      ItemProcessor: processor,
      ItemSelector: { v: '{% $states.context.Map.Item.Value + 1 %}' },
    },
  });
  expect((await run(definition)).result).toEqual(
    succeeded([
      [6, 5, 0, 'outer'],
      [7, 6, 10, 'outer'],
    ]),
  );
});

test('inline: none, one, and one that JSONata has collapsed', async () => {
  const over = (items: unknown, input: JsonValue) =>
    run(machine({ M: inline(pass('{% $states.input %}'), { Items: items }) }), { input });
  expect((await over('{% $states.input %}', [])).result).toEqual(succeeded([]));
  expect((await over('{% $states.input %}', [1])).result).toEqual(succeeded([1]));
  expect((await over('{% $states.input.id %}', [{ id: 1 }])).result).toEqual(failed('States.QueryEvaluationError'));
  expect((await over('{% [$states.input.id] %}', [{ id: 1 }])).result).toEqual(succeeded([1]));
  expect((await over([1, '{% 2 %}'], null)).result).toEqual(succeeded([1, 2]));
});

test('inline: the first failure stops the others, is waited for, and can be caught by its name', async () => {
  let running = 0;
  const f = async (n: number, call: { signal: AbortSignal }) => {
    if (n === 1) return failing('Bad.Item', 'one')();
    running += 1;
    return untilAborted(call.signal).finally(async () => {
      await tick();
      running -= 1;
    });
  };
  const caught = inline(task('f'), { Catch: [{ ErrorEquals: ['Bad.Item'], Next: 'R' }] });
  const ran = await run(machine({ M: caught, R: pass('{% $states.input %}') }), { input: [0, 1, 2], tasks: { f } });
  expect(ran.result).toEqual(succeeded({ Error: 'Bad.Item', Cause: 'one' }));
  expect(running).toBe(0);
  expect(ran.events.filter((event) => event.type === 'map-item-failed')).toMatchObject([
    { index: 1, error: 'Bad.Item' },
  ]);
});

test('MaxConcurrency bounds what runs, and the reader is pulled no further', async () => {
  for (const [given, bound] of [
    [3, 3],
    [0, 40],
    [undefined, 40],
  ] as const) {
    const pulled = { count: 0 };
    let [running, most, ended] = [0, 0, 0];
    const f = async () => {
      running += 1;
      most = Math.max(most, running);
      expect(pulled.count - ended).toBeLessThanOrEqual(bound);
      await tick();
      running -= 1;
      ended += 1;
    };
    const more = { ...reader, ...writer, ...(given === undefined ? {} : { MaxConcurrency: given }) };
    const ran = await run(machine({ M: distributed(task('f'), more) }), {
      tasks: { f },
      readItems: () => lines(200, pulled),
    });
    expect(ran.result.status).toBe('SUCCEEDED');
    expect([most, ended]).toEqual([bound, 200]);
  }
});

test('distributed: a child is an execution of its own', async () => {
  const seen = pass({
    input: '{% $states.context.Execution.Input %}',
    id: '{% $states.context.Execution.Id %}',
    map: '{% $exists($states.context.Map) %}',
  });
  const ran = await run(machine({ M: distributed(seen, { Items: [1], Label: 'Kids' }) }));
  expect(ran.result).toEqual(
    succeeded([{ input: 1, id: expect.stringMatching(/:execution:machine\/Kids:[0-9a-f-]{36}$/), map: false }]),
  );
});

test('ItemBatcher: batches of the size, BatchInput, index of the batch', async () => {
  const more = {
    ...reader,
    ItemSelector: '{% $states.context.Map.Item.Value.n %}',
    ItemBatcher: { MaxItemsPerBatch: '{% $states.input.size %}', BatchInput: { run: 'r' } },
  };
  const ran = await run(machine({ M: distributed(pass('{% $states.input %}'), more) }), {
    input: { size: 2 },
    readItems: () => lines(5),
  });
  expect(ran.result).toEqual(succeeded([[0, 1], [2, 3], [4]].map((Items) => ({ BatchInput: { run: 'r' }, Items }))));
  expect(ran.events.flatMap((event) => (event.type === 'map-item-started' ? [event.index] : []))).toEqual([0, 1, 2]);
});

test('MaxItems of the reader', async () => {
  const limited = { ItemReader: { ...reader.ItemReader, ReaderConfig: { InputType: 'JSONL', MaxItems: 2 } } };
  const pulled = { count: 0 };
  const ran = await run(machine({ M: distributed(pass('{% $states.input.n %}'), limited) }), {
    readItems: () => lines(9, pulled),
  });
  expect(ran.result).toEqual(succeeded([0, 1]));
  expect(pulled.count).toBe(2);
});

const every = (divisor: number) => (item: { n: number }) => (item.n % divisor === 0 ? failing('Odd.One')() : item.n);
const threshold = failed('States.ExceedToleratedFailureThreshold');
const tolerances: [string, object, number, boolean][] = [
  ['none given', {}, 10, false],
  ['count met', { ToleratedFailureCount: 1 }, 10, true],
  ['count exceeded', { ToleratedFailureCount: 1 }, 5, false],
  ['percentage met', { ToleratedFailurePercentage: 20 }, 5, true],
  ['percentage exceeded', { ToleratedFailurePercentage: 19 }, 5, false],
  ['either exceeded', { ToleratedFailurePercentage: 100, ToleratedFailureCount: 1 }, 5, false],
  ['by expression', { ToleratedFailurePercentage: '{% 10 + 10 %}' }, 5, true],
];

test.each(tolerances)('tolerated failures: %s', async (_what, tolerance, divisor, tolerated) => {
  const definition = machine({ M: distributed(task('f'), { ...reader, ...tolerance }) });
  const ran = await run(definition, { tasks: { f: every(divisor) }, readItems: () => lines(10) });
  if (!tolerated) expect(ran.result).toEqual(threshold);
  else {
    const output = (ran.result as unknown as { output: JsonValue[] }).output;
    expect(output[1]).toBe(1);
    expect(output[0]).toMatchObject({ Status: 'FAILED', Error: 'Odd.One', Cause: 'on purpose', Input: '{"n":0}' });
  }
});

test('a batch that fails counts as all of its items', async () => {
  const f = ({ Items }: { Items: { n: number }[] }) => every(9)(Items[0]!);
  const of = (count: number) => ({ ...reader, ItemBatcher: { MaxItemsPerBatch: 3 }, ToleratedFailureCount: count });
  const ended = (count: number) =>
    run(machine({ M: distributed(task('f'), of(count)) }), { tasks: { f }, readItems: () => lines(9) });
  expect((await ended(2)).result).toEqual(threshold);
  expect((await ended(3)).result.status).toBe('SUCCEEDED');
});

test('when the threshold trips, running items are told to stop and waited for, and no more are read', async () => {
  const pulled = { count: 0 };
  let running = 0;
  const f = async (item: { n: number }, call: { signal: AbortSignal }) => {
    if (item.n === 3) {
      await tick();
      return failing('E')();
    }
    running += 1;
    return untilAborted(call.signal).finally(async () => {
      await tick();
      running -= 1;
    });
  };
  const definition = machine({ M: distributed(task('f'), { ...reader, ...writer, MaxConcurrency: 5 }) });
  const ran = await run(definition, { tasks: { f }, readItems: () => lines(1000, pulled) });
  expect(ran.result).toEqual(threshold);
  expect([running, pulled.count]).toEqual([0, 5]);
  expect(ran.written.map((file) => file.key.split('/').at(-1))).toEqual(['FAILED_0.json', 'manifest.json']);
});

test('abort ends a map after its items, and is not a failed item', async () => {
  const cancel = new AbortController();
  let running = 0;
  const f = (_: never, call: { signal: AbortSignal }) => {
    running += 1;
    if (running === 4) setImmediate(() => cancel.abort());
    return untilAborted(call.signal).finally(() => (running -= 1));
  };
  const definition = machine({ M: distributed(task('f'), { ...reader, MaxConcurrency: 4 }) });
  const ran = await run(definition, { signal: cancel.signal, tasks: { f }, readItems: () => lines(100) });
  expect(ran.result).toEqual({ status: 'ABORTED' });
  expect(running).toBe(0);
  expect(ran.events.filter((event) => event.type === 'map-item-failed')).toEqual([]);
});

test('a failing reader is States.ItemReaderFailed, at the start or half-way, and can be retried', async () => {
  async function* broken() {
    yield 1;
    throw new Error('line 2 is not JSON');
  }
  const definition = machine({
    M: distributed(pass(1), { ...reader, Retry: [{ ErrorEquals: ['States.ItemReaderFailed'], MaxAttempts: 1 }] }),
  });
  const ran = await run(definition, { readItems: broken });
  expect(ran.result).toEqual(failed('States.ItemReaderFailed', 'line 2 is not JSON'));
  expect(ran.clock.sleeps).toEqual([1000]);
  expect((await run(definition)).result).toEqual(failed('States.ItemReaderFailed', 'no items in this test'));
});

test('ResultWriter: files of bounded length, the manifest, the result', async () => {
  const definition = machine({ M: distributed(task('f'), { ...reader, ...writer, ToleratedFailureCount: 1 }) });
  const f = (item: { n: number }) => (item.n === 7 ? failing('E', 'why')() : item.n);
  const ran = await run(definition, { tasks: { f }, readItems: () => lines(1502) });
  const key = expect.stringMatching(/^out\/[0-9a-f-]{36}\/manifest\.json$/);
  expect(ran.result).toEqual(
    succeeded({
      MapRunArn: expect.stringContaining(':mapRun:machine/M:'),
      ResultWriterDetails: { Bucket: 'b', Key: key },
    }),
  );
  expect(ran.written.map((file) => [file.key.split('/').at(-1), file.lines.length])).toEqual([
    ['SUCCEEDED_0.json', 1000],
    ['SUCCEEDED_1.json', 501],
    ['FAILED_0.json', 1],
    ['manifest.json', 1],
  ]);
  expect(ran.written[0]!.lines[0]).toMatchObject({ Input: '{"n":0}', Output: '0', Status: 'SUCCEEDED' });
  expect(ran.written[2]!.lines[0]).toMatchObject({ Input: '{"n":7}', Error: 'E', Cause: 'why', Status: 'FAILED' });
  const manifest = ran.written[3]!.lines[0] as { ResultFiles: Record<string, { Key: string; Size: number }[]> };
  const keys = Object.values(manifest.ResultFiles)
    .flat()
    .map((file) => file.Key);
  expect(keys.sort()).toEqual(
    ran.written
      .slice(0, 3)
      .map((file) => file.key)
      .sort(),
  );
  expect(manifest.ResultFiles.SUCCEEDED![0]!.Size).toBe(JSON.stringify(ran.written[0]!.lines).length);
});

test('ResultWriter that fails, or has nothing to write with', async () => {
  const definition = machine({ M: distributed(pass(1), { ...reader, ...writer }) });
  const writeResult = async () => {
    throw new Error('disk full');
  };
  expect((await run(definition, { writeResult, readItems: () => lines(2) })).result).toEqual(
    failed('States.ResultWriterFailed', 'disk full'),
  );
});

test('a result beyond 256 KiB needs a ResultWriter', async () => {
  const big = () => 'x'.repeat(100_000);
  const over = (more: object) =>
    run(machine({ M: distributed(task('big'), { ...reader, ...more }) }), {
      tasks: { big },
      readItems: () => lines(3),
    });
  expect((await over({})).result).toEqual(failed('States.DataLimitExceeded'));
  expect((await over(writer)).result.status).toBe('SUCCEEDED');
});

test('maps in maps', async () => {
  const inner = {
    Type: 'Map',
    End: true,
    ItemProcessor: { StartAt: 'P', States: { P: pass('{% $states.input * 2 %}') } },
  };
  expect((await run(machine({ M: distributed(inner, { Items: [[1, 2], [3]] }) }))).result).toEqual(
    succeeded([[2, 4], [6]]),
  );
  expect((await run(machine({ M: inline(inner) }), { input: [[1, 2], []] })).result).toEqual(succeeded([[2, 4], []]));
});

test('a selector that fails, fails the map', async () => {
  const ran = await run(
    machine({ M: distributed(pass(1), { ...reader, ItemSelector: '{% $states.context.Map.Item.Value.missing %}' }) }),
    { readItems: () => lines(3) },
  );
  expect(ran.result).toEqual(failed('States.QueryEvaluationError', expect.stringContaining("'ItemSelector'")));
});
