// What every reader of raw objects promises, run over objects that each adapter's test makes of the same deliveries.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, randomFrom } from '../../generator/random.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RawReader, RowRange, WholeObject } from '../../ports/raw-reader.ts';
import { type RawDelivery, rawRow } from '../../simulator/raw.ts';

export interface RawReaderUnderTest {
  readonly reader: RawReader;
  /** Makes an object of the deliveries, in several row groups when there are more than two. Gives the path to read it by. */
  land(deliveries: readonly RawDelivery[]): Promise<string>;
  /** An object that cannot be read. */
  landBroken(): Promise<string>;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 262_144;
const OBJECTS = 12;
const DELIVERIES_MAX = 9;
const BODIES = ['', '{}', '{"a" : 1.50}', 'é🙂', '\ufeffbom', 'not JSON', 'x'.repeat(300)];
const TIMES = ['2026-03-01T10:00:00Z', '2026-03-01T12:00:00.123456+02:00', '1969-12-31T23:59:59.999999Z'];

const randomDeliveries = (random: Random, count: number): RawDelivery[] =>
  Array.from({ length: count }, () => ({
    received_at: random.pick(TIMES),
    source: random.pick(['web', 'shop', '', null]),
    body: random.pick(BODIES),
  }));

export function describeRawReader(name: string, open: () => Promise<RawReaderUnderTest>): void {
  describe(`${name}: raw reader`, () => {
    let under: RawReaderUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    const rowsOf = async (path: string, range?: RowRange, bodyBytesMax = BODY_BYTES_MAX): Promise<RawRow[]> => {
      const rows: RawRow[] = [];
      for await (const batch of under.reader.read(path, range, bodyBytesMax)) rows.push(...batch);
      return rows;
    };
    const together = async (paths: readonly string[], bodyBytesMax = BODY_BYTES_MAX): Promise<WholeObject[]> => {
      const objects: WholeObject[] = [];
      for await (const object of under.reader.readTogether(paths, bodyBytesMax)) objects.push(object);
      return objects;
    };
    const unreadable = { code: 'UnreadableObject' };

    it('gives every delivery exactly, in order, and as many as the footer says', async () => {
      const random = randomFrom('raw/rows');
      for (let number = 0; number < OBJECTS; number++) {
        const deliveries = randomDeliveries(random, random.integer(0, DELIVERIES_MAX));
        const path = await under.land(deliveries);
        expect(await rowsOf(path)).toEqual(deliveries.map(rawRow));
        const { rows, rowGroups } = await under.reader.footer(path);
        expect(rows).toBe(deliveries.length);
        expect(rowGroups.reduce((sum, group) => sum + group.rows, 0)).toBe(rows);
        for (const group of rowGroups) expect(group.rows).toBeGreaterThan(0);
        if (rows > 2) expect(rowGroups.length).toBeGreaterThan(1);
      }
    });

    it('gives of a range just its rows, wherever it begins and ends', async () => {
      const deliveries = randomDeliveries(randomFrom('raw/ranges'), DELIVERIES_MAX);
      const path = await under.land(deliveries);
      const all = deliveries.map(rawRow);
      for (let from = 0; from <= DELIVERIES_MAX; from++)
        for (const to of [from, from + 1, from + 4, DELIVERIES_MAX, 1000])
          expect(await rowsOf(path, { from, to })).toEqual(all.slice(from, to));
    });

    it('does not load a body over the limit, and says of it what it says of any', async () => {
      const deliveries = ['12345', '123456', 'éé1', 'ééé'].map((body) => ({
        ...{ received_at: '2026-03-01T10:00:00Z', source: 'web' },
        body,
      }));
      const path = await under.land(deliveries);
      const wanted = deliveries.map(rawRow).map((row) => (row.bodyBytes > 5 ? { ...row, body: undefined } : row));
      expect(wanted.map(({ body }) => body)).toEqual(['12345', undefined, 'éé1', undefined]);
      expect(await rowsOf(path, undefined, 5)).toEqual(wanted);
      for (const { rows } of await together([path], 5)) expect(rows).toEqual(wanted);
    });

    it('refuses an object that cannot be read, each time it is asked', async () => {
      const path = await under.landBroken();
      for (let time = 0; time < 2; time++) {
        await expect(under.reader.footer(path)).rejects.toMatchObject(unreadable);
        await expect(rowsOf(path)).rejects.toMatchObject(unreadable);
        await expect(rowsOf(path, { from: 0, to: 1 })).rejects.toMatchObject(unreadable);
      }
    });

    it('reads small objects together as it reads each alone, and passes over what cannot be read', async () => {
      const random = randomFrom('raw/together');
      const sound = Array.from({ length: OBJECTS }, () => randomDeliveries(random, random.integer(1, DELIVERIES_MAX)));
      const paths: string[] = [];
      for (const deliveries of sound) paths.push(await under.land(deliveries));
      const broken = 5;
      paths.splice(broken, 0, await under.landBroken());
      const found = await together(paths);
      expect(found.map(({ place }) => place)).toEqual([...paths.keys()].filter((place) => place !== broken));
      for (const { place, footer, rows } of found) {
        expect(rows).toEqual(await rowsOf(paths[place] as string));
        expect(footer).toEqual(await under.reader.footer(paths[place] as string));
      }
      expect(await together([])).toEqual([]);
    });

    it('can be left early, and read again', async () => {
      const deliveries = randomDeliveries(randomFrom('raw/early'), DELIVERIES_MAX);
      const path = await under.land(deliveries);
      for await (const [first] of under.reader.read(path, undefined, BODY_BYTES_MAX)) {
        expect(first?.row).toBe(0);
        break;
      }
      for await (const { place } of under.reader.readTogether([path, path], BODY_BYTES_MAX)) {
        expect(place).toBe(0);
        break;
      }
      expect(await rowsOf(path)).toEqual(deliveries.map(rawRow));
    });
  });
}
