// A synthetic lake whose every object is in the catalog and was published, over counted stores: what planning a day of it and
// reconciling it ask of them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckCatalog } from '../../adapters/duckdb/catalog.ts';
import { openDuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { openFileStore } from '../../adapters/folder/files.ts';
import { Leases } from '../../engine/ledger/leases.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { readLines } from '../../engine/ledger/lines.ts';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import { makePlan } from '../../engine/plan/plan.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import { shardKey } from '../../engine/plan/shards.ts';
import { Coverage } from '../../engine/reconcile/coverage.ts';
import { cover } from '../../engine/reconcile/coverage-changes.ts';
import type { PublishedObject } from '../../engine/reconcile/covered-day.ts';
import { type Reconciliation, reconcile } from '../../engine/reconcile/reconcile.ts';
import { Runs } from '../../engine/run/runs.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { RawReader } from '../../ports/raw-reader.ts';
import { CountingStore } from '../../simulator/counting-store.ts';
import { entryOf, writeSyntheticCatalog } from '../../simulator/synthetic-catalog.ts';
import { SyntheticLake } from '../../simulator/synthetic-lake.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { HandClock, World } from '../engine/control-world.ts';

const FIRST_DATE = '2026-01-01';
/** As the embedded profile has it. */
const SLICE_ROWS_MAX = 50_000;
const DELIVERY_KEY = new Uint8Array(32);

export interface CountedLake {
  readonly objects: number;
  /** Counts anew for each of the calls below. */
  readonly lake: CountingStore;
  readonly control: CountingStore;
  /** Plans the day in the middle, in an empty warehouse, and keeps the plan. */
  planOneDay(): Promise<Plan>;
  /** Of the plan's root, and of the longest line of its slices; not counted. */
  sizesOf(plan: Plan): Promise<{ readonly rootBytes: number; readonly longestLineBytes: number }>;
  /** Throws when something would have to be read or replayed. */
  reconcile(): Promise<Reconciliation>;
  close(): Promise<void>;
}

/** Makes the lake, its catalog and its coverage below `folder`. */
export async function openCountedLake(folder: string, objects: number, days: number): Promise<CountedLake> {
  mkdirSync(join(folder, 'scratch'), { recursive: true });
  const pipeline = tinyPipeline(0);
  const synthetic = new SyntheticLake({ pipeline: pipeline.name, objects, days, firstDate: FIRST_DATE });
  const lake = new CountingStore(synthetic);
  const control = new CountingStore(openFileStore(join(folder, 'control')));
  const { timeRulesDigest } = pipeline;
  const common = { pipeline: pipeline.name, timeRulesDigest, scratch: join(folder, 'scratch') };
  const catalog = new DuckCatalog({ ...common, control, deliveryKey: DELIVERY_KEY });
  const clock = new HandClock();
  const runs = new Runs(control, clock);
  const deps = { lake, control, catalog, reader: NO_READER, runs, clock };
  await writeSyntheticCatalog(catalog, synthetic);
  await coverAll(control, pipeline.name, synthetic);
  const counted = <T>(work: () => Promise<T>): Promise<T> => {
    for (const store of [lake, control]) store.reset();
    return work();
  };
  return {
    objects,
    lake,
    control,
    planOneDay: () =>
      counted(async () => {
        const window = { from: synthetic.dateOf(days / 2), to: synthetic.dateOf(days / 2 + 1) };
        const request = { window, reason: 'test', sliceBytes: PLAN_LIMITS.sliceBytes, onlyObjects: [], repair: false };
        const warehouse = await openDuckWarehouse(join(folder, 'warehouse.duckdb'), common.scratch, DELIVERY_KEY);
        try {
          const scratchFile = (name: string): string => join(folder, 'scratch', name);
          const planDeps = { ...deps, scratchFile, sliceRowsMax: SLICE_ROWS_MAX, withWarehouse: withThe(warehouse) };
          return await runs.savePlan(await makePlan(planDeps, pipeline, request, () => {}));
        } finally {
          await warehouse.close();
        }
      }),
    sizesOf: async ({ id, body }) => {
      const uncounted = openFileStore(join(folder, 'control'));
      let longestLineBytes = 0;
      for await (const line of readLines(uncounted, shardKey(body.slices.sha256)))
        longestLineBytes = Math.max(longestLineBytes, Buffer.byteLength(line));
      return { rootBytes: (await uncounted.head(`plans/${id}.json`))?.bytes ?? 0, longestLineBytes };
    },
    reconcile: () =>
      counted(() => {
        const process = new World(control).process('test');
        const ledger = new Ledger(process, pipeline.name);
        const leases = new Leases(process, pipeline.name);
        const more = { ledger, leases, replay: nothing('a replay'), staleOffers: nothing('stale offers') };
        const reconcileDeps = { ...deps, ...more, onProgress: () => {} };
        return reconcile(reconcileDeps, pipeline, { dryRun: false, rebuild: false });
      }),
    close: () => catalog.close(),
  };
}

const withThe =
  <W>(warehouse: W) =>
  <T>(work: (warehouse: W) => Promise<T>): Promise<T> =>
    work(warehouse);

/** What one run over the whole lake would have noted down. */
async function coverAll(control: ObjectStore, pipeline: string, lake: SyntheticLake): Promise<void> {
  const objects: PublishedObject[] = [];
  for (let day = 0; day < lake.days; day++) {
    for (const object of lake.arrivedOn(day)) {
      const { key, version } = object.info;
      objects.push({ key, version, dates: Object.keys(entryOf(lake, object).deliveriesByDate) });
    }
  }
  const dates = new Set(objects.flatMap((object) => object.dates));
  const published = async function* () {
    yield* objects;
  };
  const publication = { epoch: 1, partial: false, offers: true, dates, whole: dates, objects: published };
  await new Coverage(control, pipeline).change(
    (draft) => cover(draft, publication),
    async () => {},
  );
}

const nothing = (what: string) => (): never => {
  throw new Error(`nothing here needs ${what}`);
};

const NO_READER: RawReader = {
  footer: nothing('the footer of an object'),
  read: nothing('the rows of an object'),
  readTogether: nothing('the rows of objects'),
};
