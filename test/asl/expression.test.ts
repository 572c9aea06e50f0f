import { expect, test } from 'vitest';
import { machine, pass, run, task, value } from './harness.ts';

const succeeded = (output: unknown) => ({ status: 'SUCCEEDED', output });
const query = (cause: string) => ({
  status: 'FAILED',
  error: 'States.QueryEvaluationError',
  cause: expect.stringContaining(cause),
});

const cases: [unknown, unknown][] = [
  ['plain text', 'plain text'],
  ['{% 1 + 1 %}', 2],
  ['{%1%}', 1],
  [
    { a: ['{% $states.input.n %}', 'b'], c: null },
    { a: [7, 'b'], c: null },
  ],
  // The traps of JSONata 2.0.6.
  ['{% $states.input.one.id %}', 'x'],
  ['{% [$states.input.one.id] %}', ['x']],
  ['{% $states.input.one.id[] %}', ['x']],
  ['{% $states.input.one %}', [{ id: 'x' }]],
  ['{% $states.input.one[id = "x"] %}', { id: 'x' }],
  ['{% [$states.input.none[id = "x"]] %}', []],
  ["{% {'a': $states.input.missing, 'b': 1} %}", { b: 1 }],
  ['{% $map([1], function($v){ $v }) %}', 1],
  ['{% $states.input.none %}', []],
  ['{% null %}', null],
  // The functions of Step Functions.
  ['{% $partition([1,2,3,4,5], 2) %}', [[1, 2], [3, 4], [5]]],
  ['{% $partition($states.input.one.id, 2) %}', [['x']]],
  ['{% $range(1, 9, 2) %}', [1, 3, 5, 7, 9]],
  ['{% $range(3, 1, -1) %}', [3, 2, 1]],
  ['{% $range(2, 2, 1) %}', [2]],
  ["{% $hash('a', 'SHA-1') %}", '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
  ['{% $parse(\'{"a": [1]}\') %}', { a: [1] }],
  ['{% $millis() %}', Date.UTC(2026, 0, 1)],
  ['{% $now() %}', '2026-01-01T00:00:00.000Z'],
  ["{% $now('[Y0001]-[M01]') %}", '2026-01'],
  ['{% $type($random()) %}', 'number'],
  ['{% $random(5) = $random(5) %}', true],
  ['{% $sort($shuffle([3,1,2])) %}', [1, 2, 3]],
  [
    '{% $states.context.Execution.Name & $states.context.StateMachine.Name & $states.context.State.Name %}',
    'testmachineOnly',
  ],
  ['{% $states.context.Execution.Input.n %}', 7],
  ['{% $states.context.Execution.StartTime %}', '2026-01-01T00:00:00.000Z'],
];

test.each(cases)('%j gives %j', async (template, expected) => {
  const input = { n: 7, one: [{ id: 'x' }], none: [] };
  expect(await value(template, { input })).toEqual(succeeded(expected));
});

const faults: [string, string][] = [
  ['{% $states.input.missing %}', "specified for the field 'Output' returned nothing (undefined)"],
  ['{% $uppercase(1) %}', 'threw an error'],
  ['{% $partition([1], 0) %}', 'chunk size'],
  ['{% $range(1, 2000, 1) %}', 'exceeds 1000'],
  ["{% $hash('a', 'CRC') %}", '$hash knows'],
  ["{% $parse('{') %}", 'threw an error'],
  ['{% function($x){ $x } %}', 'a function'],
  ["{% $error('stop here') %}", 'stop here'],
];

test.each(faults)('%s fails', async (template, cause) => {
  expect(await value(template)).toEqual(query(cause));
});

test('an undefined member of a template is an error that names its field', async () => {
  expect(await value({ a: [1, { b: '{% $states.input.b %}' }] })).toEqual(query("'Output/a[1]/b'"));
});

test('$uuid and $random repeat with the seed', async () => {
  const template = ['{% $uuid() %}', '{% $uuid() %}', '{% $random() %}'];
  const [first, same, other] = await Promise.all([1, 1, 2].map((seed) => value(template, { seed })));
  expect(first).toEqual(same);
  expect(first).not.toEqual(other);
  const [a, b] = (first as unknown as { output: string[] }).output;
  expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(a).not.toBe(b);
});

test('Assign and Output see the variables of entry; the next state sees the new ones', async () => {
  const definition = machine({
    A: pass(1, { Assign: { x: 1, y: 2 }, Next: 'B' }),
    B: pass('{% [$x, $y] %}', { Assign: { x: '{% $y %}', y: '{% $x %}' }, Next: 'C' }),
    C: pass({ before: '{% $states.input %}', after: '{% [$x, $y] %}' }),
  });
  expect((await run(definition)).result).toEqual(succeeded({ before: [1, 2], after: [2, 1] }));
});

test('a task cannot reach into the state of the execution', async () => {
  const meddle = (payload: { list: number[] }) => {
    payload.list.push(2);
    return undefined;
  };
  const definition = machine({ A: task('meddle', { Output: '{% [$states.input.list, $states.result.Payload] %}' }) });
  const { result } = await run(definition, { input: { list: [1] }, tasks: { meddle } });
  expect(result).toEqual(succeeded([1, null]));
});
