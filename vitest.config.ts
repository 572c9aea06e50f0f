// How the tests run: two processes side by side, generous limits because some of them replay whole histories, results
// also as JSON for whoever counts them.

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SECOND_MS = 1000;

/** The heavy ones first, so that no worker is left alone with one of them at the end. */
const HEAVY = [
  'crash/kill.long',
  'cli/undo.long',
  'cli/backfill.long',
  'simulation/history-1.long',
  'simulation/history-2.long',
  'cli/reconcile.long',
  'local/warehouse.long',
  'cli/tampering.long',
];

class HeavyFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = HEAVY.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      return found < 0 ? HEAVY.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** Which tests run: the quick ones, those that the gate runs too, or those that try the same in many more ways. */
const INCLUDED = {
  quick: 'test/**/!(*.long|*.night).test.ts',
  long: 'test/**/*.long.test.ts',
  night: 'test/**/*.night.test.ts',
} as const;
const tier = (process.env.REPRISE_TESTS ?? 'quick') as keyof typeof INCLUDED;
if (INCLUDED[tier] === undefined) throw new Error(`REPRISE_TESTS must be quick, long or night; got \`${tier}\``);
const RESULTS = `.cache/test-results${tier === 'quick' ? '' : `-${tier}`}.json`;

export default defineConfig({
  test: {
    include: [INCLUDED[tier]],
    globalSetup: ['test/fresh-build.ts'],
    // Processes, not threads: DuckDB and the runs under test start threads of their own.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: HeavyFirst },
    testTimeout: 120 * SECOND_MS,
    hookTimeout: 120 * SECOND_MS,
    reporters: ['default', ['json', { outputFile: RESULTS }]],
  },
});
