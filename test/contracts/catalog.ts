// What every catalog promises, held against a few lines that keep all there is: random pages, in which objects come again
// and in other versions, and surveys of some of the objects.

import { afterAll, describe, expect, it } from 'vitest';
import { type Random, randomFrom } from '../../generator/random.ts';
import type { KeyedDay } from '../../model/dating.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import type { Catalog, CatalogEntry, CatalogSurvey, SurveyedEntry, WindowKeys } from '../../ports/catalog.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { DATES, entryOf, info } from './catalog-entries.ts';

/** A key that has a row in the warehouse. */
export interface StandingRow {
  readonly key: string;
  readonly rawObject: string;
  readonly inWindow: boolean;
}

export interface CatalogUnderTest {
  readonly catalog: Catalog;
  /** What a warehouse with these rows exports. Gives the path. */
  exportKeys(rows: readonly StandingRow[]): Promise<string>;
  /** The hash by which the catalog names an event. */
  hashOf(eventKey: string): bigint;
  close(): Promise<void>;
}

const FIRST_DAY = 20_600;
const DAYS = 5;
const OBJECTS_MAX = 9;
const PAGES_MAX = 8;
const PAGE_OBJECTS_MAX = 3;
const EVENTS = 14;
const KEYS_MAX = 4;

/** What is known of one version of an object. */
interface Known {
  readonly entry: CatalogEntry;
  readonly keys: readonly KeyedDay[];
}

/** `seeds`: how many random states. `open` gives an empty catalog each time. */
export function describeCatalog(name: string, seeds: number, open: () => Promise<CatalogUnderTest>): void {
  describe(`${name}: catalog`, () => {
    const opened: CatalogUnderTest[] = [];
    const openAnother = async (): Promise<CatalogUnderTest> => {
      const under = await open();
      opened.push(under);
      return under;
    };
    afterAll(async () => {
      for (const under of opened) await under.close();
    });

    it.each(Array.from({ length: seeds }, (_, seed) => seed))(
      'knows and finds what was written, state %i',
      async (seed) => {
        const random = randomFrom(`catalog/${seed}`);
        const under = await openAnother();
        const known = await writePages(random, under.catalog);
        await expectEntries(under.catalog, known);
        const current = [...new Map([...known.values()].map((one) => [one.entry.object.key, one])).values()];
        const [one, other] = [random, random].map(() => current.filter(() => random.chance(0.8)).sort(byKey));
        const surveys = [await surveyOf(under.catalog, one ?? []), await surveyOf(under.catalog, other ?? [])] as const;
        expect((await entriesOf(surveys[0])).flat().some(({ isLinked }) => isLinked)).toBe(false);
        for (let time = 0; time < 3; time++) {
          const asked = [await randomWindow(random, under), await randomWindow(random, under)] as const;
          // Both are linked before either is read: neither may change what the other finds.
          const gave = [await surveys[0].link(asked[0].window), await surveys[1].link(asked[1].window)] as const;
          for (const place of [0, 1] as const) {
            const objects = (place === 0 ? one : other) ?? [];
            const wanted = linked(under, objects, asked[place].window, asked[place].standing);
            expect([...new Set(gave[place])].sort()).toEqual(wanted.gave);
            expect(await entriesOf(surveys[place])).toEqual(wanted.byDate);
          }
        }
        for (const keys of [['e-1'], ['e-2', 'k-3', 'none'], ['none'], []]) {
          const holds = (one ?? []).filter((found) => found.keys.some(({ key }) => keys.includes(key)));
          expect(await surveys[0].holding(keys)).toEqual(holds.map(({ entry }) => entry.object.key).sort());
        }
      },
    );

    it('forgets a page that was discarded, and keys of an object that cannot be read', async () => {
      const { catalog } = await openAnother();
      const [discarded, unreadable] = [info(0, 'v1'), info(3, 'v1')];
      const page = await catalog.openPage(DATES[0]);
      page.add([{ key: 'e-1', eventKey: 'e-1', day: FIRST_DAY }]);
      page.end(entryOf(discarded, 1));
      await page.discard();
      await writePage(catalog, DATES[0], [{ entry: entryOf(unreadable, 0, 'truncated'), keys: [] }], ['e-2']);
      expect(await catalog.entries([discarded, unreadable])).toEqual([undefined, entryOf(unreadable, 0, 'truncated')]);
      const survey = catalog.survey();
      await survey.add([unreadable]);
      expect(await survey.holding(['e-1', 'e-2'])).toEqual([]);
    });

    it('refuses to survey a version that it does not know', async () => {
      const { catalog } = await openAnother();
      await writePage(catalog, DATES[0], [{ entry: entryOf(info(0, 'v1'), 0), keys: [] }]);
      for (const object of [info(0, 'v2'), info(3, 'v1')])
        await expect(catalog.survey().add([object])).rejects.toMatchObject({ code: 'ObjectMissing' });
      const survey = catalog.survey();
      await survey.add([]);
      expect(await entriesOf(survey)).toEqual([]);
    });
  });
}

const placeOf = ({ key, version }: ObjectInfo): string => `${key}\n${version}`;
const byKey = (a: Known, b: Known): number => (a.entry.object.key < b.entry.object.key ? -1 : 1);

/** Commits the page. `lost`: keys that are added before an object ends that cannot be read. */
async function writePage(
  catalog: Catalog,
  date: string,
  objects: readonly Known[],
  lost: readonly string[] = [],
): Promise<void> {
  const page = await catalog.openPage(date);
  for (const { entry, keys } of objects) {
    if (entry.unreadable !== undefined) page.add(lost.map((key) => ({ key, eventKey: key, day: FIRST_DAY })));
    for (const key of keys) page.add([key]);
    await page.drain();
    page.end(entry);
  }
  await page.commit();
}

/** By object and version what the last page said of it, in the order in which they were written. */
async function writePages(random: Random, catalog: Catalog): Promise<ReadonlyMap<string, Known>> {
  const known = new Map<string, Known>();
  for (let number = random.integer(1, PAGES_MAX); number > 0; number--) {
    const date = random.integer(0, DATES.length - 1);
    const numbers = new Set(
      Array.from(
        { length: random.integer(1, PAGE_OBJECTS_MAX) },
        () => date + DATES.length * random.integer(0, OBJECTS_MAX / 3),
      ),
    );
    const objects = [...numbers].map((place) => {
      const object = info(place, random.pick(['v1', 'v1', 'v2']));
      const isBroken = random.chance(0.1);
      const keys = isBroken ? [] : Array.from({ length: random.integer(0, KEYS_MAX) }, () => randomKey(random));
      return { entry: entryOf(object, keys.length, isBroken ? 'truncated' : undefined), keys };
    });
    await writePage(catalog, DATES[date] as string, objects, ['e-0', 'e-1']);
    for (const one of objects) {
      known.delete(placeOf(one.entry.object));
      known.set(placeOf(one.entry.object), one);
    }
  }
  return known;
}

/** An event's own key, or one that it offers. */
function randomKey(random: Random): KeyedDay {
  const eventKey = `e-${random.integer(0, EVENTS)}`;
  const key = random.chance(0.3) ? `k-${random.integer(0, EVENTS / 2)}` : eventKey;
  return { key, eventKey, day: FIRST_DAY + random.integer(0, DAYS) };
}

async function expectEntries(catalog: Catalog, known: ReadonlyMap<string, Known>): Promise<void> {
  for (const date of DATES) {
    const numbers = Array.from({ length: OBJECTS_MAX + DATES.length }, (_, number) => number);
    const asked = numbers
      .flatMap((number) => [info(number, 'v1'), info(number, 'v2')])
      .filter(({ key }) => arrivalDate(key) === date);
    expect(await catalog.entries(asked)).toEqual(asked.map((object) => known.get(placeOf(object))?.entry));
  }
}

async function surveyOf(catalog: Catalog, objects: readonly Known[]): Promise<CatalogSurvey> {
  const survey = catalog.survey();
  for (const date of DATES)
    await survey.add(objects.map(({ entry }) => entry.object).filter(({ key }) => arrivalDate(key) === date));
  return survey;
}

async function entriesOf(survey: CatalogSurvey): Promise<readonly SurveyedEntry[][]> {
  const found: SurveyedEntry[][] = [];
  for await (const entries of survey.entries()) found.push([...entries]);
  return found;
}

async function randomWindow(
  random: Random,
  under: CatalogUnderTest,
): Promise<{ readonly window: WindowKeys; readonly standing: readonly StandingRow[] }> {
  const fromDay = FIRST_DAY + random.integer(0, DAYS);
  const toDay = fromDay + random.integer(1, 2);
  const standing = Array.from({ length: random.integer(0, 4) }, () => ({
    key: randomKey(random).key,
    rawObject: info(random.integer(0, OBJECTS_MAX), 'v1').key,
    inWindow: random.chance(0.5),
  }));
  const warehouseKeys = standing.length === 0 ? undefined : await under.exportKeys(standing);
  const arrived = random.chance(0.3) ? { arrived: { from: DATES[1], to: random.pick([DATES[2], '2026-06-09']) } } : {};
  return { window: { fromDay, toDay, warehouseKeys, ...arrived }, standing };
}

/** What linking the objects must find. */
function linked(
  under: CatalogUnderTest,
  objects: readonly Known[],
  { fromDay, toDay, arrived }: WindowKeys,
  standing: readonly StandingRow[],
): { readonly gave: readonly string[]; readonly byDate: readonly SurveyedEntry[][] } {
  const isNear = ({ entry }: Known): boolean => {
    const date = arrivalDate(entry.object.key);
    return arrived === undefined || (date >= arrived.from && date < arrived.to);
  };
  const isInWindow = ({ day }: KeyedDay): boolean => day >= fromDay && day < toDay;
  const all = objects.filter(isNear).flatMap(({ keys }) => keys);
  const wanted = new Set([
    ...all.filter(isInWindow).map(({ key }) => key),
    ...standing.flatMap(({ key, inWindow }) => (inWindow ? [key] : [])),
  ]);
  const events = new Set(all.filter(({ key }) => wanted.has(key)).map(({ eventKey }) => eventKey));
  const surveyed = objects.map((object): SurveyedEntry => {
    const keys = isNear(object) ? object.keys.filter(({ eventKey }) => events.has(eventKey)) : [];
    const outside = new Set(keys.filter((key) => !isInWindow(key)).map(({ eventKey }) => under.hashOf(eventKey)));
    const eventsOutside = [...outside].sort((a, b) => (a < b ? -1 : 1));
    return { entry: object.entry, isLinked: keys.length > 0, eventsOutside };
  });
  const dateOf = ({ entry }: SurveyedEntry): string => arrivalDate(entry.object.key);
  return {
    gave: [...new Set(standing.filter(({ key }) => events.has(key)).map(({ rawObject }) => rawObject))].sort(),
    byDate: DATES.map((date) => surveyed.filter((one) => dateOf(one) === date)).filter((one) => one.length > 0),
  };
}
