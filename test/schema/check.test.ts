// The golden corpus of schema changes: each folder of golden/ holds a declaration after a change, expected.json what the
// change means, and `before` where it does not start from golden/base.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CheckDocument } from '../../cli/render/schema.ts';
import type { SchemaChange } from '../../engine/schema/change.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { type CheckEnd, runChecks } from './checks.ts';

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

describe('a change of a declaration', () => {
  let ends: readonly CheckEnd[];
  beforeAll(async () => {
    ends = await runChecks(
      cases.map((name) => {
        const own = join(golden, name, 'before');
        const against = existsSync(own) ? own : join(golden, 'base');
        return { pipeline: 'shop', against, to: join(golden, name, 'after') };
      }),
    );
  }, 120_000);

  it('has a case for each kind there is', () => expect(cases.length).toBeGreaterThanOrEqual(12));

  it.each(cases)('%s', (name) => {
    const expected = JSON.parse(readFileSync(join(golden, name, 'expected.json'), 'utf8')) as Expected;
    const { exit, document, error } = ends[cases.indexOf(name)] as CheckEnd;
    expect(error).toBeUndefined();
    const { compatible, transformsChanged, changes } = document as CheckDocument;
    expect({ compatible, transformsChanged, changes: inOrder(changes) }).toEqual({
      ...expected,
      changes: inOrder(expected.changes),
    });
    expect(exit).toBe(expected.compatible ? 0 : 3);
  });
});
