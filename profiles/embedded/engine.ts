// Wires the embedded profile: one home folder, its stores, the DuckDB warehouse, the pipelines. The only place that
// knows which adapter stands behind which port.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DuckCatalog } from '../../adapters/duckdb/catalog.ts';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { DuckStager } from '../../adapters/duckdb/stager.ts';
import type { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { type Home, openHome } from '../../adapters/folder/home.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { giveBackMemory } from '../../adapters/system/give-back.ts';
import { makeFolder } from '../../adapters/system/open-homes.ts';
import { sharedTurn } from '../../adapters/system/shared-turn.ts';
import { type LeaseDeps, Leases } from '../../engine/ledger/leases.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { resolveId } from '../../engine/ledger/names.ts';
import type { PlanDeps } from '../../engine/plan/plan.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import type { SkippedRaw } from '../../engine/plan/raw-keys.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { Runs } from '../../engine/run/runs.ts';
import type { ControlDeps } from '../../engine/run/stop.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import type { TaskContext } from '../../tasks/context.ts';
import { leaseDepsOf } from './lease-deps.ts';
import { type OpenedWarehouse, openWarehouse } from './open-warehouse.ts';
import { Pipelines } from './pipelines.ts';

/** Deliveries of a slice: two of them are staged side by side, each in the memory of one worker thread. */
const SLICE_ROWS_MAX = 50_000;

export interface EngineOptions {
  readonly home: string;
  /** Make the home when it is not there. */
  readonly create: boolean;
  readonly newDeliveryKey?: boolean;
  /** Opens a home of an earlier release, to upgrade it. */
  readonly upgrades?: boolean;
  /** The command changes nothing that lasts: it works on a home that cannot be written. */
  readonly onlyReads?: boolean;
  readonly pipelinesFolder: string | undefined;
  /** What is running, for whoever waits for the warehouse. */
  readonly command: string;
  readonly waitMs: number;
  readonly say: (line: string) => void;
  /** Of the process, when this is one of its threads. */
  readonly turn?: SharedArrayBuffer;
}

export class Engine {
  readonly home: Home;
  readonly options: EngineOptions;
  readonly pipelines: Pipelines;
  readonly runs: Runs;
  readonly clock = systemClock;
  /** Taken by whichever thread of the process does what takes much memory. */
  readonly turn: SharedArrayBuffer;
  readonly reader;
  readonly #catalogs = new Map<string, DuckCatalog>();
  readonly #skipped = new Map<string, readonly SkippedRaw[]>();
  #opened: Promise<OpenedWarehouse> | undefined;
  #waitedInVain = false;
  #uses = 0;

  private constructor(home: Home, options: EngineOptions) {
    this.home = home;
    this.options = options;
    this.pipelines = new Pipelines(options.pipelinesFolder);
    this.runs = new Runs(home.control, systemClock);
    this.turn = options.turn ?? sharedTurn();
    this.reader = createRawReader({ scratch: join(home.scratch, 'read'), turn: this.turn });
  }

  static async open(options: EngineOptions): Promise<Engine> {
    const { create, newDeliveryKey = false, upgrades = false, onlyReads = false } = options;
    const home = await openHome(options.home, {
      create,
      newDeliveryKey,
      upgrades,
      onlyReads,
      randomBytes: (count) => randomBytes(count),
    });
    return new Engine(home, options);
  }

  /** The warehouse, for as long as the command lasts; waits for the process that holds it. */
  async warehouse(): Promise<DuckWarehouse> {
    this.#uses++;
    return this.#warehouse();
  }

  /** The warehouse for as long as the work takes; others who wait for it come next. */
  async withWarehouse<T>(work: (warehouse: DuckWarehouse) => Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await work(await this.#warehouse());
    } finally {
      if (--this.#uses === 0) await this.#closeWarehouse();
    }
  }

  /** The warehouse when nobody has it now, without waiting; undefined when somebody does. */
  async ifFree<T>(work: (warehouse: DuckWarehouse) => Promise<T>): Promise<{ readonly found: T } | undefined> {
    this.#uses++;
    try {
      return { found: await work(await this.#warehouse(0)) };
    } catch (error) {
      if (!isRepriseError(error) || error.code !== 'WarehouseHeld') throw error;
      this.#waitedInVain = false;
      return undefined;
    } finally {
      if (--this.#uses === 0) await this.#closeWarehouse();
    }
  }

  async #warehouse(waitMs?: number): Promise<DuckWarehouse> {
    this.#opened ??= this.#openWarehouse(waitMs);
    try {
      return (await this.#opened).warehouse;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  /** What was read before leaves much; the warehouse takes much. */
  async #openWarehouse(atMostMs = this.options.waitMs): Promise<OpenedWarehouse> {
    const { command, say } = this.options;
    // Whoever waited in vain once does not begin anew when the state machine tries again.
    const waitMs = this.#waitedInVain ? 0 : atMostMs;
    this.#waitedInVain = true;
    giveBackMemory();
    const spill = await this.scratch('warehouse-spill');
    const opened = await openWarehouse({ home: this.home, command, waitMs, spill, say });
    this.#waitedInVain = false;
    return opened;
  }

  async #closeWarehouse(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    try {
      await opened?.warehouse.close();
    } finally {
      await opened?.lock.release();
    }
  }

  /** What leases and the ledger are written with. */
  get leaseDeps(): LeaseDeps {
    return leaseDepsOf(this.home);
  }

  /** What looking at runs and stopping them needs. */
  get controlDeps(): ControlDeps {
    const { runs } = this;
    return { ...this.leaseDeps, runs, stage: this.home.stage, withWarehouse: (work) => this.withWarehouse(work) };
  }

  /** The run that a person named by its id or a beginning of it. */
  async findRun(text: string): Promise<RunRecord> {
    return this.runs.run(await resolveId(this.home.control, 'run', text));
  }

  /** The plan that a person named by its id or a beginning of it. */
  async findPlan(text: string): Promise<Plan> {
    return this.runs.plan(await resolveId(this.home.control, 'plan', text));
  }

  ledger(pipeline: string): Ledger {
    return new Ledger(this.leaseDeps, pipeline);
  }

  leases(pipeline: string): Leases {
    return new Leases(this.leaseDeps, pipeline);
  }

  /** A folder of this process. */
  async scratch(name: string): Promise<string> {
    const folder = join(this.home.scratch, name);
    await makeFolder(folder);
    return folder;
  }

  /** One for each pipeline, until close. */
  catalog(pipeline: CompiledPipeline): DuckCatalog {
    let catalog = this.#catalogs.get(pipeline.name);
    if (catalog === undefined) {
      const { control, scratch, deliveryKey } = this.home;
      catalog = new DuckCatalog({
        control,
        pipeline: pipeline.name,
        timeRulesDigest: pipeline.timeRulesDigest,
        scratch,
        deliveryKey,
      });
      this.#catalogs.set(pipeline.name, catalog);
    }
    return catalog;
  }

  /** Gives back what reading and asking about raw of the pipeline holds; whoever goes on opens it again. */
  async closeReaders(pipeline: CompiledPipeline): Promise<void> {
    await this.#catalogs.get(pipeline.name)?.close();
    await this.reader.close();
  }

  /** What planning passed over in the lake of a pipeline when it last looked. */
  skipped(pipeline: string): readonly SkippedRaw[] {
    return this.#skipped.get(pipeline) ?? [];
  }

  planDeps(pipeline: CompiledPipeline): PlanDeps {
    return {
      lake: this.home.lake,
      control: this.home.control,
      catalog: this.catalog(pipeline),
      reader: this.reader,
      withWarehouse: <T>(work: (warehouse: Warehouse) => Promise<T>) => this.withWarehouse(work),
      clock: this.clock,
      onSkipped: (skipped) => this.#skipped.set(pipeline.name, skipped),
      sliceRowsMax: SLICE_ROWS_MAX,
      scratchFile: (name) => join(this.home.scratch, name),
    };
  }

  taskContext(onRows: (rows: number) => void): TaskContext {
    return {
      ...this.leaseDeps,
      lake: this.home.lake,
      stage: this.home.stage,
      deliveryKey: this.home.deliveryKey,
      reader: this.reader,
      pipeline: (name) => this.pipelines.compiled(name),
      withWarehouse: (work) => this.withWarehouse(work),
      stager: (name) => {
        const folder = join(this.home.scratch, name);
        return {
          stager: new DuckStager({
            scratch: folder,
            folder: join(folder, 'files'),
            deliveryKey: this.home.deliveryKey,
          }),
          folder: join(folder, 'files'),
        };
      },
      changesFolder: (runId) => join(this.home.path, 'stage', runId, 'changes'),
      onRows,
    };
  }

  /** Closes all there is, also when some of it cannot be closed; throws the first of these failures. */
  async close(): Promise<void> {
    const closings = [
      ...[...this.#catalogs.values()].map((catalog) => () => catalog.close()),
      () => this.reader.close(),
      () => this.#closeWarehouse(),
      () => this.home.close(),
    ];
    const failures: unknown[] = [];
    for (const closing of closings) await closing().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
