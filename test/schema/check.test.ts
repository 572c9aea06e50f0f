// The golden corpus of schema changes: each folder of golden/ holds a declaration after a change, expected.json what the
// change means, and `before` where it does not start from golden/base.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../adapters/local/duckdb/sql.ts';
import type { SchemaChange } from '../../engine/schema/compare.ts';

const golden = join(packageRoot(), 'test', 'schema', 'golden');
const cases = readdirSync(golden).filter((name) => name !== 'base');

interface Expected {
  readonly compatible: boolean;
  readonly transformsChanged: boolean;
  readonly changes: readonly Pick<SchemaChange, 'table' | 'column' | 'change' | 'breaks'>[];
}

const inOrder = (changes: Expected['changes']): string[] =>
  changes
    .map(
      ({ table, column, change, breaks }) =>
        `${table}${column ? `.${column}` : ''} ${change}${breaks ? ' breaks' : ''}`,
    )
    .sort();

/** Runs the command once for each pair of folders, in one process of the built product. */
const RUN_COMMAND = `
  const [command, ...pairs] = process.argv.slice(1);
  const { schemaCommand } = await import(command);
  const results = [];
  for (const pair of pairs) {
    const [against, to] = pair.split(' -> ');
    const args = { action: 'check', pipeline: 'shop', against, to };
    let document;
    const exit = await schemaCommand.run(args, { result: (found) => { document = found; } });
    results.push({ exit, document });
  }
  console.log(JSON.stringify(results));`;

interface Result {
  readonly exit: number;
  readonly document: Expected;
}

async function checkAll(): Promise<Map<string, Result>> {
  const pairs = cases.map((name) => {
    const own = join(golden, name, 'before');
    return `${existsSync(own) ? own : join(golden, 'base')} -> ${join(golden, name, 'after')}`;
  });
  const command = pathToFileURL(join(packageRoot(), 'dist', 'cli', 'commands', 'schema.js')).href;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    RUN_COMMAND,
    command,
    ...pairs,
  ]);
  const results = JSON.parse(stdout) as Result[];
  return new Map(cases.map((name, place) => [name, results[place] as Result]));
}

describe('a change of a declaration', () => {
  let results = new Map<string, Result>();
  beforeAll(async () => {
    results = await checkAll();
  }, 120_000);

  it('has a case for each kind there is', () => expect(cases.length).toBeGreaterThanOrEqual(12));

  it.each(cases)('%s', (name) => {
    const expected = JSON.parse(readFileSync(join(golden, name, 'expected.json'), 'utf8')) as Expected;
    const { exit, document } = results.get(name) as Result;
    const { compatible, transformsChanged, changes } = document;
    expect({ compatible, transformsChanged, changes: inOrder(changes) }).toEqual({
      ...expected,
      changes: inOrder(expected.changes),
    });
    expect(exit).toBe(expected.compatible ? 0 : 3);
  });
});
