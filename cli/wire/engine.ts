// Wires the embedded profile: one home folder, its stores, the DuckDB warehouse, the pipelines. The only place that
// knows which adapter stands behind which port.

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../adapters/local/clock.ts';
import { DuckCatalog } from '../../adapters/local/duckdb/catalog.ts';
import { createRawReader } from '../../adapters/local/duckdb/raw-reader.ts';
import { DuckStager } from '../../adapters/local/duckdb/stager.ts';
import { type DuckWarehouse, openDuckWarehouse } from '../../adapters/local/duckdb/warehouse.ts';
import { type Home, openHome } from '../../adapters/local/home.ts';
import { acquireWarehouse } from '../../adapters/local/warehouse-lock.ts';
import { Runs } from '../../engine/ledger/runs.ts';
import type { CompiledPipeline } from '../../engine/model/compile.ts';
import type { PlanDeps } from '../../engine/plan/plan.ts';
import type { TaskContext } from '../../tasks/context.ts';
import { Pipelines } from './pipelines.ts';

export interface EngineOptions {
  readonly home: string;
  /** Make the home when it is not there. */
  readonly create: boolean;
  readonly pipelinesFolder: string | undefined;
  /** What is running, for whoever waits for the warehouse. */
  readonly command: string;
  readonly waitMs: number;
  readonly say: (line: string) => void;
}

export class Engine {
  readonly home: Home;
  readonly options: EngineOptions;
  readonly pipelines: Pipelines;
  readonly runs: Runs;
  readonly clock = systemClock;
  readonly reader;
  readonly #catalogs = new Map<string, DuckCatalog>();
  #lock: { release(): Promise<void> } | undefined;
  #warehouse: Promise<DuckWarehouse> | undefined;

  private constructor(home: Home, options: EngineOptions) {
    this.home = home;
    this.options = options;
    this.pipelines = new Pipelines(options.pipelinesFolder);
    this.runs = new Runs(home.control, systemClock);
    this.reader = createRawReader({ scratch: join(home.scratch, 'read') });
  }

  static async open(options: EngineOptions): Promise<Engine> {
    const home = await openHome(options.home, { create: options.create, randomBytes: (count) => randomBytes(count) });
    return new Engine(home, options);
  }

  /** The warehouse; waits for the process that holds it. Released by close. */
  warehouse(): Promise<DuckWarehouse> {
    this.#warehouse ??= this.#openWarehouse();
    return this.#warehouse;
  }

  async #openWarehouse(): Promise<DuckWarehouse> {
    this.#lock = await acquireWarehouse({
      home: this.home.path,
      command: this.options.command,
      waitMs: this.options.waitMs,
      clock: this.clock,
      onWait: this.options.say,
    });
    return openDuckWarehouse(this.home.warehousePath, await this.scratch('warehouse-spill'));
  }

  /** A folder of this process. */
  async scratch(name: string): Promise<string> {
    const folder = join(this.home.scratch, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** One for each pipeline, until close. */
  catalog(pipeline: CompiledPipeline): DuckCatalog {
    let catalog = this.#catalogs.get(pipeline.name);
    if (catalog === undefined) {
      const { control, scratch } = this.home;
      catalog = new DuckCatalog({
        control,
        pipeline: pipeline.name,
        timeRulesDigest: pipeline.timeRulesDigest,
        scratch,
      });
      this.#catalogs.set(pipeline.name, catalog);
    }
    return catalog;
  }

  async planDeps(pipeline: CompiledPipeline): Promise<PlanDeps> {
    return {
      lake: this.home.lake,
      catalog: this.catalog(pipeline),
      reader: this.reader,
      warehouse: await this.warehouse(),
      clock: this.clock,
      scratchFile: (name) => join(this.home.scratch, name),
    };
  }

  taskContext(onRows: (rows: number) => void): TaskContext {
    return {
      lake: this.home.lake,
      control: this.home.control,
      stage: this.home.stage,
      clock: this.clock,
      deliveryKey: this.home.deliveryKey,
      reader: this.reader,
      pipeline: (name) => this.pipelines.compiled(name),
      warehouse: () => this.warehouse(),
      stager: (name) => {
        const folder = join(this.home.scratch, name);
        return {
          stager: new DuckStager({ scratch: folder, folder: join(folder, 'files') }),
          folder: join(folder, 'files'),
        };
      },
      changesFolder: (runId) => join(this.home.path, 'stage', runId, 'changes'),
      onRows,
    };
  }

  async close(): Promise<void> {
    const warehouse = await this.#warehouse?.catch(() => undefined);
    for (const catalog of this.#catalogs.values()) await catalog.close();
    await this.reader.close();
    await warehouse?.close();
    await this.#lock?.release();
    await this.home.close();
  }
}
