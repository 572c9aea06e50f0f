// Damage that only doctor sees before a command trips over it: pages of the catalog, tables, columns and the warehouse's
// own notes, and a record that the ledger contradicts. What it prints repairs everything.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from './shop.ts';

const shop = new Shop();
const DAYS = ['2026-06-01', '2026-06-02'];
let runId = '';

interface Found {
  readonly check: string;
  readonly state: string;
  readonly says: string;
  readonly fix?: string;
}

beforeAll(async () => {
  shop.declare();
  await shop.land(
    ...DAYS.flatMap((day) =>
      [1, 2].map((number) => ({
        ...{ id: `${day}-${number}`, at: `${day}T10:00:00Z`, note: 'n', memo: 'm' },
        ...{ lines: ['x'], marks: [`mark ${day} ${number}`] },
      })),
    ),
  );
  runId = (await shop.json<{ runId: string }>('reprise backfill shop --all')).runId;
}, 120_000);
afterAll(() => shop.remove());

const found = async (): Promise<Found[]> =>
  (await shop.json<{ checks: Found[] }>('reprise doctor')).checks.filter(({ state }) => state !== 'ok');

const content = async (): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for (const table of ['events', 'sales', 'lines', 'marks'])
    rows.push(...(await shop.sql(`SELECT * EXCLUDE (_run_id, _published_at) FROM shop.${table} ORDER BY ALL`)));
  return rows;
};

/** Types every command of the fixes, in their order. */
async function typed(fixes: readonly (string | undefined)[]): Promise<void> {
  for (const command of new Set(fixes.flatMap((fix) => fix?.split(', then ') ?? []))) {
    const { exit, out, err } = await shop.type(command);
    expect(exit, `${command}\n${out}\n${err}`).toBe(0);
  }
}

it('names pages, columns, fences and a record that differ, and repairs them', async () => {
  const before = await content();
  const catalog = join(shop.home, 'control', 'catalog');
  const pages = (readdirSync(catalog, { recursive: true }) as string[]).filter((name) => name.endsWith('.parquet'));
  for (const page of pages) writeFileSync(join(catalog, page), 'garbage');
  await shop.sql('ALTER TABLE shop.sales DROP COLUMN note');
  await shop.sql("DELETE FROM reprise.fences WHERE event_date = DATE '2026-06-01'");
  const record = join(shop.home, 'control', 'runs', runId, 'run.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace('"succeeded"', '"cancelled"'));

  const findings = await found();
  expect(findings.map(({ check, state, fix }) => [check, state, fix])).toEqual([
    ['tables', 'wrong', 'reprise schema apply shop, then reprise backfill shop --all --repair'],
    ['ledger', 'wrong', 'reprise ledger restore shop'],
    ...pages.map(() => ['documents', 'note', 'reprise catalog build shop']),
    ['published', 'wrong', 'reprise backfill shop --from 2026-06-01 --to 2026-06-02'],
  ]);
  expect(findings[0]?.says).toContain('the column note of shop.sales');
  // First the record and the catalog, without which nothing is planned.
  await typed(findings.filter(({ check }) => check === 'ledger' || check === 'documents').map(({ fix }) => fix));

  const refused = await shop.type('reprise verify shop');
  expect(refused.exit).toBe(2);
  expect(refused.err).toContain('table shop.sales lacks note');
  expect(refused.err).toContain('→ bring the tables to the declaration first: reprise schema apply shop');
  const applied = await shop.type('reprise schema apply shop');
  expect(applied.out).toContain('next: reprise backfill shop --all --repair');
  await typed(['reprise backfill shop --all --repair']);
  expect((await shop.type('reprise verify shop')).exit).toBe(0);
  expect(await content()).toEqual(before);
  expect(await found()).toEqual([]);
}, 240_000);

it('names a table and transactions that are missing, and repairs them', async () => {
  const before = await content();
  await shop.sql('DROP TABLE shop.sales');
  await shop.sql('DELETE FROM reprise.commits');
  const findings = await found();
  expect(findings).toMatchObject([
    {
      check: 'tables',
      says: 'the warehouse lacks the table shop.sales, which was there and was removed',
      fix: 'reprise schema apply shop, then reprise backfill shop --all --repair',
    },
    { check: 'published', fix: 'reprise backfill shop --from 2026-06-01 --to 2026-06-03' },
  ]);
  const refused = await shop.type('reprise verify shop');
  expect(refused.exit).toBe(2);
  expect(refused.err).toContain('the warehouse has no table shop.sales');
  expect(refused.err).toContain('reprise schema apply shop');
  await typed(findings.map(({ fix }) => fix));
  expect((await shop.type('reprise verify shop')).exit).toBe(0);
  expect(await content()).toEqual(before);
  expect(await found()).toEqual([]);
}, 240_000);
