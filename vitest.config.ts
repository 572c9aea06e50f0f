// How the tests run: two processes side by side, generous limits because some of them replay whole histories, results
// also as JSON for whoever counts them.

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SECOND_MS = 1000;

/** The long ones first, so that no worker is left alone with one of them at the end. */
const LONG = [
  'crash/kill',
  'simulation/history-1',
  'simulation/history-2',
  'cli/reconcile',
  'cli/backfill',
  'cli/reconcile-states',
  'simulation/convergence',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      return found < 0 ? LONG.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fresh-build.ts'],
    // Processes, not threads: DuckDB and the runs under test start threads of their own.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 120 * SECOND_MS,
    hookTimeout: 120 * SECOND_MS,
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
  },
});
