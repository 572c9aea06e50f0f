// The catalog over files: what it says of objects is what the catalog in memory says, however its pages were written,
// joined or damaged.

import { readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DuckCatalog } from '../../adapters/duckdb/catalog.ts';
import { PAGE_LIMITS } from '../../adapters/duckdb/catalog-writer.ts';
import { openDuck, quoteLiteral } from '../../adapters/duckdb/instance.ts';
import { copyToParquet } from '../../adapters/duckdb/parquet-path.ts';
import { openFileStore } from '../../adapters/folder/files.ts';
import { randomFrom } from '../../generator/random.ts';
import type { KeyedDay } from '../../model/dating.ts';
import { keyHash, sealKey } from '../../model/keyed.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import type { Catalog, CatalogEntry, CatalogSurvey, SurveyedEntry } from '../../ports/catalog.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { SimCatalog } from '../../simulator/catalog.ts';
import { describeCatalog } from '../contracts/catalog.ts';
import { DATES, entryOf, info } from '../contracts/catalog-entries.ts';

const STATES = 8;
const DELIVERY_KEY = new Uint8Array(32);
/** Columns of what a warehouse exports. */
const EXPORTED = 'key_hash, raw_object, in_window';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-catalog-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Place {
  readonly control: string;
  readonly catalog: DuckCatalog;
}

function newCatalog(control = join(folder, `control-${count}`)): Place {
  const options = {
    pipeline: 'shop',
    timeRulesDigest: 'ab'.repeat(32),
    scratch: join(folder, `scratch-${count++}`),
    deliveryKey: DELIVERY_KEY,
  };
  return { control, catalog: new DuckCatalog({ ...options, control: openFileStore(control) }) };
}

const keyed = (event: number, day: number): KeyedDay[] => [{ key: `e-${event}`, eventKey: `e-${event}`, day }];

/** Commits a page of the objects, each with its keys. */
async function page(
  catalog: Catalog,
  date: string,
  objects: readonly (readonly [entry: CatalogEntry, keys: readonly KeyedDay[][]])[],
): Promise<void> {
  const writer = await catalog.openPage(date);
  for (const [entry, keys] of objects) {
    for (const some of keys) writer.add(some);
    await writer.drain();
    writer.end(entry);
  }
  await writer.commit();
}

const ofDate = (objects: readonly ObjectInfo[], date: string): ObjectInfo[] =>
  objects.filter(({ key }) => arrivalDate(key) === date);

async function surveyOf(catalog: Catalog, objects: readonly ObjectInfo[]): Promise<CatalogSurvey> {
  const survey = catalog.survey();
  for (const date of DATES) await survey.add(ofDate(objects, date));
  return survey;
}

const holding = async (catalog: Catalog, objects: readonly ObjectInfo[], keys: string[]): Promise<readonly string[]> =>
  (await surveyOf(catalog, objects)).holding(keys);

async function allOf(survey: CatalogSurvey): Promise<SurveyedEntry[]> {
  const found: SurveyedEntry[] = [];
  for await (const entries of survey.entries()) found.push(...entries);
  return found;
}

const files = (control: string): string[] =>
  readdirSync(control, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();

describeCatalog('DuckDB', STATES, async () => {
  const { catalog } = newCatalog();
  const spill = join(folder, `export-${count}`);
  const duck = await openDuck({ memoryMb: 64, threads: 1, tempFolder: spill, preserveInsertionOrder: false });
  const hashOf = (key: string): bigint => keyHash(sealKey(DELIVERY_KEY), key);
  let exported = 0;
  return {
    catalog,
    exportKeys: async (rows) => {
      const path = join(folder, `export-${count}-${exported++}.parquet`);
      const values = rows.map((row) => `(${hashOf(row.key)}, ${quoteLiteral(row.rawObject)}, ${row.inWindow})`);
      await duck.run(copyToParquet(`SELECT * FROM (VALUES ${values.join(', ')}) AS rows (${EXPORTED})`, path));
      return path;
    },
    hashOf,
    close: async () => {
      await catalog.close();
      await duck.close();
    },
  };
});

describe('the catalog over files', () => {
  it('says what the catalog in memory says, over many pages of random objects', async () => {
    const random = randomFrom('catalog');
    const { catalog } = newCatalog();
    const model = new SimCatalog(async () => [], undefined, new Uint8Array(32));
    const objects: ObjectInfo[] = [];
    const pages = DATES.length * (PAGE_LIMITS.smallPagesMax + 3);
    for (let number = 0; number < pages; number++) {
      const own = [0, 1].map((place) => info(DATES.length * (2 * number + place) + (number % DATES.length)));
      const content = own.map((object) => {
        const keys = Array.from({ length: random.integer(0, 4) }, () =>
          keyed(random.integer(0, 40), 20_600 + random.integer(0, 5)),
        );
        const isBroken = random.chance(0.1);
        return [entryOf(object, keys.length, isBroken ? 'truncated' : undefined), keys] as const;
      });
      for (const one of [catalog, model]) await page(one, DATES[number % DATES.length] as string, content);
      objects.push(...own);
    }
    for (const date of DATES)
      expect(await catalog.entries(ofDate(objects, date))).toEqual(await model.entries(ofDate(objects, date)));
    const some = objects.filter((_, place) => place % 3 !== 0);
    for (const asked of [objects, some]) {
      const [survey, expected] = [await surveyOf(catalog, asked), await surveyOf(model, asked)];
      for (const [fromDay, toDay] of [
        [20_600, 20_601],
        [20_602, 20_606],
        [20_700, 20_701],
      ] as const) {
        for (const arrived of [undefined, { from: DATES[1], to: DATES[2] }]) {
          const window = { fromDay, toDay, warehouseKeys: undefined, ...(arrived === undefined ? {} : { arrived }) };
          expect(await survey.link(window)).toEqual(await expected.link(window));
          const found = await allOf(survey);
          expect(found).toEqual(await allOf(expected));
          expect(found.map(({ entry }) => entry.object.key)).toEqual(asked.map(({ key }) => key).sort());
        }
      }
      for (const keys of [['e-1'], ['e-2', 'e-3', 'none'], ['none']])
        expect(await survey.holding(keys)).toEqual(await expected.holding(keys));
    }
    await catalog.close();
  });

  it('knows an object by its very version, and the last entry of it', async () => {
    const { catalog } = newCatalog();
    const [one, other] = [info(0), info(0, 'v2')];
    await page(catalog, DATES[0], [[entryOf(one, 0, 'truncated'), [keyed(1, 20_600)]]]);
    await page(catalog, DATES[0], [[entryOf(one, 1), [keyed(2, 20_600)]]]);
    expect(await catalog.entries([one, other])).toEqual([entryOf(one, 1), undefined]);
    expect(await holding(catalog, [one], ['e-1'])).toEqual([]);
    expect(await holding(catalog, [one], ['e-2'])).toEqual([one.key]);
    await expect(holding(catalog, [other], ['e-2'])).rejects.toMatchObject({ code: 'ObjectMissing' });
    await catalog.close();
  });

  it('keeps few files for a date, however often something arrives', async () => {
    const { catalog, control } = newCatalog();
    const objects = Array.from({ length: 60 }, (_, number) => info(DATES.length * number));
    for (const [number, object] of objects.entries())
      await page(catalog, DATES[0], [[entryOf(object, 1), [keyed(number, 20_600)]]]);
    expect(files(control).length).toBeLessThanOrEqual(2 * 2 * (PAGE_LIMITS.smallPagesMax + 1));
    expect(await catalog.entries(objects)).toEqual(objects.map((object) => entryOf(object, 1)));
    expect(await holding(catalog, objects, ['e-7', 'e-59'])).toEqual([objects[7]?.key, objects[59]?.key]);
    await catalog.close();
  });

  it('removes what earlier releases kept for each object', async () => {
    const { catalog, control } = newCatalog();
    const store = openFileStore(control);
    const former = `catalog/shop/${'ab'.repeat(8)}/${'0'.repeat(32)}`;
    for (const ending of ['json', 'parquet'])
      await store.write(`${former}.${ending}`, new Uint8Array(1), { if: 'always' });
    expect(await catalog.entries([info(0)])).toEqual([undefined]);
    await page(catalog, DATES[0], [[entryOf(info(0), 1), [keyed(1, 20_600)]]]);
    expect(files(control).filter((file) => !file.includes('dt='))).toEqual([]);
    await catalog.close();
  });

  it('forgets a page whose entries are damaged', async () => {
    const { catalog, control } = newCatalog();
    await page(catalog, DATES[0], [[entryOf(info(0), 1), [keyed(1, 20_600)]]]);
    await page(catalog, DATES[1], [[entryOf(info(1), 1), [keyed(1, 20_600)]]]);
    writeFileSync(files(control).find((file) => file.includes(DATES[0]) && file.endsWith('.jsonl')) as string, '{');
    expect(await catalog.entries([info(0)])).toEqual([undefined]);
    expect(await catalog.entries([info(1)])).toEqual([entryOf(info(1), 1)]);
    await catalog.close();
  });

  it.each([
    ['cut', (file: string) => writeFileSync(file, 'PAR1')],
    ['gone', (file: string) => rm(file)],
  ])('removes a page whose keys are %s, and says so, so that its objects are read again', async (_, damage) => {
    const { catalog, control } = newCatalog();
    await page(catalog, DATES[0], [[entryOf(info(0), 1), [keyed(1, 20_600)]]]);
    await page(catalog, DATES[1], [[entryOf(info(1), 1), [keyed(1, 20_600)]]]);
    await damage(files(control).find((file) => file.includes(DATES[0]) && file.endsWith('.parquet')) as string);
    await expect(holding(catalog, [info(0), info(1)], ['e-1'])).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/^1 page\(s\) of the catalog could not be read/),
    });
    expect(await catalog.entries([info(0)])).toEqual([undefined]);
    expect(await catalog.entries([info(1)])).toEqual([entryOf(info(1), 1)]);
    expect(await holding(catalog, [info(1)], ['e-1'])).toEqual([info(1).key]);
    await catalog.close();
  });
});
