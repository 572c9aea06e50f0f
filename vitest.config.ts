// How the tests run: two processes side by side, generous limits because some of them replay whole histories, results
// also as JSON for whoever counts them.

import { defineConfig } from 'vitest/config';

const SECOND_MS = 1000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fresh-build.ts'],
    // Processes, not threads: DuckDB and the runs under test start threads of their own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120 * SECOND_MS,
    hookTimeout: 120 * SECOND_MS,
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
  },
});
