// Raw objects that others replace: by other content of the same size and time, which no plan and no reconcile may miss, and
// by the same rows in other objects, after which a whole backfill leaves nothing to do.

import { copyFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import type { Delivery } from '../../generator/sample.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { putObject, type Writer } from './lake.ts';
import { backfill, inHome, reconcile } from './reconcile-home.ts';

const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);
/** Uncompressed, so that texts of one length make files of one size. */
const write: Writer = async (filename, deliveries) => {
  const column = (name: keyof Delivery) => ({
    name,
    data: deliveries.map((one) => one[name]),
    type: 'STRING' as const,
  });
  parquetWriteFile({
    filename,
    columnData: (['received_at', 'source', 'body'] as const).map(column),
    codec: 'UNCOMPRESSED',
  });
};

/** A stock change of 1 to 3 June 2026. */
function delivery(number: number, sku: string): Delivery {
  const at = `2026-06-0${(number % 3) + 1}T10:00:0${number}Z`;
  const body = { event_id: `sc-${number}`, type: 'stock_changed', v: 1, at, sku, delta: 1, reason: 'sale' };
  return { received_at: at, source: 'inventory-service', body: JSON.stringify({ ...body, order_id: 'order-1' }) };
}

const put = (engine: Engine, name: string, numbers: readonly number[], sku = 'sku-1'): Promise<string> =>
  putObject(
    engine.home.path,
    'pulsecart',
    name,
    numbers.map((number) => delivery(number, sku)),
    write,
  );

const remove = (engine: Engine, key: string): Promise<void> => rm(join(engine.home.path, 'lake', key));

async function expectNothingLeft(engine: Engine): Promise<void> {
  const { runs, needsWhole, waiting, read } = await reconcile(engine, 'pulsecart');
  expect({ runs: runs.length, needsWhole, waiting, read }).toEqual({ runs: 0, needsWhole: [], waiting: [], read: [] });
}

it('finds an object that was replaced by one of the same size and time', async () => {
  await inHome(async (engine) => {
    const key = await put(engine, 'a', [0, 1, 2], 'sku-1');
    const path = join(engine.home.path, 'lake', key);
    await utimes(path, AN_HOUR_AGO, AN_HOUR_AGO);
    expect((await backfill(engine, 'pulsecart')).state).toBe('succeeded');
    const before = await stat(path);
    await put(engine, 'a', [0, 1, 2], 'sku-2');
    await utimes(path, AN_HOUR_AGO, AN_HOUR_AGO);
    const after = await stat(path);
    expect([after.size, after.mtimeMs]).toEqual([before.size, before.mtimeMs]);
    const { needsWhole } = await reconcile(engine, 'pulsecart');
    expect(needsWhole).toEqual([
      { from: '2026-06-01', to: '2026-06-04', because: ['an object that had been read was replaced'] },
    ]);
    const repaired = await backfill(engine, 'pulsecart');
    expect(repaired.summary?.tables['pulsecart.stock_changes']?.updated).toBe(3);
    await expectNothingLeft(engine);
  });
});

it('takes an object that was only copied or touched for the same', async () => {
  await inHome(async (engine) => {
    const key = await put(engine, 'a', [0, 1, 2]);
    await backfill(engine, 'pulsecart');
    const path = join(engine.home.path, 'lake', key);
    await copyFile(path, `${path}.copy`);
    await rename(`${path}.copy`, path);
    await utimes(path, new Date(), new Date());
    await expectNothingLeft(engine);
  });
});

it.each([
  ['under keys of their own', ['c'], ['a', 'b']],
  ['under one of the old keys', ['a'], ['b']],
])('a whole backfill after a compaction leaves nothing to do: %s', async (_, kept, gone) => {
  await inHome(async (engine) => {
    const keys = new Map<string, string>();
    for (const [name, numbers] of [
      ['a', [0, 1, 2]],
      ['b', [3, 4, 5]],
    ] as const)
      keys.set(name, await put(engine, name, numbers));
    await backfill(engine, 'pulsecart');
    for (const name of kept) await put(engine, name, [0, 1, 2, 3, 4, 5]);
    for (const name of gone) await remove(engine, keys.get(name) as string);
    const again = await backfill(engine, 'pulsecart');
    expect(again.failure).toBeUndefined();
    expect(again.state).toMatch(/succeeded|nothing_to_do/);
    await expectNothingLeft(engine);
  });
});

it('a backfill of some of the dates leaves the others to be named', async () => {
  await inHome(async (engine) => {
    const a = await put(engine, 'a', [0, 1, 2]);
    await backfill(engine, 'pulsecart');
    await put(engine, 'c', [0, 1, 2]);
    await remove(engine, a);
    await backfill(engine, 'pulsecart', { from: '2026-06-01', to: '2026-06-02' });
    const { needsWhole } = await reconcile(engine, 'pulsecart');
    expect(needsWhole.map(({ from, to }) => [from, to])).toEqual([['2026-06-02', '2026-06-04']]);
    for (const window of needsWhole) await backfill(engine, 'pulsecart', window);
    await expectNothingLeft(engine);
  });
});
