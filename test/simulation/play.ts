// Plays a history in a world of its own. However it went, replaying every day once under the last transforms must leave
// the tables that the model says, and doing it again must change nothing.

import { RepriseError } from '../../model/errors.ts';
import { checkOrphans, compareWithModel, type Orphan } from '../../simulator/comparison.ts';
import { dateOf, deliveryOf } from '../../simulator/deliveries.ts';
import { checkStanding } from '../../simulator/invariants.ts';
import type { Landed } from '../../simulator/model.ts';
import { type RawDelivery, rawRow } from '../../simulator/raw.ts';
import type { Tables } from '../../simulator/rows.ts';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { Crash } from './crash.ts';
import { FAMILIES, FAMILY_BITS, type History, type Landing, type Step } from './history.ts';
import { shuffled } from './shuffled.ts';
import { type Ground, type OpenRun, type ReplayOptions, World } from './world.ts';

/** Throws at the first thing that does not hold. */
export async function playHistory(ground: Ground, folder: string, told: History): Promise<void> {
  const world = new World(ground, folder, { pipeline: tinyPipeline(0), thorough: told.thorough, rowGroupRows: 2 });
  await world.begin();
  try {
    const play = new Play(world, told.variant);
    for (const one of told.steps) await play.step(one);
    await play.finish(told.shuffle);
  } finally {
    await world.end();
  }
}

interface RawObject {
  readonly key: string;
  readonly family: number;
  readonly deliveries: readonly RawDelivery[];
  state: 'arriving' | 'landed' | 'broken' | 'expired';
}

class Play {
  readonly #world: World;
  #variant: number;
  readonly #variantsSeen: Set<number>;
  readonly #objects: RawObject[] = [];
  #landings = 0;
  #open: { run: OpenRun; zombie: boolean } | undefined;
  /** Rows that stood when their raw expired. */
  readonly #orphans: Orphan[] = [];

  constructor(world: World, variant: number) {
    this.#world = world;
    this.#variant = variant;
    this.#variantsSeen = new Set([variant]);
  }

  get #pipeline() {
    return tinyPipeline(this.#variant);
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'land':
        return this.#land(step);
      case 'transform':
        this.#variant ^= step.flip;
        this.#variantsSeen.add(this.#variant);
        return;
      case 'replay':
        return this.#replay(step);
      case 'live':
        return this.#live(step.object, step.families, step.retracts);
      case 'continue':
        return this.#continue();
      case 'break': {
        const object = this.#pick(step.object, 'landed');
        if (object === undefined) return;
        object.state = 'broken';
        return this.#world.lake.breakObject(object.key);
      }
      case 'mend':
        return this.#mend();
      case 'expire':
        return this.#expire(step.object, step.families);
    }
  }

  #pick(number: number, ...states: RawObject['state'][]): RawObject | undefined {
    const among = this.#objects.filter((object) => states.includes(object.state));
    return among[number % Math.max(among.length, 1)];
  }

  /** One object of each family whose bit is set. */
  #pickOfFamilies(number: number, families: number, ...states: RawObject['state'][]): RawObject[] {
    return Array.from({ length: FAMILIES }, (_, family) => family).flatMap((family) => {
      if (((families >> (family % FAMILY_BITS)) & 1) === 0) return [];
      const among = this.#objects.filter((object) => object.family === family && states.includes(object.state));
      const picked = among[(number + family) % Math.max(among.length, 1)];
      return picked === undefined ? [] : [picked];
    });
  }

  async #land(step: Extract<Step, { do: 'land' }>): Promise<void> {
    const number = ++this.#landings;
    const landed = step.families.flatMap((landing, family) => {
      const deliveries = landing.deliveries.map((draft) => deliveryOf(draft, step.day, family));
      const objects = landing.apart ? deliveries.map((one) => [one]) : deliveries.length > 0 ? [deliveries] : [];
      return objects.map((held, part): { landing: Landing; object: RawObject } => ({
        landing,
        object: {
          key: `raw/tiny/dt=${dateOf(step.day)}/hour=12/${number}-${family}-${part}.parquet`,
          family,
          deliveries: held,
          state: 'arriving',
        },
      }));
    });
    for (const { landing, object } of landed) if (!landing.late) await this.#arrive(object.family);
    this.#objects.push(...landed.map(({ object }) => object));
    await this.#load(
      landed.filter(({ landing }) => landing.live === 'before'),
      false,
    );
    for (const { landing, object } of landed) if (!landing.late) await this.#makeReadable(object);
    await this.#load(
      landed.filter(({ landing }) => landing.live === 'after'),
      true,
    );
  }

  async #load(objects: readonly { readonly object: RawObject }[], retracts: boolean): Promise<void> {
    await this.#world.liveLoad(
      this.#pipeline,
      objects.map(({ object }) => object),
      retracts,
    );
  }

  async #arrive(family?: number): Promise<void> {
    for (const object of this.#objects)
      if (object.state === 'arriving' && object.family === (family ?? object.family)) await this.#makeReadable(object);
  }

  async #mend(): Promise<void> {
    for (const object of this.#objects.filter(({ state }) => state === 'broken')) await this.#makeReadable(object);
  }

  async #makeReadable(object: RawObject): Promise<void> {
    await this.#world.lake.land(object.key, object.deliveries);
    object.state = 'landed';
  }

  async #live(number: number, families: number, retracts: boolean): Promise<void> {
    const objects = this.#pickOfFamilies(number, families, 'arriving', 'landed');
    await this.#world.liveLoad(this.#pipeline, objects, retracts);
    checkStanding(this.#pipeline, await this.#world.tables());
  }

  async #expire(number: number, families: number): Promise<void> {
    const expiring = new Map(this.#pickOfFamilies(number, families, 'landed').map((object) => [object.key, object]));
    for (const [table, rows] of await this.#world.tables()) {
      for (const row of rows) if (expiring.has(row._raw_object ?? '')) this.#orphans.push({ table, row });
    }
    for (const object of expiring.values()) {
      await this.#world.lake.remove(object.key);
      object.state = 'expired';
    }
  }

  async #replay(step: Extract<Step, { do: 'replay' }>): Promise<void> {
    const landed = this.#objects.filter(({ state }) => state === 'landed' || state === 'broken');
    const only =
      step.only === 0
        ? []
        : landed.filter(({ family }, place) => ((step.only >> ((place + family) % 4)) & 1) === 1).map(({ key }) => key);
    const bytes = landed.reduce((sum, { deliveries }) => sum + JSON.stringify(deliveries).length, 0);
    const options: ReplayOptions = {
      window: { from: dateOf(step.from - 2), to: dateOf(step.from - 2 + step.days) },
      sliceBytes: { one: 1_000_000, some: bytes >> 2, many: bytes >> 3, rows: 1000 }[step.slices],
      groupCuts: step.groupCuts,
      only,
      preview: step.preview,
      between: async () => {
        if (step.liveAfter > 0) await this.#live(step.liveAfter, step.liveAfter, (step.liveAfter & 1) === 1);
      },
    };
    const breaking = step.breaking > 0 ? this.#pick(step.breaking - 1, 'landed') : undefined;
    const { crash } = step;
    if (crash !== null) this.#world.mortality.arm(crash.calls, crash.afterEffect);
    let run: OpenRun | undefined;
    try {
      run = await this.#world.plan(this.#pipeline, options);
      if (breaking !== undefined) this.#world.reader.breaking.add(breaking.key);
      await this.#world.execute(run);
    } catch (error) {
      if (error instanceof RepriseError && ['EmptyLake', 'NotFound'].includes(error.code)) return;
      if (!(error instanceof Crash)) throw error;
      await this.#world.revive();
      if (run !== undefined && crash?.afterwards === 'resume') await this.#world.execute(run);
      if (run !== undefined && (crash?.afterwards === 'later' || crash?.afterwards === 'zombie'))
        this.#open = { run, zombie: crash.afterwards === 'zombie' };
    } finally {
      this.#world.reader.breaking.clear();
      this.#world.mortality.revive();
    }
  }

  /** A run that died goes on: resumed, or by a process that was only asleep and does not know what came between. */
  async #continue(): Promise<void> {
    if (this.#open === undefined) return;
    const { run, zombie } = this.#open;
    this.#open = undefined;
    try {
      await this.#world.execute(zombie ? run : { ...run, pipeline: this.#pipeline }, zombie);
    } catch (error) {
      const refused = ['PlanDrifted', 'LeaseLost', 'ObjectChanged', 'ObjectMissing'];
      if (!(error instanceof RepriseError) || !refused.includes(error.code)) throw error;
    }
  }

  /** Everything arrives, everything can be read, and every day is replayed once. */
  async finish(shuffle: number): Promise<void> {
    await this.#arrive();
    await this.#mend();
    const landed = this.#landed('landed');
    if (landed.length === 0) return;
    const options = (window: ReplayOptions['window']): ReplayOptions => ({
      window,
      sliceBytes: shuffle % 3 === 0 ? 4000 : 1_000_000,
      groupCuts: shuffle % 256,
      only: [],
      preview: false,
      between: async () => {},
    });
    const all = await this.#world.plan(this.#pipeline, options(undefined));
    const days = all.plan.body.dates.map(({ date }) => date);
    for (const date of shuffled(days, shuffle)) {
      const to = dateAfter(date);
      await this.#world.execute(await this.#world.plan(this.#pipeline, options({ from: date, to })));
    }
    const tables = await this.#world.tables();
    this.#compare(tables, landed);
    await this.#checkRepeat(options(undefined), tables);
  }

  #landed(...states: RawObject['state'][]): Landed[] {
    return this.#objects
      .filter(({ state }) => states.includes(state))
      .flatMap(({ key, deliveries }) =>
        deliveries.map((delivery, row) => ({ object: key, raw: rawRow(delivery, row) })),
      );
  }

  #compare(tables: Tables, landed: readonly Landed[]): void {
    const expired = this.#objects.filter(({ state }) => state === 'expired').map(({ key }) => key);
    compareWithModel(this.#pipeline, tables, landed, new Set(expired));
    checkOrphans(tables, this.#orphans, this.#landed('landed', 'expired'), this.#variantsSeen);
  }

  async #checkRepeat(options: ReplayOptions, tables: Tables): Promise<void> {
    const run = await this.#world.plan(this.#pipeline, { ...options, preview: true });
    for (const { changes } of await this.#world.execute(run)) {
      for (const { table, date, inserted, updated, deleted } of changes) {
        if (inserted + updated + deleted > 0)
          throw new Error(`a repeated replay changed ${table} on ${date}: +${inserted} ~${updated} -${deleted}`);
      }
    }
    this.#compare(await this.#world.tables(), this.#landed('landed'));
    if (
      JSON.stringify([...(await this.#world.tables())].map(([, r]) => r.length)) !==
      JSON.stringify([...tables].map(([, r]) => r.length))
    )
      throw new Error('a repeated replay changed the number of rows');
    const verification = await this.#world.verify(run);
    if (verification.differencesTotal > 0)
      throw new Error(`verify finds ${JSON.stringify(verification.differences)} where the model finds nothing`);
  }
}

function dateAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
