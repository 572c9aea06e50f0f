// One world of a simulation: what there is beside the processes, and outlives them. Raw objects, stores, catalogs, the
// warehouse, the transforms that are deployed.

import type { CompiledPipeline } from '../model/compile.ts';
import { SimCatalog, type StandingKey } from './catalog.ts';
import { Caller, type Fault } from './faults.ts';
import type { Landed } from './model.ts';
import { breakObject, landObject, type RawDelivery, rawRow, SimRawReader } from './raw.ts';
import { Records } from './records.ts';
import { type Scheduler, SimProcess } from './scheduler.ts';
import { type Disk, SimStore } from './store.ts';
import { tinyPipeline } from './tiny-pipeline.ts';
import { emptyWarehouse, type WarehouseBehaviour, type WarehouseState } from './warehouse.ts';
import { Watch } from './watch.ts';

export interface RawObject {
  readonly key: string;
  readonly deliveries: readonly RawDelivery[];
  readonly erased: Set<number>;
  state: 'arriving' | 'landed' | 'broken' | 'expired';
}

export interface WorldOptions {
  readonly scheduler: Scheduler;
  readonly variant: number;
  readonly isOneMachine: boolean;
  readonly behaviour: WarehouseBehaviour;
  readonly onFault: (fault: Fault, call: string, process: SimProcess) => void;
}

export class World {
  readonly scheduler: Scheduler;
  readonly behaviour: WarehouseBehaviour;
  readonly disk: Disk = new Map();
  readonly lake = new SimStore('lake', this.disk);
  readonly control = new SimStore('control', this.disk);
  readonly stage = new SimStore('stage', this.disk);
  readonly reader = new SimRawReader(this.disk);
  readonly warehouse: WarehouseState = emptyWarehouse(tinyPipeline(0));
  readonly watch = new Watch(tinyPipeline(0), new Records(this.control));
  readonly objects: RawObject[] = [];
  /** Runs that somebody began, oldest first. */
  readonly runIds: string[] = [];
  readonly variantsSeen = new Set<number>();
  readonly #options: WorldOptions;
  readonly #catalogs = new Map<string, SimCatalog>();
  readonly #processes = new Map<string, SimProcess>();
  #variant = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.scheduler = options.scheduler;
    this.behaviour = options.behaviour;
    this.deploy(options.variant);
  }

  /** The pipeline as it is deployed now. All variants have the same tables. */
  get pipeline(): CompiledPipeline {
    return tinyPipeline(this.#variant);
  }

  get variant(): number {
    return this.#variant;
  }

  deploy(variant: number): void {
    this.#variant = variant;
    this.variantsSeen.add(variant);
  }

  catalog(pipeline: CompiledPipeline): SimCatalog {
    const catalog =
      this.#catalogs.get(pipeline.timeRulesDigest) ??
      new SimCatalog(async (path) => this.disk.get(path) as readonly StandingKey[]);
    this.#catalogs.set(pipeline.timeRulesDigest, catalog);
    return catalog;
  }

  /** A new process, as a command line begins one. */
  begin(name: string, faults: readonly Fault[]): Caller {
    const process = new SimProcess(`${name}-${this.#processes.size + 1}`, this.scheduler);
    this.#processes.set(process.name, process);
    return new Caller(process, faults, (fault, call) => this.#options.onFault(fault, call, process));
  }

  /** Whether a process has certainly ended; of other machines nothing is known. */
  isDead(holder: string): boolean {
    const process = this.#processes.get(holder);
    return this.#options.isOneMachine && (process?.isDead === true || process?.hasEnded === true);
  }

  /** Listed and readable from now on. */
  arrive(object: RawObject): void {
    landObject(this.lake, object.key, object.deliveries, object.erased);
    object.state = 'landed';
  }

  break(object: RawObject): void {
    breakObject(this.lake, object.key);
    object.state = 'broken';
  }

  /** What the objects in those states hold. `everything`: erased rows too. */
  landed(states: readonly RawObject['state'][], everything = false): Landed[] {
    return this.objects
      .filter(({ state }) => states.includes(state))
      .flatMap(({ key, deliveries, erased }) =>
        deliveries
          .map((delivery, row) => ({ object: key, raw: rawRow(delivery, row) }))
          .filter(({ raw }) => everything || !erased.has(raw.row)),
      );
  }
}
