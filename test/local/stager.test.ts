// The stager over DuckDB keeps the promises of every stager.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { readParquet } from '../../adapters/duckdb/parquet-path.ts';
import { DuckStager } from '../../adapters/duckdb/stager.ts';
import { Evaluator } from '../../model/evaluate.ts';
import { QUARANTINE_COLUMNS } from '../../model/tables.ts';
import { dateOf } from '../../simulator/deliveries.ts';
import { DELIVERY_KEY } from '../../simulator/model.ts';
import { rawRow } from '../../simulator/raw.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { describeStager } from '../contracts/stage.ts';
import { cellText } from '../simulation/rows.ts';

const STATES = 8;
/** More than a writer holds. */
const LONG_NOTES = 200;
const LONG_NOTE_BYTES = 100_000;

describeStager('DuckDB', STATES, async () => {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reprise-stager-'));
  const duck = await openDuck({
    memoryMb: 256,
    threads: 1,
    tempFolder: join(root, 'spill'),
    preserveInsertionOrder: true,
  });
  return {
    open: (name) => {
      const scratch = join(root, name);
      const folder = join(scratch, 'files');
      mkdirSync(folder, { recursive: true });
      return { stager: new DuckStager({ scratch, folder, deliveryKey: DELIVERY_KEY }), folder };
    },
    rows: async (pipeline, { table, path }) => {
      const name = table.replace(/^beaten_/, '');
      const columns = pipeline.tables.find((one) => one.name === name)?.columns ?? QUARANTINE_COLUMNS;
      const found = await duck.rows(`SELECT [${columns.map(cellText).join(', ')}] AS cells FROM ${readParquet(path)}`);
      return found.map((row) => {
        const { items } = row.cells as { items: readonly (string | null)[] };
        return Object.fromEntries(columns.map((column, place) => [column.name, items[place] ?? null]));
      });
    },
    files: async (folder) => readdirSync(folder),
    close: async () => {
      await duck.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
});

it('removes what it has written of a slice when it gives up', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'reprise-stager-'));
  const folder = join(scratch, 'files');
  const pipeline = tinyPipeline(0);
  const evaluator = new Evaluator(pipeline, DELIVERY_KEY);
  const writer = await new DuckStager({ scratch, folder, deliveryKey: DELIVERY_KEY }).openSlice(pipeline);
  const at = `${dateOf(0)}T12:00:00Z`;
  for (let row = 0; row < LONG_NOTES; row++) {
    const note = { type: 'note', v: 1, id: `0-${row}`, at, other_at: at, text: 'x'.repeat(LONG_NOTE_BYTES) };
    const raw = rawRow({ received_at: at, source: 'shop', body: JSON.stringify(note) }, row);
    writer.add('raw/tiny/long.parquet', raw, evaluator.evaluate(raw));
    await writer.drain();
  }
  expect(readdirSync(folder).length).toBeGreaterThan(0);
  await writer.discard();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(scratch, { recursive: true, force: true });
});
