// A process that may open too few files to even load the program says so, and what to do, in one line each.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../adapters/local/duckdb/sql.ts';

function withFiles(limit: number, ...args: readonly string[]): Promise<{ exit: number; out: string; err: string }> {
  const program = join(packageRoot(), 'bin', 'reprise.js');
  const line = ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, program, ...args];
  return new Promise((resolve) => {
    execFile('sh', line, (error, out, err) => resolve({ exit: error === null ? 0 : Number(error.code), out, err }));
  });
}

describe('a limit of open files', () => {
  it.each([24, 40, 64, 80])('of %i is reported without a stack trace', async (limit) => {
    const { exit, out, err } = await withFiles(limit, 'pipelines');
    expect(out).toBe('');
    expect(err).toMatch(
      /^reprise: this process may not open enough files(: \d+ are allowed)?\n {2}→ allow more: ulimit/,
    );
    expect(err).not.toMatch(/^\s+at /m);
    expect(exit).toBe(1);
  });

  it('of 256 is enough', async () => {
    expect((await withFiles(256, 'pipelines', '--json')).exit).toBe(0);
  });
});
