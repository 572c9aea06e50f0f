import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadStateMachine, StateMachineInvalid } from '../../lib/asl/asl.ts';
import { machine, pass, task } from './harness.ts';

const fixtures = new URL('./fixtures/', import.meta.url);

function faultsOf(definition: unknown): string[] {
  try {
    loadStateMachine(definition, 'machine');
  } catch (thrown) {
    if (thrown instanceof StateMachineInvalid) return thrown.faults.map((fault) => `${fault.path} ${fault.message}`);
    throw thrown;
  }
  return [];
}

const processor = { StartAt: 'In', States: { In: pass('{% $states.input %}') } };
const distributed = { ...processor, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } };
const express = { ...processor, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' } };
const map = (more: object) => machine({ M: { Type: 'Map', End: true, ItemProcessor: processor, ...more } });
const only = (state: object) => machine({ S: { End: true, ...state } });
const retry = (...retriers: object[]) => machine({ S: task('f', { Retry: retriers }) });

for (const file of readdirSync(fixtures)) {
  test(`the machine of ${file} loads, frozen`, () => {
    const loaded = loadStateMachine(JSON.parse(readFileSync(new URL(file, fixtures), 'utf8')), file);
    expect(loaded.name).toBe(file);
    expect(Object.isFrozen(loaded.States)).toBe(true);
    expect(Object.values(loaded.States).every(Object.isFrozen)).toBe(true);
  });
}

const refused: [string, unknown, string][] = [
  ['not an object', 'text', '$ must be an object'],
  ['no query language', { StartAt: 'S', States: { S: { Type: 'Succeed' } } }, '$.QueryLanguage is required'],
  ['JSONPath', machine({ S: pass(1) }, { QueryLanguage: 'JSONPath' }), '$.QueryLanguage must be "JSONata"'],
  ['JSONPath in a state', only({ Type: 'Pass', QueryLanguage: 'JSONPath' }), '$.States.S.QueryLanguage must be'],
  ['an unknown top field', machine({ S: pass(1) }, { Tags: 1 }), '$.Tags is not supported here'],
  ...['InputPath', 'Parameters', 'ResultPath', 'OutputPath', 'ResultSelector'].map(
    (field): [string, unknown, string] => [
      field,
      only({ Type: 'Pass', [field]: '$' }),
      `$.States.S.${field} is a JSONPath field; only JSONata is supported`,
    ],
  ),
  ['Parallel', only({ Type: 'Parallel', Branches: [] }), '$.States.S.Type state type Parallel is not supported'],
  ['no type', only({}), '$.States.S.Type state type undefined'],
  ['a type of the prototype', only({ Type: 'toString' }), '$.States.S.Type state type toString'],
  ['an unknown state field', only({ Type: 'Pass', Result: 1 }), '$.States.S.Result is not supported here'],
  ['a heartbeat', machine({ S: task('f', { HeartbeatSeconds: 5 }) }), '$.States.S.HeartbeatSeconds is not supported'],
  ['another resource', machine({ S: task('f', { Resource: 'arn:x' }) }), '$.States.S.Resource must be "arn:aws:states'],
  ['no function', machine({ S: task('f', { Arguments: {} }) }), '$.States.S.Arguments.FunctionName is required'],
  [
    'an invocation type',
    machine({ S: task('f', { Arguments: { FunctionName: 'f', InvocationType: 'Event' } }) }),
    '$.States.S.Arguments.InvocationType is not supported',
  ],
  ['Wait until', only({ Type: 'Wait', Timestamp: 'x' }), '$.States.S.Timestamp is not supported here'],
  ['Wait of nothing', only({ Type: 'Wait' }), '$.States.S.Seconds is required'],
  ['Succeed that goes on', only({ Type: 'Succeed', Next: 'S' }), '$.States.S.Next is not supported'],
  ['Fail with output', only({ Type: 'Fail', Output: 1 }), '$.States.S.Output is not supported'],
  ['a missing target', machine({ S: pass(1, { Next: 'T' }) }), '$.States.S.Next state T does not exist'],
  ['a missing start', machine({ S: pass(1) }, { StartAt: 'T' }), '$.StartAt state T does not exist'],
  [
    'a missing catch target',
    machine({ S: task('f', { Catch: [{ ErrorEquals: ['E'], Next: 'T' }] }) }),
    '$.States.S.Catch[0].Next state T',
  ],
  [
    'a missing choice target',
    machine({ S: { Type: 'Choice', Choices: [{ Condition: true, Next: 'T' }], Default: 'U' }, Z: pass(1) }),
    '$.States.S.Choices[0].Next state T',
  ],
  [
    'a missing default',
    machine({ S: { Type: 'Choice', Choices: [{ Condition: true, Next: 'S' }], Default: 'U' } }),
    '$.States.S.Default state U',
  ],
  ['no choices', machine({ S: { Type: 'Choice', Choices: [] } }), '$.States.S.Choices must have at least 1'],
  [
    'a JSONPath rule',
    machine({ S: { Type: 'Choice', Choices: [{ Variable: '$.x', Next: 'S' }] } }),
    '$.States.S.Choices[0].Variable is a JSONPath',
  ],
  [
    'a condition of text',
    machine({ S: { Type: 'Choice', Choices: [{ Condition: 'yes', Next: 'S' }] } }),
    '$.States.S.Choices[0].Condition must be',
  ],
  ['an unreachable state', machine({ S: pass(1), T: pass(2) }), '$.States.T cannot be reached'],
  ['no end', machine({ S: pass(1, { Next: 'S' }) }), '$.States has no terminal state'],
  ['no states', { QueryLanguage: 'JSONata', StartAt: 'S', States: {} }, '$.States must be an object with at least one'],
  ['Next and End', machine({ S: { Type: 'Pass', Next: 'S', End: true } }), '$.States.S must have either Next or End'],
  ['End: false', machine({ S: { Type: 'Pass', End: false } }), '$.States.S.End must be true'],
  ['a long name', machine({ ['n'.repeat(81)]: pass(1) }), `$.States.${'n'.repeat(81)} has a name of 81 characters`],
  [
    'States.ALL in company',
    retry({ ErrorEquals: ['States.ALL', 'E'] }),
    '$.States.S.Retry[0].ErrorEquals States.ALL must stand alone',
  ],
  [
    'States.ALL early',
    retry({ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['E'] }),
    '$.States.S.Retry[0] States.ALL must be in the last',
  ],
  ['a retrier of nothing', retry({ ErrorEquals: [] }), '$.States.S.Retry[0].ErrorEquals must have'],
  ['a retrier that is null', machine({ S: task('f', { Retry: [null] }) }), '$.States.S.Retry[0] must be an object'],
  [
    'a shrinking backoff',
    retry({ ErrorEquals: ['E'], BackoffRate: 0.5 }),
    '$.States.S.Retry[0].BackoffRate must be a number',
  ],
  [
    'a small maximum delay',
    retry({ ErrorEquals: ['E'], IntervalSeconds: 5, MaxDelaySeconds: 5 }),
    '$.States.S.Retry[0].MaxDelaySeconds must be greater',
  ],
  ['a jitter', retry({ ErrorEquals: ['E'], JitterStrategy: 'SOME' }), '$.States.S.Retry[0].JitterStrategy must be'],
  ['Retry on Pass', machine({ S: pass(1, { Retry: [] }) }), '$.States.S.Retry is not supported'],
  ['no processor', machine({ S: { Type: 'Map', End: true } }), '$.States.S.ItemProcessor is required'],
  ['the old Iterator', map({ Iterator: processor }), '$.States.M.Iterator is not supported'],
  ['ItemsPath', map({ ItemsPath: '$.x' }), '$.States.M.ItemsPath is a JSONPath field'],
  ['text for items', map({ Items: 'all' }), '$.States.M.Items must be an array or an expression'],
  ...['ItemReader', 'ItemBatcher', 'ResultWriter', 'Label', 'ToleratedFailureCount', 'ToleratedFailurePercentage'].map(
    (field): [string, unknown, string] => [
      `${field} inline`,
      map({ [field]: 1 }),
      `$.States.M.${field} is not supported here`,
    ],
  ),
  [
    'a reader of CSV',
    map({
      ItemProcessor: distributed,
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'CSV' },
        Arguments: { Bucket: 'b', Key: 'k' },
      },
    }),
    '$.States.M.ItemReader.ReaderConfig.InputType must be "JSONL"',
  ],
  [
    'a listing',
    map({
      ItemProcessor: distributed,
      ItemReader: { Resource: 'arn:aws:states:::s3:listObjectsV2', Arguments: { Bucket: 'b' } },
    }),
    '$.States.M.ItemReader.Resource must be',
  ],
  [
    'batches by bytes',
    map({ ItemProcessor: distributed, ItemBatcher: { MaxInputBytesPerBatch: 9 } }),
    '$.States.M.ItemBatcher.MaxInputBytesPerBatch is not supported',
  ],
  [
    'a writer config',
    map({ ItemProcessor: distributed, ResultWriter: { WriterConfig: {} } }),
    '$.States.M.ResultWriter.WriterConfig is not supported',
  ],
  ['a label with a space', map({ ItemProcessor: distributed, Label: 'a b' }), '$.States.M.Label must be'],
  [
    'no execution type',
    map({ ItemProcessor: { ...processor, ProcessorConfig: { Mode: 'DISTRIBUTED' } } }),
    '$.States.M.ItemProcessor.ProcessorConfig.ExecutionType is required',
  ],
  [
    'an execution type inline',
    map({ ItemProcessor: { ...processor, ProcessorConfig: { Mode: 'INLINE', ExecutionType: 'EXPRESS' } } }),
    '$.States.M.ItemProcessor.ProcessorConfig.ExecutionType is for DISTRIBUTED',
  ],
  [
    'an inner target outside',
    map({ ItemProcessor: { StartAt: 'In', States: { In: pass(1, { Next: 'M' }), X: pass(1) } } }),
    '$.States.M.ItemProcessor.States.In.Next state M does not exist in this scope',
  ],
  [
    'one name twice',
    map({ ItemProcessor: { StartAt: 'M', States: { M: pass(1) } } }),
    '$.States.M.ItemProcessor.States.M has the name of $.States.M',
  ],
  [
    'a token in an EXPRESS map',
    map({
      ItemProcessor: {
        ...express,
        States: { In: task('f', { Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }) },
      },
    }),
    '$.States.M.ItemProcessor.States.In.Resource cannot wait for a token',
  ],
  ['broken JSONata', machine({ S: pass({ a: ['{% 1 + %}'] }) }), '$.States.S.Output.a[0] is not JSONata'],
  ['half an expression', machine({ S: pass('run {% 1 %}') }), '$.States.S.Output is an expression only when all of it'],
  [
    'operators of later versions',
    machine({ S: pass('{% $states.input.a ?? 1 %}') }),
    '$.States.S.Output is not JSONata',
  ],
  ['$eval', machine({ S: pass("{% $eval('1') %}") }), '$.States.S.Output $eval is not supported'],
  ['an unassigned variable', machine({ S: pass('{% $missing %}') }), '$.States.S.Output $missing is neither'],
  [
    'a result where there is none',
    machine({ S: pass('{% $states.result %}') }),
    '$.States.S.Output $states.result does not exist',
  ],
  [
    'a result in Arguments',
    machine({ S: task('f', { Arguments: { FunctionName: '{% $states.result.x %}' } }) }),
    '$.States.S.Arguments.FunctionName $states.result',
  ],
  [
    'an error outside Catch',
    machine({ S: task('f', { Output: '{% $states.errorOutput %}' }) }),
    '$.States.S.Output $states.errorOutput',
  ],
  [
    'assigning $states',
    machine({ S: pass(1, { Assign: { states: 1 } }) }),
    '$.States.S.Assign.states $states is reserved',
  ],
  [
    'assigning a path',
    machine({ S: pass(1, { Assign: { 'a.b': 1 } }) }),
    "$.States.S.Assign['a.b'] is not a variable name",
  ],
  [
    'hiding a function',
    machine({ S: pass(1, { Assign: { count: 1 } }) }),
    '$.States.S.Assign.count would hide the function $count',
  ],
  [
    'assigning outwards',
    machine({
      S: pass(1, { Assign: { x: 1 }, Next: 'M' }),
      M: { Type: 'Map', End: true, ItemProcessor: { StartAt: 'In', States: { In: pass(1, { Assign: { x: 2 } }) } } },
    }),
    '$.States.M.ItemProcessor.States.In.Assign.x $x belongs to the scope around',
  ],
  [
    'reading outwards in a distributed map',
    machine({
      S: pass(1, { Assign: { x: 1 }, Next: 'M' }),
      M: { Type: 'Map', End: true, ItemProcessor: { ...distributed, States: { In: pass('{% $x %}') } } },
    }),
    '$.States.M.ItemProcessor.States.In.Output $x is neither',
  ],
];

test.each(refused)('refuses %s', (_what, definition, expected) => {
  expect(faultsOf(definition).filter((fault) => fault.startsWith(expected))).toHaveLength(1);
});

test('names every fault at once', () => {
  const faults = faultsOf(
    machine({ S: { Type: 'Pass', Result: 1, Next: 'T' }, 'a b': { Type: 'Parallel' } }, { Version: '2' }),
  );
  expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
    '$.Version',
    '$.States.S.Next',
    '$.States',
    "$.States['a",
    '$.States.S.Result',
    "$.States['a",
  ]);
});

test('variables, parameters and bindings of an expression are known', () => {
  const source =
    "{% ($f := function($a, $b){ $a + $b + $x }; $states.input.rows@$r#$i.{ 'n': $f($i, $r) }; $map([1], function($v){$v})) %}";
  expect(faultsOf(machine({ S: pass(1, { Assign: { x: 1 }, Next: 'T' }), T: pass(source) }))).toEqual([]);
});

test('an inline map reads the variables around it, and its own', () => {
  const inner = {
    StartAt: 'In',
    States: { In: pass(1, { Assign: { y: '{% $x %}' }, Next: 'Out' }), Out: pass('{% $x + $y %}') },
  };
  const outer = { S: pass(1, { Assign: { x: 1 }, Next: 'M' }), M: { Type: 'Map', End: true, ItemProcessor: inner } };
  expect(faultsOf(machine(outer))).toEqual([]);
});
