// What coverage costs in documents of the control store, counted: what is not about a day does not open it.

import { describe, expect, it } from 'vitest';
import { Coverage } from '../../engine/reconcile/coverage.ts';
import { cover, type Publication } from '../../engine/reconcile/coverage-changes.ts';
import type { PublishedObject } from '../../engine/reconcile/covered-day.ts';
import { type ReconcileDeps, reconcile } from '../../engine/reconcile/reconcile.ts';
import type { Catalog } from '../../ports/catalog.ts';
import { CountingStore } from '../../simulator/counting-store.ts';
import { SimStore } from '../../simulator/store.ts';
import { SyntheticLake } from '../../simulator/synthetic-lake.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';

const DAYS = 200;
const pipeline = tinyPipeline(0);
const lake = new SyntheticLake({ pipeline: pipeline.name, objects: 10 * DAYS, days: DAYS, firstDate: '2025-01-01' });
const DATES = new Set(Array.from({ length: DAYS }, (_, day) => lake.dateOf(day)));

/** Every object holds the date on which it arrived, and the date before that. */
async function* arrivedOn(days: readonly number[]): AsyncGenerator<PublishedObject, void, undefined> {
  for (const day of days)
    for (const { info } of lake.arrivedOn(day))
      yield { key: info.key, version: info.version, dates: [lake.dateOf(Math.max(day - 1, 0)), lake.dateOf(day)] };
}

const everyDay = Array.from({ length: DAYS }, (_, day) => day);
const WHOLE = {
  epoch: 1,
  partial: false,
  offers: false,
  dates: DATES,
  whole: DATES,
  objects: () => arrivedOn(everyDay),
};

/** A control store with coverage of all of the lake, as it is after a whole replay. */
async function covered(): Promise<CountingStore> {
  const store = new SimStore('control', new Map());
  await change(store, WHOLE);
  return new CountingStore(store);
}

const change = (store: SimStore | CountingStore, publication: Publication) =>
  new Coverage(store, pipeline.name).change(
    (draft) => cover(draft, publication),
    async () => {},
  );

/** Whatever else reconcile may ask is not there. */
const nobody = (what: string): never =>
  new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${what}.${String(name)} was asked`)) }) as never;

describe(`in a coverage of ${DAYS} arrival dates`, () => {
  it('a reconcile that finds nothing new reads the root, and writes nothing', async () => {
    const control = await covered();
    const listed = new CountingStore(lake);
    const deps: ReconcileDeps = {
      control,
      lake: listed,
      catalog: nobody('catalog') as Catalog,
      reader: nobody('reader'),
      runs: nobody('runs'),
      ledger: nobody('ledger'),
      leases: nobody('leases'),
      replay: () => nobody('replay'),
      staleOffers: () => nobody('offers'),
      onProgress: () => {},
    };
    const found = await reconcile(deps, pipeline, { dryRun: false, rebuild: false });
    expect(found).toMatchObject({ objects: 10 * DAYS, objectsRead: 0, runs: [], needsWhole: [], waiting: [] });
    expect(control.requestsByKind()).toEqual({ head: 2, read: 1 });
    expect(listed.requestsByKind()).toEqual({ list: 2 });
  });

  it('covering what arrived on one date opens and replaces the document of that date', async () => {
    const control = await covered();
    const late: Publication = { ...WHOLE, epoch: 2, partial: true, whole: new Set(), objects: () => arrivedOn([120]) };
    await change(control, late);
    const day = `coverage/${pipeline.name}/dt=${lake.dateOf(120)}/`;
    expect(control.requestsByKind(day)).toEqual({ read: 1, writeNamed: 1, list: 1, remove: 1 });
    expect(control.requestsByKind(`coverage/${pipeline.name}.json`)).toEqual({ head: 1, read: 1, write: 1 });
    expect(control.requests()).toBe(7);
  });

  it('covering one event date as a whole opens the dates on which it arrived', async () => {
    const control = await covered();
    const date = new Set([lake.dateOf(120)]);
    await change(control, { ...WHOLE, epoch: 2, dates: date, whole: date, objects: () => arrivedOn([120, 121]) });
    expect(control.requestsByKind(`coverage/${pipeline.name}/`)).toEqual({
      read: 2,
      writeNamed: 2,
      list: 2,
      remove: 2,
    });
  });
});
