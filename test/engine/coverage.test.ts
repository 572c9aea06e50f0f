// Coverage in a document for each arrival date is what it would be in one document, whatever is done to it, in whichever
// order, and by whoever at the same time; and documents that nobody names do not stay.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Coverage } from '../../engine/reconcile/coverage.ts';
import {
  checked,
  cover,
  forget,
  lose,
  type Publication,
  upToLake,
  withoutWhole,
} from '../../engine/reconcile/coverage-changes.ts';
import type { CoverageDraft } from '../../engine/reconcile/coverage-draft.ts';
import { ShardLost } from '../../engine/reconcile/coverage-shards.ts';
import { type PublishedObject, summaryOf } from '../../engine/reconcile/covered-day.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import type { CatalogEntry } from '../../ports/catalog.ts';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts';
import { SimStore } from '../../simulator/store.ts';
import { wholeCoverage, wholeView } from '../coverage-whole.ts';
import * as model from './coverage-model.ts';

const ROOT = 'coverage/tiny.json';
const DATES = ['2026-05-30', '2026-05-31', '2026-06-01', '2026-06-02', '2026-06-03'];
const KEYS = DATES.slice(2).flatMap((date) =>
  ['a', 'b', 'c'].map((name) => `raw/tiny/dt=${date}/hour=00/${name}.parquet`),
);
/** Those of an earlier release say size and time; the content of today's may have been known by either. */
const FORMER = ['5-1000', '5-2000', '7-1000'];
const VERSIONS = ['5-abc', '5-def', '7-abc'];

/** One thing that is done to coverage, as the engine does it and as the model does. */
interface Operation {
  readonly what: string;
  readonly done: (draft: CoverageDraft) => Promise<void> | void;
  readonly modelled: (document: model.CoverageModel) => model.CoverageModel;
}

const someDates = fc.subarray(DATES);
const object: fc.Arbitrary<PublishedObject> = fc.record(
  {
    key: fc.constantFrom(...KEYS),
    version: fc.constantFrom(...VERSIONS, ...FORMER),
    dates: someDates,
    unreadable: fc.constant('it is cut'),
  },
  { requiredKeys: ['key', 'version', 'dates'] },
);
const objects = fc
  .uniqueArray(object, { selector: ({ key }) => key, maxLength: 6 })
  .map((some) => some.sort((a, b) => (a.key < b.key ? -1 : 1)));

const covering = fc
  .record({
    epoch: fc.integer({ min: 1, max: 4 }),
    partial: fc.boolean(),
    offers: fc.boolean(),
    dates: someDates,
    wholes: fc.array(fc.boolean(), { minLength: DATES.length, maxLength: DATES.length }),
    objects,
  })
  .map(({ wholes, dates, ...rest }): Operation => {
    const whole = new Set(dates.filter((_, place) => wholes[place]));
    const published = { ...rest, dates: new Set(dates), whole };
    const publication: Publication = { ...published, objects: () => stream(published.objects) };
    return {
      what: `cover ${JSON.stringify({ ...rest, dates, whole: [...whole] })}`,
      done: (draft) => cover(draft, publication),
      modelled: (document) => model.cover(document, published),
    };
  });

const looking = fc
  .uniqueArray(fc.tuple(object, fc.constantFrom(undefined, ...FORMER)), { selector: ([{ key }]) => key, maxLength: 9 })
  .map((found): Operation => {
    const known = new Map(found.map(([one]) => [one.key, one]));
    const listed = found
      .map(([{ key, version }, former]): ObjectInfo => {
        const info = { key, bytes: 5, version };
        return former === undefined ? info : { ...info, formerVersion: former };
      })
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const catalogued = ({ key }: ObjectInfo): PublishedObject => known.get(key) as PublishedObject;
    return {
      what: `look at ${JSON.stringify(listed)}`,
      done: (draft) => {
        const days = new Map(draft.dates().map((date): [string, ObjectInfo[]] => [date, []]));
        for (const one of listed) days.set(arrivalDate(one.key), [...(days.get(arrivalDate(one.key)) ?? []), one]);
        const lake = [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([date, ofDay]) => ({ date, objects: ofDay }));
        return upToLake(draft, stream(lake), async (fresh) => fresh.map((one) => entryOf(one, catalogued(one))));
      },
      modelled: (document) => model.upToLake(document, listed, catalogued),
    };
  });

const entryOf = (info: ObjectInfo, { dates, unreadable }: PublishedObject): CatalogEntry => ({
  object: info,
  rows: 1,
  rowGroups: [],
  deliveriesByDate: Object.fromEntries(dates.map((date) => [date, 1])),
  offeredByDate: {},
  ...(unreadable === undefined ? {} : { unreadable }),
});

const checking = fc.tuple(fc.subarray(KEYS), someDates).map(
  ([keys, dates]): Operation => ({
    what: `checked ${keys.join()} at ${dates.join()}`,
    done: (draft) => checked(draft, keys, dates),
    modelled: (document) => model.checked(document, keys, dates),
  }),
);

const AT_DATES = {
  forget: { done: forget, modelled: model.forget },
  lose: { done: lose, modelled: model.lose },
  'not whole': { done: withoutWhole, modelled: model.withoutWhole },
};

const datesOnly = fc
  .tuple(fc.constantFrom('forget', 'lose', 'not whole'), someDates)
  .map(([what, dates]): Operation => {
    const { done, modelled } = AT_DATES[what];
    return {
      what: `${what} ${dates.join()}`,
      done: (draft) => done(draft, dates),
      modelled: (document) => modelled(document, dates),
    };
  });

const operation = fc
  .oneof(
    { arbitrary: covering, weight: 4 },
    { arbitrary: looking, weight: 3 },
    { arbitrary: checking, weight: 1 },
    { arbitrary: datesOnly, weight: 2 },
  )
  .map((one) => ({ ...one, [fc.toStringMethod]: () => one.what }));

async function* stream<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

/** Hands the turn to others a few times before it answers. */
function unhurried(store: ObjectStore, turns: () => number): ObjectStore {
  const late = async <T>(answer: () => Promise<T>): Promise<T> => {
    for (let turn = turns(); turn > 0; turn--) await Promise.resolve();
    return answer();
  };
  return {
    list: async function* (prefix) {
      for (let turn = 10 * turns(); turn > 0; turn--) await Promise.resolve();
      yield* store.list(prefix);
    },
    head: (key) => late(() => store.head(key)),
    read: (key) => late(() => store.read(key)),
    range: (key, from, length) => late(() => store.range(key, from, length)),
    write: (key, content, condition) => late(() => store.write(key, content, condition)),
    writeNamed: (pieces, keyOf) => late(() => store.writeNamed(pieces, keyOf)),
    writeFile: (key, path, condition) => store.writeFile(key, path, condition),
    fetch: (key) => store.fetch(key),
    digest: (key) => store.digest(key),
    remove: (key) => late(() => store.remove(key)),
  };
}

const nothing = async (): Promise<void> => {};

/** Every document that there is, and what the root says of each day, is what the root's days hold. */
async function expectTidy(store: SimStore): Promise<void> {
  await new Coverage(store, 'tiny').look(async (view) => {
    const days = view?.root.days ?? {};
    const named = Object.entries(days).map(([date, { shard }]) => `coverage/tiny/dt=${date}/${shard}.json`);
    expect(store.infos('coverage/tiny/').map(({ key }) => key)).toEqual(named.sort());
    for (const [date, { shard: _, ...summary }] of Object.entries(days))
      expect(summary).toEqual(summaryOf((await view?.day(date)) ?? new Map()));
  });
}

describe('coverage by arrival dates', () => {
  it.each([1, 20_000])('is what it would be in one document, when %i objects are held at a time', (heldObjectsMax) =>
    fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const store = new SimStore('control', new Map());
        let document = model.NOTHING_COVERED;
        for (const { done, modelled } of operations) {
          await new Coverage(store, 'tiny', heldObjectsMax).change(async (draft) => void (await done(draft)), nothing);
          document = modelled(document);
          expect(await wholeCoverage(store, 'tiny')).toEqual(document);
        }
        await expectTidy(store);
      }),
      { numRuns: 300 },
    ),
  );

  it('is what it would be when one change does everything, as when it is derived again', () =>
    fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 12 }), async (operations) => {
        const store = new SimStore('control', new Map());
        const derive = async (draft: CoverageDraft): Promise<void> => {
          for (const { done } of operations) await done(draft);
        };
        await new Coverage(store, 'tiny', 2).change(nothing, derive);
        const document = operations.reduce((before, { modelled }) => modelled(before), model.NOTHING_COVERED);
        expect(await wholeCoverage(store, 'tiny')).toEqual(document);
        await expectTidy(store);
      }),
      { numRuns: 200 },
    ));

  it('is the same from two writers at once, one after the other in the order of their roots; readers see one of these', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(operation, { maxLength: 6 }),
        fc.array(operation, { maxLength: 6 }),
        fc.infiniteStream(fc.nat({ max: 6 })),
        async (ones, others, turns) => {
          const store = new SimStore('control', new Map());
          const slow = (): ObjectStore => unhurried(store, () => turns.next().value as number);
          const made: { readonly sequence: number; readonly wrote: boolean; readonly operation: Operation }[] = [];
          const seen: { readonly sequence: number; readonly document: model.CoverageModel }[] = [];
          const write = async (operations: readonly Operation[]): Promise<void> => {
            let wrote = false;
            const own = slow();
            const noticed: ObjectStore = {
              ...own,
              write: async (key, content, condition) => {
                const outcome = await own.write(key, content, condition);
                wrote ||= key === ROOT && outcome === 'written';
                return outcome;
              },
            };
            const coverage = new Coverage(noticed, 'tiny', 2);
            for (const one of operations) {
              wrote = false;
              const { sequence } = await coverage.change(async (draft) => void (await one.done(draft)), nothing);
              made.push({ sequence, wrote, operation: one });
            }
          };
          const look = async (): Promise<void> => {
            const coverage = new Coverage(slow(), 'tiny');
            for (let looks = 0; looks < 4; looks++)
              await coverage.look(async (view) => {
                if (view !== undefined) seen.push({ sequence: view.root.sequence, document: await wholeView(view) });
              });
          };
          await Promise.all([write(ones), write(others), look()]);
          // What changed nothing is noted with the root that it found: it comes after whatever wrote that root, although that may
          // have ended later.
          const documents = new Map<number, model.CoverageModel>();
          let document = model.NOTHING_COVERED;
          for (const { sequence, operation: one } of made.sort(
            (a, b) => a.sequence - b.sequence || Number(b.wrote) - Number(a.wrote),
          )) {
            document = one.modelled(document);
            documents.set(sequence, document);
          }
          if (made.length > 0) expect(await wholeCoverage(store, 'tiny')).toEqual(document);
          for (const one of seen) expect(one.document).toEqual(documents.get(one.sequence));
          await expectTidy(store);
        },
      ),
      { numRuns: 300 },
    ));

  it('begins with the document of an earlier release, and is split by the next change', () =>
    fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 6 }), operation, async (earlier, next) => {
        const store = new SimStore('control', new Map());
        const document = earlier.reduce((before, { modelled }) => modelled(before), model.NOTHING_COVERED);
        store.put(ROOT, Buffer.from(JSON.stringify({ format: 1, ...document })), 1, { if: 'absent' });
        expect(await wholeCoverage(store, 'tiny')).toEqual(document);
        await new Coverage(store, 'tiny', 2).change(async (draft) => void (await next.done(draft)), nothing);
        expect(await wholeCoverage(store, 'tiny')).toEqual(next.modelled(document));
        expect(JSON.parse(store.text(ROOT) ?? '')).toMatchObject({ format: 2 });
        await expectTidy(store);
      }),
      { numRuns: 100 },
    ));
});

describe('a damaged document of coverage', () => {
  const covered: Publication = {
    epoch: 1,
    partial: false,
    offers: false,
    dates: new Set(DATES),
    whole: new Set(DATES),
    objects: () => stream(KEYS.map((key) => ({ key, version: '5-abc', dates: [arrivalDate(key)] }))),
  };
  const derive = (draft: CoverageDraft): Promise<void> => cover(draft, covered);
  const firstDay = (store: SimStore): string => store.infos('coverage/tiny/')[0]?.key ?? '';
  const text = '{"format":1,"objects":{}}';

  it.each<[string, (store: SimStore) => unknown]>([
    ['a day that is missing', (store) => store.remove(firstDay(store))],
    ['a day that was edited', (store) => store.put(firstDay(store), Buffer.from(text), 1, { if: 'always' })],
    ['a root that is cut', (store) => store.put(ROOT, Buffer.from('{"format":2,'), 1, { if: 'always' })],
    ['a root that names no document', (store) => edited(store, /"shard":"\d+-/, '"shard":"../')],
  ])('%s counts as no coverage at all, and is derived again by the next change', async (_, damage) => {
    const store = new SimStore('control', new Map());
    await new Coverage(store, 'tiny').change(nothing, derive);
    const before = await wholeCoverage(store, 'tiny');
    await damage(store);
    expect(await wholeCoverage(store, 'tiny')).toBeUndefined();
    await new Coverage(store, 'tiny').change((draft) => forget(draft, [DATES[2] as string]), derive);
    const after = model.forget(before as model.CoverageModel, [DATES[2] as string]);
    expect(await wholeCoverage(store, 'tiny')).toEqual(after);
    await expectTidy(store);
  });

  it('is not looked for for ever', async () => {
    const store = new SimStore('control', new Map());
    const looks = new Coverage(store, 'tiny').look(async () => {
      await new Coverage(store, 'tiny').change(async (draft) => withoutWhole(draft, []), derive, { anew: true });
      throw new ShardLost('coverage/tiny/dt=2026-06-01/1-0.json', true);
    });
    await expect(looks).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  function edited(store: SimStore, what: RegExp, by: string): void {
    store.put(ROOT, Buffer.from((store.text(ROOT) ?? '').replace(what, by)), 1, { if: 'always' });
  }
});
