// The keys of a decision are looked for in steps: together they find each row once, whatever the key.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { decidedSteps } from '../../adapters/duckdb-warehouse/apply.ts';

const ROWS = 100;

it.each([
  ['of an event', ['event_id']],
  ['of a part', ['event_id', 'line_no']],
  // All of one object, as when a whole object is malformed.
  ['of an entry of the quarantine', ['_raw_object', '_raw_row']],
])('finds the key %s in one step only', async (_, key) => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-steps-'));
  const duck = await openDuck({ memoryMb: 128, threads: 2, tempFolder: folder });
  try {
    await duck.run(`CREATE TABLE rows AS SELECT 'e' || (i // 2) AS event_id, i % 2 AS line_no, 'o' AS _raw_object,
      i AS _raw_row FROM range(${2 * ROWS}) AS r(i)`);
    await duck.run(`CREATE TABLE decided AS SELECT DISTINCT ${key.join(', ')},
      CASE WHEN hash(${key.join(', ')}) % 3 = 0 THEN 'unchanged' ELSE 'update' END AS action FROM rows`);
    const wanted = await duck.rows(`SELECT count(*) AS n FROM rows SEMI JOIN
      (FROM decided WHERE action = 'update') AS d USING (${key.join(', ')})`);
    const steps = await decidedSteps(duck, key, 'decided', "'update'", 10);
    expect(steps.length).toBeGreaterThan(5);
    const found: number[] = [];
    for (const step of steps)
      found.push(Number((await duck.rows(`SELECT count(*) AS n FROM rows WHERE ${step}`))[0]?.n));
    expect(found.reduce((sum, one) => sum + one, 0)).toBe(Number(wanted[0]?.n));
    expect(Math.max(...found)).toBeLessThan(Number(wanted[0]?.n) / 2);
    expect(await decidedSteps(duck, key, 'decided', "'delete'", 10)).toEqual([]);
  } finally {
    await duck.close();
    await rm(folder, { recursive: true, force: true });
  }
});
