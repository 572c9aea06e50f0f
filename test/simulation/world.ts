// One world of a simulation: a lake, stores, a warehouse, and the engine's own functions on them, driven as the state
// machine drives them. What must hold at every step is checked at every publish.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckCatalog } from '../../adapters/duckdb/catalog.ts';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { readParquet } from '../../adapters/duckdb/parquet-path.ts';
import { sql } from '../../adapters/duckdb/sql.ts';
import { DuckStager } from '../../adapters/duckdb/stager.ts';
import { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { readLines } from '../../engine/ledger/lines.ts';
import { makePlan, type PlanRequest } from '../../engine/plan/plan.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import { objectsOf } from '../../engine/plan/shards.ts';
import { previewRun } from '../../engine/publish/preview.ts';
import { publishGroup } from '../../engine/publish/publish.ts';
import { publishToken } from '../../engine/publish/record.ts';
import { unreadableIn } from '../../engine/publish/scope-objects.ts';
import { settle } from '../../engine/publish/settle.ts';
import { verifyPlan } from '../../engine/publish/verify.ts';
import { writeSliceLines } from '../../engine/replay/slice-lines.ts';
import { slicesLeft, stageSlice } from '../../engine/replay/stage-slice.ts';
import { admit } from '../../engine/run/admit.ts';
import { createRun } from '../../engine/run/begin.ts';
import { Runs } from '../../engine/run/runs.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { keyHash, sealKey } from '../../model/keyed.ts';
import type { Catalog } from '../../ports/catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GroupOutcome, TableDigest, Verification, Warehouse } from '../../ports/warehouse.ts';
import { SimCatalog, type StandingKey } from '../../simulator/catalog.ts';
import { checkPublish, checkStanding } from '../../simulator/invariants.ts';
import { DELIVERY_KEY, type Landed } from '../../simulator/model.ts';
import { type RawDelivery, rawRow } from '../../simulator/raw.ts';
import { regrouped } from '../../simulator/regrouped.ts';
import type { Tables } from '../../simulator/rows.ts';
import { MemoryLake, MemoryRawReader } from '../adapters/memory-raw.ts';
import { MemoryStore } from '../adapters/memory-store.ts';
import { frugalDuck, Mortality, mortalDuck, mortalStore } from './crash.ts';
import { liveLoad } from './live-load.ts';
import { readTables } from './rows.ts';

/** What is opened once for many worlds: opening DuckDB is most of what a small history would cost. */
export interface Ground {
  readonly folder: string;
  readonly duck: Duck;
  readonly frugalDuck: Duck;
  readonly stageDuck: Duck;
}

export async function openGround(folder: string, pipelines: readonly CompiledPipeline[]): Promise<Ground> {
  const open = (name: string): Promise<Duck> =>
    openDuck({ memoryMb: 512, threads: 1, tempFolder: join(folder, name), preserveInsertionOrder: false });
  const duck = await open('warehouse-spill');
  await duck.run(sql('publishing-tables'));
  await duck.run(sql('open-seal', { key: sealKey(DELIVERY_KEY) }));
  for (const pipeline of pipelines) await new DuckWarehouse(duck, join(folder, 'spill')).ensureTables(pipeline);
  return { folder, duck, frugalDuck: frugalDuck(duck), stageDuck: await open('stage-spill') };
}

export interface ReplayOptions {
  readonly window: { readonly from: string; readonly to: string } | undefined;
  readonly sliceBytes: number;
  /** Bit n: a new group begins after date n. */
  readonly groupCuts: number;
  /** Keys of a partial plan; empty: whole. */
  readonly only: readonly string[];
  readonly preview: boolean;
  /** Called after each group. */
  readonly between: (group: number) => Promise<void>;
}

export interface OpenRun {
  readonly runId: string;
  readonly plan: Plan;
  readonly pipeline: CompiledPipeline;
  readonly options: ReplayOptions;
}

export interface WorldOptions {
  /** Any variant: all have the same tables. */
  readonly pipeline: CompiledPipeline;
  /** With the catalog over DuckDB, and every file that the warehouse writes. */
  readonly thorough: boolean;
  readonly rowGroupRows: number;
}

export class World {
  readonly ground: Ground;
  readonly folder: string;
  readonly mortality = new Mortality();
  readonly lake: MemoryLake;
  readonly reader: MemoryRawReader;
  readonly #control: MemoryStore;
  readonly #stage: MemoryStore;
  readonly #pipeline: CompiledPipeline;
  readonly #thorough: boolean;
  readonly #catalogs = new Map<string, Catalog>();
  #warehouse: DuckWarehouse;
  #nowMs = Date.parse('2026-02-01T00:00:00Z');
  #scratch = 0;
  #uniques = 0;
  readonly clock: Clock = { nowMs: () => ++this.#nowMs, sleep: async () => {} };

  constructor(ground: Ground, folder: string, options: WorldOptions) {
    this.ground = ground;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.lake = new MemoryLake(join(folder, 'lake'));
    this.reader = new MemoryRawReader(this.lake, options.rowGroupRows);
    this.#control = new MemoryStore(join(folder, 'control'));
    this.#stage = new MemoryStore(join(folder, 'stage'));
    this.#pipeline = options.pipeline;
    this.#thorough = options.thorough;
    this.#warehouse = this.#openWarehouse();
  }

  #openWarehouse(): DuckWarehouse {
    const duck = this.#thorough ? this.ground.duck : this.ground.frugalDuck;
    return new DuckWarehouse(mortalDuck(duck, this.mortality), join(this.folder, 'spill'));
  }

  /** Empties the warehouse for this world. */
  async begin(): Promise<void> {
    const tables = [...this.#pipeline.tables.map(({ name }) => name), 'quarantine'].map(
      (name) => `${this.#pipeline.name}.${name}`,
    );
    await this.ground.duck.run(
      [...tables, 'reprise.fences', 'reprise.fenced_windows', 'reprise.commits']
        .map((table) => `DELETE FROM ${table}`)
        .join('; '),
    );
  }

  async end(): Promise<void> {
    for (const catalog of this.#catalogs.values()) if (catalog instanceof DuckCatalog) await catalog.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A new process: nothing is left but what the stores and the warehouse hold. */
  async revive(): Promise<void> {
    this.mortality.revive();
    await this.ground.duck.run('ROLLBACK').catch(() => undefined);
    for (const catalog of this.#catalogs.values()) if (catalog instanceof DuckCatalog) await catalog.close();
    this.#catalogs.clear();
    this.#warehouse = this.#openWarehouse();
  }

  tables(): Promise<Tables> {
    return readTables(this.ground.duck, this.#pipeline);
  }

  async liveLoad(
    pipeline: CompiledPipeline,
    objects: readonly { readonly key: string; readonly deliveries: readonly RawDelivery[] }[],
    retracts: boolean,
  ): Promise<void> {
    if (objects.length === 0) return;
    const arrived: Landed[] = objects.flatMap(({ key, deliveries }) =>
      deliveries.map((delivery, row) => ({ object: key, raw: rawRow(delivery, row) })),
    );
    await liveLoad(this.ground.duck, pipeline, arrived, await this.tables(), retracts);
  }

  #catalog(pipeline: CompiledPipeline): Catalog {
    let catalog = this.#catalogs.get(pipeline.timeRulesDigest);
    if (catalog === undefined) {
      catalog = this.#thorough
        ? new DuckCatalog({
            control: mortalStore(this.#control, this.mortality),
            pipeline: pipeline.name,
            timeRulesDigest: pipeline.timeRulesDigest,
            scratch: this.#newFolder('catalog'),
            deliveryKey: DELIVERY_KEY,
          })
        : new SimCatalog(
            (path) => exportedKeys(this.ground.duck, path),
            (key) => String(keyHash(sealKey(DELIVERY_KEY), key)),
            DELIVERY_KEY,
          );
      this.#catalogs.set(pipeline.timeRulesDigest, catalog);
    }
    return catalog;
  }

  #newFolder(name: string): string {
    return join(this.folder, `${name}-${++this.#scratch}`);
  }

  #deps() {
    const control = mortalStore(this.#control, this.mortality);
    return {
      lake: mortalStore(this.lake, this.mortality),
      control,
      stage: mortalStore(this.#stage, this.mortality),
      reader: this.reader,
      clock: this.clock,
      deliveryKey: DELIVERY_KEY,
      warehouse: this.#warehouse,
      withWarehouse: <T>(work: (warehouse: Warehouse) => Promise<T>) => work(this.#warehouse),
      author: { by: 'simulation', code: 'simulation', unique: () => `unique ${++this.#uniques}` },
      holder: 'simulation',
      isDead: async () => true,
      runs: new Runs(control, this.clock),
    };
  }

  /** Plans, and begins a run of it. Throws EmptyLake. */
  async plan(pipeline: CompiledPipeline, options: ReplayOptions): Promise<OpenRun> {
    const deps = this.#deps();
    const request: PlanRequest = {
      window: options.window,
      reason: 'simulation',
      sliceBytes: options.sliceBytes,
      onlyObjects: options.only,
      repair: false,
    };
    const planDeps = {
      ...deps,
      catalog: this.#catalog(pipeline),
      scratchFile: (name: string) => join(this.folder, name),
      sliceRowsMax: 50_000,
    };
    const plan = regrouped(await makePlan(planDeps, pipeline, request, () => {}), options.groupCuts);
    await deps.runs.savePlan(plan);
    const run = await createRun(deps, plan, {
      stageOnly: false,
      approved: true,
      maxChange: undefined,
      maxActive: 1,
      newestFirst: false,
      verify: false,
    });
    return { runId: run.runId, plan, pipeline, options };
  }

  /** From admission to the last group, as the state machine has it; safe to repeat for a run that died. */
  async execute(run: OpenRun, admitted = false): Promise<readonly GroupOutcome[]> {
    const deps = this.#deps();
    const { runId, plan, pipeline, options } = run;
    if (!admitted) {
      await admit(deps, pipeline, runId);
      const left = new Set(await slicesLeft(deps, plan, runId));
      const newestFirst = (options.groupCuts & 1) === 1;
      const lines = readLines(deps.stage, await writeSliceLines(deps, plan, runId, { left, newestFirst }));
      for await (const line of lines) {
        const folder = this.#newFolder('slice');
        const stager = this.#stager(folder);
        await stageSlice({ ...deps, stager }, pipeline, { runId, planId: plan.id }, JSON.parse(line), () => {});
      }
      const folder = this.#newFolder('settle');
      await settle({ ...deps, stager: this.#stager(folder), folder }, pipeline, plan, runId);
    }
    const record = await deps.runs.run(runId);
    const settled = await deps.runs.document<{ unreadable: readonly { key: string; detail: string }[] }>(
      runId,
      'settled',
    );
    if (settled === undefined) return [];
    const folder = this.#newFolder('changes');
    const groups = Array.from({ length: plan.body.groups }, (_, group) => group);
    const previewed = options.preview
      ? (await previewRun({ ...deps, folder }, pipeline, plan, record)).groupsLeft
      : groups;
    const outcomes: GroupOutcome[] = [];
    for (const group of previewed) {
      const before = await this.tables();
      const repeated = (await this.#warehouse.committed(publishToken(runId, group))) !== undefined;
      const outcome = await publishGroup({ ...deps, folder }, pipeline, plan, record, group);
      const unreadable = new Set((await unreadableIn(deps.control, plan, settled.unreadable)).map(({ key }) => key));
      const judged = new Set<string>();
      for await (const { key } of objectsOf(deps.control, plan)) if (!unreadable.has(key)) judged.add(key);
      const { partial } = plan.body;
      checkPublish({ pipeline, partial, judged, repeated, outcome, before, after: await this.tables() });
      outcomes.push(outcome);
      await options.between(group);
      checkStanding(pipeline, await this.tables());
    }
    return outcomes;
  }

  digests(): Promise<readonly TableDigest[]> {
    return this.#warehouse.digests(this.#pipeline, undefined);
  }

  verify(run: OpenRun): Promise<Verification> {
    const stager = () => {
      const folder = this.#newFolder('verify');
      return { stager: this.#stager(folder), folder };
    };
    return verifyPlan({ ...this.#deps(), stager }, run.pipeline, run.plan, { runId: run.runId, epoch: 1 }, () => {});
  }

  #stager(folder: string): DuckStager {
    return new DuckStager({
      scratch: folder,
      folder,
      deliveryKey: DELIVERY_KEY,
      open: () => roomIn(this.ground.stageDuck),
    });
  }
}

async function exportedKeys(duck: Duck, path: string): Promise<StandingKey[]> {
  const rows = await duck.rows(`SELECT * FROM ${readParquet(path)}`);
  return rows.map((row) => ({
    key: String(row.key_hash),
    rawObject: String(row.raw_object),
    inWindow: Boolean(row.in_window),
  }));
}

let rooms = 0;

/** An empty database in an instance that is open already, as good as an instance of its own. */
async function roomIn(duck: Duck): Promise<Duck> {
  const name = `room_${++rooms}`;
  await duck.run(`ATTACH ':memory:' AS ${name}`);
  const connect = async (): Promise<DuckDBConnection> => {
    const connection = await duck.connect();
    await connection.run(`USE ${name}`);
    return connection;
  };
  const own = await connect();
  return {
    run: async (statement) => void (await own.run(statement)),
    rows: async (statement) => (await own.runAndReadAll(statement)).getRowObjects(),
    connect,
    stream: () => {
      throw new Error('nothing streams from a stage');
    },
    close: async () => {
      own.closeSync();
      await duck.run(`DETACH ${name}`);
    },
  };
}
