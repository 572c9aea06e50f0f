// A new column, from the declaration to the warehouse: the run that finds it missing stops, schema apply adds it, the next
// whole replay fills it, and verification is clean.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { type RunDocument, reprise, repriseJson } from '../cli/reprise.ts';
import { type Row, rowsOf } from '../cli/warehouse.ts';
import { type BuiltCopy, buildCopy, type Edit } from './build.ts';

interface Applied {
  readonly applied: boolean;
  readonly statements: readonly string[];
  readonly added: readonly { readonly table: string; readonly column?: string }[];
  readonly refused: readonly { readonly column: string; readonly has: string; readonly wants: string }[];
  readonly kept: readonly { readonly table: string; readonly column?: string; readonly statement: string }[];
  readonly changes: readonly { readonly table: string; readonly column?: string; readonly change: string }[];
}

const WITH_TITLE_LENGTH: Edit = (text) =>
  text.replace(
    "title: column.text('./title'),",
    "title: column.text('./title'),\n        title_length: column.integer(compute({ title: input.text('./title') }, ({ title }) => BigInt((title ?? '').length))),",
  );
const WITHOUT_TITLE: Edit = (text) => WITH_TITLE_LENGTH(text, '').replace("title: column.text('./title'),", '');
const TITLE_LENGTH_AS_TEXT: Edit = (text) =>
  text.replace(
    "title: column.text('./title'),",
    "title: column.text('./title'),\n        title_length: column.text('./title'),",
  );
const WITHOUT_STOCK: Edit = (text) => text.replace(/ {4}stock_changes: \{[\s\S]*?\n {4}\},\n/, '');
const OTHER_TOTALS: Edit = (text) =>
  WITH_TITLE_LENGTH(text, '').replaceAll('orderTotal(quantities, prices)', 'orderTotal(quantities.slice(1), prices)');

let folder: string;
let home: string;
const copies: BuiltCopy[] = [];
const built = async (edit: Edit): Promise<string> => {
  const copy = await buildCopy('pulsecart', ['pipeline.ts'], edit);
  copies.push(copy);
  return copy.pipelines;
};
const sql = (statement: string): Promise<Row[]> => rowsOf(join(home, 'warehouse.duckdb'), statement);
const apply = (pipelines: string, ...more: string[]): Promise<Applied> =>
  repriseJson<Applied>(home, 'schema', 'apply', 'pulsecart', '--pipelines', pipelines, ...more);

async function applications(): Promise<{ columns: number; changes: Applied['changes'] }[]> {
  const ledger = join(home, 'control', 'ledger', 'pulsecart');
  const entries = await Promise.all((await readdir(ledger)).sort().map((file) => readFile(join(ledger, file), 'utf8')));
  return entries.map((text) => JSON.parse(text)).filter((entry) => entry.kind === 'schema_applied');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-schema-'));
  home = join(folder, 'home');
  const file = join(folder, 'orders.ndjson');
  await writeFile(file, toNdjson(samples.generate({ seed: 7, events: 300, from: '2026-06-01', days: 2 })));
  await repriseJson(home, 'land', 'pulsecart', file);
  expect((await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all')).state).toBe('succeeded');
}, 120_000);
afterAll(async () => {
  for (const copy of copies) copy.remove();
  await rm(folder, { recursive: true, force: true });
});

describe('schema apply', () => {
  it('begins with what there is: nothing to add, counted in the ledger', async () => {
    const first = await repriseJson<Applied>(home, 'schema', 'apply', 'pulsecart');
    expect(first).toMatchObject({ applied: true, statements: [], refused: [], kept: [], changes: [] });
    await repriseJson<Applied>(home, 'schema', 'apply', 'pulsecart');
    expect(await applications()).toMatchObject([{ columns: expect.any(Number), changes: [] }]);
  });

  it('adds a column, which the next whole replay fills', async () => {
    const pipelines = await built(WITH_TITLE_LENGTH);
    const lines = Number((await sql('SELECT CAST(count(*) AS INTEGER) AS n FROM pulsecart.order_lines'))[0]?.n);
    expect(lines).toBeGreaterThan(50);

    const tooEarly = await reprise(home, 'backfill', 'pulsecart', '--all', '--pipelines', pipelines);
    expect([tooEarly.exit, tooEarly.err + tooEarly.out]).toEqual([
      1,
      expect.stringContaining('reprise schema apply pulsecart'),
    ]);

    const statements = ['ALTER TABLE pulsecart.order_lines ADD COLUMN "title_length" BIGINT;'];
    expect(await apply(pipelines, '--dry-run')).toMatchObject({ applied: false, statements });
    expect(await apply(pipelines)).toMatchObject({
      applied: true,
      statements,
      changes: [{ table: 'order_lines', column: 'title_length', change: 'added' }],
    });
    expect(await apply(pipelines)).toMatchObject({ applied: true, statements: [], changes: [] });
    expect(await sql('SELECT count(*) AS n FROM pulsecart.order_lines WHERE title_length IS NOT NULL')).toMatchObject([
      { n: 0n },
    ]);

    const run = await repriseJson<RunDocument & { verified: { ok: boolean } }>(
      home,
      'backfill',
      'pulsecart',
      '--all',
      '--pipelines',
      pipelines,
    );
    expect([run.state, run.verified.ok]).toEqual(['succeeded', true]);
    expect(run.tables['pulsecart.order_lines']).toMatchObject({ updated: lines, inserted: 0, deleted: 0 });
    const filled =
      'SELECT CAST(count(*) AS INTEGER) AS n FROM pulsecart.order_lines WHERE title_length = length(title)';
    expect(await sql(filled)).toEqual([{ n: lines }]);

    const verified = await repriseJson<{ ok: boolean; differencesTotal: number }>(
      home,
      'verify',
      'pulsecart',
      '--pipelines',
      pipelines,
    );
    expect(verified).toMatchObject({ ok: true, differencesTotal: 0 });
    const again = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--pipelines', pipelines);
    expect(again.state).toBe('nothing_to_do');
  }, 120_000);

  it('refuses another type, names the statement, and changes nothing', async () => {
    const pipelines = await built(TITLE_LENGTH_AS_TEXT);
    const before = await applications();
    const refused = await reprise(home, 'schema', 'apply', 'pulsecart', '--pipelines', pipelines, '--json');
    expect(refused.exit).toBe(3);
    expect(JSON.parse(refused.out)).toMatchObject({
      applied: false,
      refused: [
        {
          table: 'order_lines',
          column: 'title_length',
          has: 'BIGINT',
          wants: 'VARCHAR',
          statement: 'ALTER TABLE pulsecart.order_lines ALTER COLUMN "title_length" SET DATA TYPE VARCHAR;',
        },
      ],
    });
    expect(await applications()).toEqual(before);
  }, 60_000);

  it('leaves a column and a table that are not declared any more, and says so', async () => {
    const pipelines = await built((text, file) => WITHOUT_STOCK(WITHOUT_TITLE(text, file), file));
    const done = await apply(pipelines);
    expect(done.kept).toEqual([
      { table: 'order_lines', column: 'title', statement: 'ALTER TABLE pulsecart.order_lines DROP COLUMN "title";' },
      { table: 'stock_changes', statement: 'DROP TABLE pulsecart."stock_changes";' },
    ]);
    expect(done.changes.map(({ table, column, change }) => [table, column, change])).toEqual([
      ['order_lines', 'title', 'removed'],
      ['stock_changes', undefined, 'removed'],
    ]);
    const titles = 'SELECT CAST(count(title) AS INTEGER) AS n FROM pulsecart.order_lines';
    const before = await sql(titles);
    expect(Number(before[0]?.n)).toBeGreaterThan(50);
    const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--pipelines', pipelines);
    expect(run.state).toBe('succeeded');
    // The run rewrites the rows, and what nothing declares stays in them.
    expect(await sql(titles)).toEqual(before);
  }, 120_000);

  it('records a change of meaning too, and churn names the month above the limit', async () => {
    const pipelines = await built(OTHER_TOTALS);
    expect((await apply(pipelines)).changes).toContainEqual(
      expect.objectContaining({ table: 'orders', column: 'total', change: 'meaning', breaks: true }),
    );
    const churn = await repriseJson<{
      ok: boolean;
      months: { month: string; changed: number; columns: number; share: number; isAbove: boolean; what: string[] }[];
    }>(home, 'schema', 'churn', 'pulsecart', '--pipelines', pipelines);
    expect(churn.months).toHaveLength(1);
    expect(churn.ok).toBe(false);
    expect(churn.months[0]).toMatchObject({ month: new Date().toISOString().slice(0, 7), isAbove: true });
    expect(churn.months[0]?.what).toEqual([
      'order_lines.title',
      'order_lines.title_length',
      'orders.total',
      'stock_changes',
    ]);
    expect((await reprise(home, 'schema', 'churn', 'pulsecart', '--limit', '90%')).out).not.toContain('above');
  }, 60_000);
});
