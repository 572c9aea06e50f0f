// A run whose every task is executed as the state machine would execute it, over simulated ports and counted stores: what
// each task asks of them. Every task has stores of its own over the same objects, since what one process remembers of a
// store another one, which executes the next task on AWS, has to ask for.

import { Ledger } from '../../engine/ledger/ledger.ts';
import { makePlan, type PlanDeps, type PlanRequest } from '../../engine/plan/plan.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import { createRun } from '../../engine/run/begin.ts';
import { Runs } from '../../engine/run/runs.ts';
import { SimCatalog, type StandingKey } from '../../simulator/catalog.ts';
import { CountingStore } from '../../simulator/counting-store.ts';
import { dateOf, deliveryOf } from '../../simulator/deliveries.ts';
import { DELIVERY_KEY } from '../../simulator/model.ts';
import { landObject, SimRawReader } from '../../simulator/raw.ts';
import { regrouped } from '../../simulator/regrouped.ts';
import { SimStager } from '../../simulator/stager.ts';
import { type Disk, SimStore } from '../../simulator/store.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { emptyWarehouse, SimWarehouse, SOUND_BEHAVIOUR } from '../../simulator/warehouse.ts';
import { memberOf, type TaskContext } from '../../tasks/context.ts';
import { TASKS } from '../../tasks/tasks.ts';
import { HandClock } from '../engine/control-world.ts';

/** What one execution of a task asked for. */
export interface TaskCost {
  readonly task: string;
  /** Requests for documents: in the control store all, in the stage all but those for Parquet. */
  readonly requests: number;
  /** How many of them read the ledger's chain, which grows with all that ever happened. */
  readonly ledgerRequests: number;
  /** Bytes of documents that were read. */
  readonly bytesRead: number;
}

export interface CountedRunOptions {
  readonly objects: number;
  /** Arrival days, each of which gets as many objects, and is a group of its own. */
  readonly days: number;
}

/** Where groups are cut. */
const EVERY_DATE = -1;

/** Lands the objects, plans all of them in slices of one object each, and runs the plan to its end. */
export async function countedRun(options: CountedRunOptions): Promise<readonly TaskCost[]> {
  const world = new CountedWorld();
  for (let number = 0; number < options.objects; number++) world.land(number, number % options.days);
  const plan = await world.plan();
  return world.run(plan);
}

interface Stores {
  readonly control: CountingStore;
  readonly stage: CountingStore;
}

class CountedWorld {
  readonly #disk: Disk = new Map();
  readonly #lake = new SimStore('lake', this.#disk);
  readonly #control = new SimStore('control', this.#disk);
  readonly #stage = new SimStore('stage', this.#disk);
  readonly #clock = new HandClock();
  readonly #catalog = new SimCatalog(async (path) => this.#disk.get(path) as readonly StandingKey[]);
  readonly #warehouse = new SimWarehouse({
    ...{ state: emptyWarehouse(tinyPipeline(0)), disk: this.#disk, behaviour: SOUND_BEHAVIOUR, onApplied: () => {} },
    call: (_, effect) => effect(),
  });
  #uniques = 0;

  #open(): Stores {
    return { control: new CountingStore(this.#control), stage: new CountingStore(this.#stage) };
  }

  #contextOf({ control, stage }: Stores): TaskContext & PlanDeps & { readonly runs: Runs } {
    return {
      ...{ control, stage, lake: this.#lake, clock: this.#clock, catalog: this.#catalog, deliveryKey: DELIVERY_KEY },
      runs: new Runs(control, this.#clock),
      reader: new SimRawReader(this.#disk),
      author: { by: 'tester', code: 'test', unique: () => `unique-${++this.#uniques}` },
      holder: 'test',
      isDead: async () => false,
      pipeline: async () => tinyPipeline(0),
      withWarehouse: (work) => work(this.#warehouse),
      stager: (name) => ({ stager: new SimStager(this.#disk, name), folder: name }),
      changesFolder: (runId) => `changes/${runId}`,
      scratchFile: (name) => name,
      sliceRowsMax: 50_000,
      onRows: () => {},
    };
  }

  /** Lands an object of one event of its own, which occurred on the day on which it arrives. */
  land(number: number, day: number): void {
    const draft = {
      ...({ kind: 'sale', source: 'shop', id: number, otherId: number, at: 0, otherAt: 0, second: 0 } as const),
      ...({ amount: 1, grade: 'good', lines: [0], marks: [], fault: 'none' } as const),
    };
    const key = `raw/tiny/dt=${dateOf(day)}/hour=12/part-${String(number).padStart(5, '0')}.parquet`;
    landObject(this.#lake, key, [deliveryOf(draft, day, 0)], new Set());
  }

  async plan(): Promise<Plan> {
    const request: PlanRequest = {
      ...{ window: undefined, reason: 'test', onlyObjects: [], repair: false },
      sliceBytes: 1,
    };
    const context = this.#contextOf(this.#open());
    const plan = regrouped(await makePlan(context, tinyPipeline(0), request, () => {}), EVERY_DATE);
    await context.runs.savePlan(plan);
    await new Ledger(context, 'tiny').append({ kind: 'plan_made', planId: plan.id, reason: plan.reason });
    return plan;
  }

  /** As state-machines/replay.asl.json has it, when all goes well. */
  async run(plan: Plan): Promise<readonly TaskCost[]> {
    const options = { stageOnly: false, approved: true, maxChange: undefined, maxActive: 1, newestFirst: false };
    const context = this.#contextOf(this.#open());
    const { runId, attempt } = await createRun(context, plan, { ...options, verify: true });
    const costs: TaskCost[] = [];
    const perform = async (task: string, more: object = {}): Promise<unknown> => {
      const { cost, result } = await this.#perform(task, { runId, attempt, ...more });
      costs.push(cost);
      return result;
    };
    await perform('Admit');
    for (const item of await this.#items(await perform('WriteSlices'), 'key'))
      await perform('StageSlice', { slice: item });
    await perform('Settle');
    for (const item of await this.#items(await perform('Preview'), 'groupsKey')) await perform('PublishGroup', item);
    await perform('Verify');
    await perform('Downstream');
    const ended = await perform('Finish', { failure: { error: '', cause: '' } });
    if (memberOf(ended, 'state') !== 'succeeded') throw new Error(`the run ended as ${JSON.stringify(ended)}`);
    return costs;
  }

  async #perform(task: string, payload: object): Promise<{ readonly cost: TaskCost; readonly result: unknown }> {
    const { control, stage } = this.#open();
    const result = await TASKS[task]?.(this.#contextOf({ control, stage }), payload);
    const isDocument = (key: string): boolean => !key.endsWith('.parquet');
    const requests = control.requests() + stage.requests(isDocument);
    const bytesRead = control.bytesRead() + stage.bytesRead(isDocument);
    return { cost: { task, requests, ledgerRequests: control.requests('ledger/'), bytesRead }, result };
  }

  /** What a map of the state machine reads from the document that a task names. */
  async #items(result: unknown, member: string): Promise<readonly object[]> {
    const content = await this.#stage.read(String(memberOf(result, member)));
    const lines = Buffer.from(content ?? [])
      .toString('utf8')
      .split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as object);
  }
}
