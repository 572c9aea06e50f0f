// One step of bench/scale.mjs, in a process of its own so that its peak memory is its own: writes the catalog of a synthetic
// lake, plans one day of it, writes down that all of it was published, or reconciles it. Prints one line of JSON.
// Usage: node bench/scale-step.mjs <catalog|plan|cover|reconcile> <objects> <folder>

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = (path) => import(new URL(`../dist/${path}`, import.meta.url));
const { openFileStore } = await dist('adapters/folder/files.js');
const { systemClock } = await dist('adapters/system/clock.js');
const { holderName, isHolderDead, localAuthor } = await dist('adapters/system/presence.js');
const { DuckCatalog } = await dist('adapters/duckdb/catalog.js');
const { openDuckWarehouse } = await dist('adapters/duckdb-warehouse/warehouse.js');
const { Leases } = await dist('engine/ledger/leases.js');
const { Ledger } = await dist('engine/ledger/ledger.js');
const { readLines } = await dist('engine/ledger/lines.js');
const { PLAN_LIMITS } = await dist('engine/plan/limits.js');
const { makePlan } = await dist('engine/plan/plan.js');
const { shardKey } = await dist('engine/plan/shards.js');
const { Coverage } = await dist('engine/reconcile/coverage.js');
const { cover } = await dist('engine/reconcile/coverage-changes.js');
const { reconcile } = await dist('engine/reconcile/reconcile.js');
const { Runs } = await dist('engine/run/runs.js');
const { CountingStore } = await dist('simulator/counting-store.js');
const { entryOf, writeSyntheticCatalog } = await dist('simulator/synthetic-catalog.js');
const { SyntheticLake } = await dist('simulator/synthetic-lake.js');
const { tinyPipeline } = await dist('simulator/tiny-pipeline.js');

const DAYS = 180;
const FIRST_DATE = '2026-01-01';
/** Place of the day that is planned: with late arrivals after it, and days before it to have copies in. */
const PLANNED_DAY = 140;
/** As the embedded profile has it. */
const SLICE_ROWS_MAX = 50_000;
const DELIVERY_KEY = new Uint8Array(32);

const [step, objects, folder] = process.argv.slice(2);
const pipeline = tinyPipeline(0);
const scratch = join(folder, 'scratch');
mkdirSync(scratch, { recursive: true });
const synthetic = new SyntheticLake({
  pipeline: pipeline.name,
  objects: Number(objects),
  days: DAYS,
  firstDate: FIRST_DATE,
});
const lake = new CountingStore(synthetic);
const control = new CountingStore(openFileStore(join(folder, 'control')));
const catalog = new DuckCatalog({
  control,
  pipeline: pipeline.name,
  timeRulesDigest: pipeline.timeRulesDigest,
  scratch,
  deliveryKey: DELIVERY_KEY,
});
const runs = new Runs(control, systemClock);
/** Nothing of a lake without content can be read. */
const reader = new Proxy({}, { get: () => refuse('reading raw') });

const STEPS = { catalog: writeCatalog, plan: planOneDay, cover: coverAll, reconcile: reconcileNothing };

const startedMs = performance.now();
const found = await STEPS[step]();
const seconds = (performance.now() - startedMs) / 1000;
await catalog.close();
const requests = Object.fromEntries(
  [
    ['lake', lake],
    ['control', control],
  ].map(([name, store]) => [name, store.requestsByKind()]),
);
const readMb = control.bytesRead() / 1e6;
console.log(JSON.stringify({ seconds, peakMb: peakMb(), requests, readMb, ...found }));

async function writeCatalog() {
  return { pages: await writeSyntheticCatalog(catalog, synthetic) };
}

/** As a person would ask for it, in an empty warehouse. */
async function planOneDay() {
  const request = {
    window: { from: synthetic.dateOf(PLANNED_DAY), to: synthetic.dateOf(PLANNED_DAY + 1) },
    reason: 'bench',
    sliceBytes: PLAN_LIMITS.sliceBytes,
    onlyObjects: [],
    repair: false,
  };
  const deps = {
    ...{ lake, control, catalog, reader, clock: systemClock },
    sliceRowsMax: SLICE_ROWS_MAX,
    scratchFile: (name) => join(scratch, name),
    withWarehouse: async (work) => {
      const warehouse = await openDuckWarehouse(join(folder, 'warehouse.duckdb'), join(scratch, 'spill'), DELIVERY_KEY);
      try {
        return await work(warehouse);
      } finally {
        await warehouse.close();
      }
    },
  };
  const plan = await runs.savePlan(await makePlan(deps, pipeline, request, () => {}));
  const uncounted = openFileStore(join(folder, 'control'));
  const { bytes } = await uncounted.head(`plans/${plan.id}.json`);
  let longestLineBytes = 0;
  for await (const line of readLines(uncounted, shardKey(plan.body.slices.sha256)))
    longestLineBytes = Math.max(longestLineBytes, Buffer.byteLength(line));
  return { rootBytes: bytes, pinned: plan.body.objects.count, slices: plan.body.slices.count, longestLineBytes };
}

/** What one run of today's transforms over the whole lake would have noted down. */
async function coverAll() {
  const dates = new Set();
  for await (const object of published()) for (const date of object.dates) dates.add(date);
  const publication = { epoch: 1, partial: false, offers: true, dates, whole: dates, objects: published };
  await new Coverage(control, pipeline.name).change(
    (draft) => cover(draft, publication),
    async () => {},
  );
  return {};
}

async function* published() {
  for (let day = 0; day < DAYS; day++) {
    for (const object of synthetic.arrivedOn(day)) {
      const { key, version } = object.info;
      yield { key, version, dates: Object.keys(entryOf(synthetic, object).deliveriesByDate) };
    }
  }
}

async function reconcileNothing() {
  const common = { control, clock: systemClock, author: localAuthor, holder: holderName(), isDead: isHolderDead };
  const deps = {
    ...{ lake, control, catalog, reader, runs },
    ledger: new Ledger(common, pipeline.name),
    leases: new Leases(common, pipeline.name),
    replay: () => refuse('a replay'),
    staleOffers: () => refuse('looking for stale offers'),
    onProgress: () => {},
  };
  const { objects: seen, objectsRead, needsWhole } = await reconcile(deps, pipeline, { dryRun: false, rebuild: false });
  if (objectsRead > 0 || needsWhole.length > 0)
    throw new Error(`the reconcile read ${objectsRead} objects, and ${needsWhole.length} windows need a whole plan`);
  return { seen };
}

function refuse(what) {
  throw new Error(`nothing here needs ${what}`);
}

/** The most memory that this process ever had, as Linux counts it. */
function peakMb() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}
