// The synthetic lake, and the catalog that is written for it: they must be what a real lake could be.

import { describe, expect, it } from 'vitest';
import type { KeyedDay } from '../../model/dating.ts';
import { parseDay } from '../../model/time.ts';
import type { Catalog, CatalogEntry } from '../../ports/catalog.ts';
import { writeSyntheticCatalog } from '../../simulator/synthetic-catalog.ts';
import { SyntheticLake } from '../../simulator/synthetic-lake.ts';
import { listRaw } from '../listed-raw.ts';

const lake = new SyntheticLake({ pipeline: 'shop', objects: 700, days: 40, firstDate: '2026-01-20' });

describe('a synthetic lake', () => {
  it('lists its objects ascending by key, and says the same of each whenever it is asked', async () => {
    const objects = await listRaw(lake, 'shop');
    expect(objects).toHaveLength(700);
    const keys = objects.map(({ key }) => key);
    expect(keys).toEqual([...new Set(keys)].sort());
    for (const object of objects.filter((_, place) => place % 50 === 0)) {
      expect(object.key).toMatch(/^raw\/shop\/dt=2026-\d\d-\d\d\/hour=\d\d\/part-\d{5}\.parquet$/);
      expect(object.version).toMatch(/^[0-9a-f]{64}$/);
      expect(await lake.head(object.key)).toEqual(object);
    }
    expect([...lake.arrivedOn(0)].map(({ info }) => info)).toEqual(objects.slice(0, lake.objectsOn(0)));
  });

  it('lists below any prefix, and knows no other keys', async () => {
    const below = async (prefix: string): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of lake.list(prefix)) keys.push(key);
      return keys;
    };
    const all = await below('');
    for (const prefix of [
      'raw/shop/dt=2026-02-0',
      'raw/shop/dt=2026-01-20/',
      'raw/shop/dt=2026-02-28/hour=1',
      'raw/other/',
    ])
      expect(await below(prefix)).toEqual(all.filter((key) => key.startsWith(prefix)));
    const [key = ''] = all;
    for (const other of [
      key.replace('00000', '99999'),
      key.replace('00000', '0'),
      key.replace('shop', 'other'),
      'raw/x',
    ])
      expect(await lake.head(other)).toBeUndefined();
    expect(await lake.head(key.replace('hour=00', 'hour=01'))).toBeUndefined();
    expect(await lake.head(key.replace('2026-01-20', '2026-01-19'))).toBeUndefined();
  });

  it('refuses what would read or change an object', async () => {
    const key = 'raw/shop/dt=2026-01-20/hour=00/part-00000.parquet';
    for (const request of [
      () => lake.read(key),
      () => lake.range(key),
      () => lake.fetch(key),
      () => lake.digest(key),
      () => lake.write(key),
      () => lake.writeFile(key),
      () => lake.writeNamed(),
      () => lake.remove(key),
    ])
      await expect(request()).rejects.toThrow(/^a synthetic lake has no content and does not change/);
    expect(() => new SyntheticLake({ pipeline: 'p', objects: 200_001, days: 2, firstDate: '2026-01-01' })).toThrow(
      RangeError,
    );
  });
});

describe('the catalog of a synthetic lake', () => {
  it('says of every object what could have been found in it', async () => {
    const found: { readonly entry: CatalogEntry; readonly keys: readonly KeyedDay[] }[] = [];
    const pages = await writeSyntheticCatalog(noting(found), lake);
    expect(pages).toBe(lake.days);
    expect(found.map(({ entry }) => entry.object)).toEqual(await listRaw(lake, 'shop'));
    const dates = found.map(({ entry }) => Object.keys(entry.deliveriesByDate).length);
    expect(Math.min(...dates)).toBe(1);
    expect(Math.max(...dates)).toBe(30);
    for (const { entry, keys } of found) {
      const { rows, rowGroups, deliveriesByDate, object } = entry;
      const arrived = /dt=([^/]*)/.exec(object.key)?.[1] as string;
      expect(sum(Object.values(deliveriesByDate))).toBe(rows);
      expect(sum(rowGroups.map((group) => group.rows))).toBe(rows);
      expect(sum(rowGroups.map((group) => group.bytes))).toBe(object.bytes);
      expect(deliveriesByDate[arrived] ?? 0).toBeGreaterThan(0.9 * rows);
      const late = Object.keys(deliveriesByDate).map((date) => (parseDay(arrived) ?? 0) - (parseDay(date) ?? 0));
      expect(Math.min(...late)).toBe(0);
      expect(Math.max(...late)).toBeLessThanOrEqual(30);
      const days = new Set(Object.keys(deliveriesByDate).map(parseDay));
      for (const { day } of keys) expect(days).toContain(day);
    }
    const byKey = new Map<string, number[]>();
    for (const { key, day } of found.flatMap(({ keys }) => keys)) byKey.set(key, [...(byKey.get(key) ?? []), day]);
    const copied = [...byKey.values()].filter((days) => days.length > 1);
    expect(copied.length).toBeGreaterThan(found.length / 4);
    expect(copied.some((days) => new Set(days).size > 1)).toBe(true);
  });
});

/** A catalog that notes what is written to it. */
function noting(found: { readonly entry: CatalogEntry; readonly keys: readonly KeyedDay[] }[]): Catalog {
  let keys: KeyedDay[] = [];
  const page = {
    add: (more: readonly KeyedDay[]) => void keys.push(...more),
    drain: async () => {},
    end: (entry: CatalogEntry) => {
      found.push({ entry, keys });
      keys = [];
    },
    commit: async () => {},
    discard: async () => {},
  };
  return { openPage: async () => page } as Partial<Catalog> as Catalog;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
