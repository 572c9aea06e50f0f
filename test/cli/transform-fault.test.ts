// A run whose transforms give what a column cannot hold: it stops, names column and delivery, and publishes nothing.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { repriseJson, shell } from './reprise.ts';
import { rowsOf } from './warehouse.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-fault-'));
const home = join(folder, 'home');
const pipelines = join(folder, 'pipelines');

interface Failed {
  readonly runId: string;
  readonly state: string;
  readonly failure: { readonly error: string; readonly cause: string };
  readonly next: string;
}

/** A built pipeline whose one function makes this of a price. */
function declare(made: string): void {
  const language = pathToFileURL(join(packageRoot(), 'dist', 'model', 'language.js')).href;
  const fields = pathToFileURL(join(packageRoot(), 'dist', 'model', 'fields.js')).href;
  mkdirSync(join(pipelines, 'prices'), { recursive: true });
  writeFileSync(
    join(pipelines, 'prices', 'pipeline.js'),
    `import { column, compute, definePipeline, input, listed } from '${language}';
import { decimalText, text, timeText } from '${fields}';
export const pipeline = definePipeline({
  name: 'prices',
  title: 'prices',
  sources: { shop: { versions: [1] } },
  shapes: {
    price: {
      source: 'shop', version: 1, when: { type: listed('price') }, eventType: { of: 'type' },
      fields: { id: text(), at: timeText(), price: decimalText() },
      identity: { bare: true, parts: ['id'] }, occurredAt: 'at',
    },
  },
  tables: {
    tags: { shapes: ['price'], columns: { price: column.decimal(compute({ price: input.decimal('price') }, ({ price }) => ${made})) } },
  },
});
`,
  );
}

beforeAll(async () => {
  const deliveries = ['4.25', '33.9', '7'].map((price, number) => ({
    received_at: '2026-06-01T10:00:00Z',
    source: 'shop',
    body: JSON.stringify({
      ...{ schema_version: 1, schemaVersion: 1, version: 1, type: 'price', id: `p${number}` },
      ...{ at: '2026-06-01T10:00:00Z', price },
    }),
  }));
  writeFileSync(join(folder, 'prices.ndjson'), deliveries.map((one) => `${JSON.stringify(one)}\n`).join(''));
  declare('price');
  const landed = await shell(folder, home, `./reprise land prices prices.ndjson --pipelines ${pipelines}`);
  expect(landed.exit, landed.err).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['text for a decimal', "price === 33900000000000000000n ? '33.9' : price", 'gave a string'],
  [
    'more digits than there is room for',
    'price === 33900000000000000000n ? price * 10n ** 20n : price',
    'more than 38 digits',
  ],
])('%s stops the run', async (_, made, rule) => {
  declare(made);
  const run = await repriseJson<Failed>(home, 'backfill', 'prices', '--all', '--pipelines', pipelines);
  expect(run).toMatchObject({ state: 'failed', failure: { error: 'TransformFault' } });
  expect(run.failure.cause).toMatch(/^column prices\.tags\.price: the function of \(price\) gave .*parquet#1'$/);
  expect(run.failure.cause).toContain(rule);
  expect(run.failure.cause).not.toContain('33.9');
  expect(await rowsOf(join(home, 'warehouse.duckdb'), "FROM duckdb_tables() WHERE schema_name = 'prices'")).toEqual([]);
  const shown = await shell(folder, home, `${run.next} --pipelines ${pipelines}`);
  expect(shown.exit, shown.err).toBe(0);
  expect(shown.out).toContain('a delivery that is not in the quarantine');
  expect(shown.out).toContain('today’s transforms stop at it: column prices.tags.price');
  expect(shown.out).not.toContain('33.9');
});

it('the corrected function publishes what it had stopped at', async () => {
  declare('price');
  const run = await repriseJson<Failed>(home, 'backfill', 'prices', '--all', '--pipelines', pipelines);
  expect(run.state).toBe('succeeded');
  const rows = await rowsOf(
    join(home, 'warehouse.duckdb'),
    'SELECT CAST(price AS VARCHAR) AS price FROM prices.tags ORDER BY event_id',
  );
  expect(rows.map(({ price }) => price)).toEqual([
    '4.250000000000000000',
    '33.900000000000000000',
    '7.000000000000000000',
  ]);
});
