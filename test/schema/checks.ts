// Runs `schema check` many times in one process of the built product, where no test runner rewrites modules.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { CheckDocument } from '../../cli/render/schema.ts';
import { packageRoot } from '../../lib/package-root.ts';

export interface CheckOptions {
  readonly pipeline: string;
  readonly against?: string;
  readonly to?: string;
  readonly dbt?: string;
  readonly 'allow-breaking'?: boolean;
}

export interface CheckEnd {
  readonly exit: number;
  readonly document?: CheckDocument;
  readonly text?: string;
  /** The message of the error it ended with. */
  readonly error?: string;
}

const RUN_COMMAND = `
  const [command, checks] = process.argv.slice(1);
  const { schemaCommand } = await import(command);
  const ends = [];
  for (const check of JSON.parse(checks)) {
    let result = {};
    const terminal = { say: () => {}, result: (document, text) => { result = { document, text }; } };
    try {
      ends.push({ exit: await schemaCommand.run({ action: 'check', ...check }, terminal), ...result });
    } catch (error) {
      ends.push({ exit: error.exitCode, error: error.message });
    }
  }
  console.log(JSON.stringify(ends));`;

/** How each check ends, in their order. `folder` is where they are run. */
export async function runChecks(checks: readonly CheckOptions[], folder = packageRoot()): Promise<readonly CheckEnd[]> {
  const command = pathToFileURL(join(packageRoot(), 'dist', 'cli', 'commands', 'schema.js')).href;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', RUN_COMMAND, command, JSON.stringify(checks)],
    { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as CheckEnd[];
}
