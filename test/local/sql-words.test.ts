// Names that SQL reserves are refused when a declaration is checked; every other word of SQL works, as a schema, a table
// and a column, in every statement of a publish.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { sql } from '../../adapters/duckdb/sql.ts';
import { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { compilePipeline } from '../../model/compile.ts';
import { text, timeText } from '../../model/fields.ts';
import { sealKey } from '../../model/keyed.ts';
import { column, definePipeline, type Pipeline, listed as words } from '../../model/language.ts';
import { SQL_WORDS } from '../../model/words.ts';
import { scopeObjects } from '../../simulator/scope.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-words-'));
const DATE = '2026-06-01';
let duck: Duck;
let keywords: readonly { readonly word: string; readonly category: string }[];

beforeAll(async () => {
  duck = await openDuck({
    memoryMb: 512,
    threads: 1,
    tempFolder: join(folder, 'spill'),
    preserveInsertionOrder: false,
  });
  const rows = await duck.rows('SELECT keyword_name AS word, keyword_category AS category FROM duckdb_keywords()');
  keywords = rows.map((row) => ({ word: String(row.word), category: String(row.category) }));
});
afterAll(async () => {
  await duck.close();
  rmSync(folder, { recursive: true, force: true });
});

function declared(schema: string, table: string, columns: readonly string[]): Pipeline {
  return definePipeline({
    name: schema,
    title: 'a pipeline of words',
    sources: { shop: { versions: [1] } },
    shapes: {
      sale: {
        source: 'shop',
        version: 1,
        when: { type: words('sale') },
        eventType: { of: 'type' },
        fields: { id: text(), at: timeText(), note: text() },
        identity: { bare: true, parts: ['id'] },
        occurredAt: 'at',
      },
    },
    tables: {
      [table]: { shapes: ['sale'], columns: Object.fromEntries(columns.map((name) => [name, column.text('note')])) },
    },
  });
}

const refusal = (schema: string, table: string, name: string): string => {
  try {
    compilePipeline(declared(schema, table, [name]), { sourceDigest: 'words' });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('words of SQL', () => {
  it('that are reserved are those of the DuckDB that is installed', () => {
    const reserved = keywords.filter(({ category }) => category === 'reserved' || category === 'type_function');
    expect([...SQL_WORDS].sort()).toEqual(reserved.map(({ word }) => word).sort());
  });

  it('that are reserved are refused as a schema, a table and a column, with the reason', () => {
    for (const word of SQL_WORDS) {
      expect(refusal(word, 'sales', 'note')).toContain(`name: ${word} is a word that SQL reserves, so no schema`);
      expect(refusal('shop', word, 'note')).toContain(
        `tables.${word}: ${word} is a word that SQL reserves, so no table`,
      );
      expect(refusal('shop', 'sales', word)).toContain(`tables.sales.${word}: ${word} is a word that SQL reserves`);
    }
  });

  it.each(['main', 'temp', 'system', 'memory', 'information_schema', 'pg_catalog', 'reprise', 'warehouse'])(
    'do not make %s a schema: the warehouse has it of its own',
    (name) => {
      expect(refusal(name, 'sales', 'note')).toContain(`name: ${name} is a schema that the warehouse has of its own`);
      expect(refusal('shop', name, name)).toBe('');
    },
  );

  it('that are not reserved work everywhere', async () => {
    await duck.run(sql('publishing-tables'));
    const key = new Uint8Array(32);
    await duck.run(sql('open-seal', { key: sealKey(key) }));
    const warehouse = new DuckWarehouse(duck, join(folder, 'spill'));
    const all = keywords.filter(({ word }) => refusal('shop', 'sales', word) === '').map(({ word }) => word);
    expect(all.length).toBeGreaterThan(350);
    const schemas = all.filter((word) => refusal(word, 'sales', 'note') === '');
    // Those that are not plain names anywhere get a publish each, the others one for all of them.
    const odd = keywords.filter(({ category }) => category === 'column_name').map(({ word }) => word);
    for (const [place, schema] of [...(odd[0] ?? ''), 'values', 'row'].entries()) {
      const table =
        schemas[(place * 7) % schemas.length] === 'events' ? 'sales' : String(schemas[(place * 7) % schemas.length]);
      await publishNothing(
        warehouse,
        compilePipeline(declared(schema, table, place === 0 ? all : odd), { sourceDigest: 'words' }),
      );
    }
  });
});

/** Every statement of a publish, on tables without rows. */
async function publishNothing(warehouse: DuckWarehouse, pipeline: ReturnType<typeof compilePipeline>): Promise<void> {
  const window = { from: DATE, to: '2026-06-02' };
  await warehouse.ensureTables(pipeline);
  await warehouse.raiseFence(pipeline, window, 1);
  const scope = {
    ...{ pipeline, runId: 'words-1', window, dates: [{ date: DATE, group: 0, whole: true }], partial: false, epoch: 1 },
    ...{ objects: scopeObjects([]), unreadable: [], settled: [], repair: false },
  };
  await warehouse.preview(scope, 0, join(folder, pipeline.name, 'preview'));
  const commit = { token: `${pipeline.name}/0`, lease: 1, publishedAt: '2026-06-03T00:00:00.000Z' };
  await warehouse.publish(scope, 0, join(folder, pipeline.name, 'changes'), commit);
  await warehouse.verify(scope, 10);
  await warehouse.digests(pipeline, undefined);
  await warehouse.objectsWithRows(pipeline, window);
  await warehouse.datesWithRows(pipeline, window);
}
