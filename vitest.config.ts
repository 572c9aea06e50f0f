// How the tests run: two processes side by side, generous limits because some of them replay whole histories, results
// also as JSON for whoever counts them.

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SECOND_MS = 1000;

/** The heavy ones first, so that no worker is left alone with one of them at the end. */
const HEAVY = [
  'crash/kill',
  'cli/undo',
  'cli/backfill',
  'simulation/history-1',
  'simulation/history-2',
  'cli/reconcile',
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

export default defineConfig({
  test: {
    // The long ones try the same in more ways; `npm run test:long` runs them.
    include: [process.env.REPRISE_LONG === '1' ? 'test/**/*.long.test.ts' : 'test/**/!(*.long).test.ts'],
    globalSetup: ['test/fresh-build.ts'],
    // Processes, not threads: DuckDB and the runs under test start threads of their own.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: HeavyFirst },
    testTimeout: 120 * SECOND_MS,
    hookTimeout: 120 * SECOND_MS,
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
  },
});
