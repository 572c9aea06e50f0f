import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failing, lines, machine, pass, run, task } from './harness.ts';

const errors = ['A', 'B', 'States.Timeout', 'States.DataLimitExceeded', undefined];
const retrier = fc.record(
  {
    ErrorEquals: fc.constantFrom(['A'], ['B'], ['A', 'B'], ['States.TaskFailed'], ['States.Timeout']),
    IntervalSeconds: fc.integer({ min: 1, max: 5 }),
    MaxAttempts: fc.integer({ min: 0, max: 3 }),
    JitterStrategy: fc.constantFrom('FULL', 'NONE'),
  },
  { requiredKeys: ['ErrorEquals'] },
);
const catcher = fc.record({
  ErrorEquals: fc.constantFrom(['A'], ['States.TaskFailed'], ['States.ALL']),
  Next: fc.constant('Recovered'),
});
const scenario = fc.record({
  seed: fc.integer(),
  retriers: fc.array(retrier, { minLength: 1, maxLength: 3 }),
  caught: fc.option(catcher, { nil: undefined }),
  script: fc.array(fc.constantFrom(...errors, null, null), { minLength: 1, maxLength: 12 }),
  items: fc.integer({ min: 0, max: 12 }),
  concurrency: fc.integer({ min: 0, max: 4 }),
  tolerance: fc.integer({ min: 0, max: 6 }),
});

/** Each item meets the same errors every time: which one comes next depends on the item and its attempts only. */
function scripted(script: readonly (string | null | undefined)[]) {
  const attempts = new Map<number, number>();
  return (item: { n: number }) => {
    const attempt = attempts.get(item.n) ?? 0;
    attempts.set(item.n, attempt + 1);
    const error = script[(item.n * 5 + attempt) % script.length];
    if (error === null) return item.n;
    return failing(error as string)();
  };
}

test('random failures and retries: the execution ends, and the same way for the same seed', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, retriers, caught, script, items, concurrency, tolerance }) => {
      const guards = { Retry: retriers, ...(caught === undefined ? {} : { Catch: [caught] }) };
      const inner = {
        StartAt: 'In',
        States: {
          In: task('f', guards),
          ...(caught === undefined ? {} : { Recovered: pass('{% [$states.input.Error, $uuid()] %}') }),
        },
      };
      const definition = machine({
        M: {
          Type: 'Map',
          End: true,
          ItemProcessor: { ...inner, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
          ItemReader: {
            Resource: 'arn:aws:states:::s3:getObject',
            ReaderConfig: { InputType: 'JSONL' },
            Arguments: { Bucket: 'b', Key: 'k' },
          },
          MaxConcurrency: concurrency,
          ToleratedFailureCount: tolerance,
        },
      });
      const once = () => run(definition, { seed, tasks: { f: scripted(script) }, readItems: () => lines(items) });
      const [first, second] = [await once(), await once()];
      expect(['SUCCEEDED', 'FAILED']).toContain(first.result.status);
      expect(second.result).toEqual(first.result);
      expect(second.clock.sleeps).toEqual(first.clock.sleeps);
      expect(second.events).toEqual(first.events);
      const of = (type: string) => first.events.filter((event) => event.type === type).length;
      expect(of('map-item-succeeded') + of('map-item-failed')).toBeLessThanOrEqual(of('map-item-started'));
    }),
    { numRuns: 60 },
  );
}, 30_000);
