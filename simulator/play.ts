// Plays a history. However it went, replaying every date once under the last transforms must leave the tables that the
// model says, and doing it again must change nothing.

import { Ledger } from '../engine/ledger/ledger.ts';
import type { RunRecord } from '../engine/run/run-record.ts';
import { randomFrom } from '../generator/random.ts';
import { sha256Hex } from '../model/digest.ts';
import { isRepriseError } from '../model/errors.ts';
import { type Backfill, backfill, reconcileAll, runCommand, untilItHasItsDates } from './commands.ts';
import { checkOrphans, compareWithModel, type Orphan } from './comparison.ts';
import { dateOf, deliveryOf } from './deliveries.ts';
import type { Fault } from './faults.ts';
import type { CommandStep, History, Step, WorldStep } from './history.ts';
import { liveChange, withLiveChange } from './live-load.ts';
import { openContext, type SimContext } from './ports.ts';
import { rawRow } from './raw.ts';
import { type Row, rowsOf, type Tables } from './rows.ts';
import { Scheduler, type SimProcess } from './scheduler.ts';
import { SOUND_BEHAVIOUR, type WarehouseBehaviour } from './warehouse.ts';
import { Violation } from './watch.ts';
import { type RawObject, World } from './world.ts';

/** How often, by name. */
export type Counts = Readonly<Record<string, number>>;

export interface Played {
  /** What did not hold, first of all. */
  readonly violation: string | undefined;
  /** Steps that were taken, faults that happened, states in which runs ended, each with how often. */
  readonly steps: Counts;
  readonly faults: Counts;
  readonly ends: Counts;
  readonly turns: number;
  /** What happened, line by line. */
  readonly told: readonly string[];
  /** Of all that happened and of what it left. */
  readonly fingerprint: string;
}

export async function playHistory(history: History, behaviour: WarehouseBehaviour = SOUND_BEHAVIOUR): Promise<Played> {
  return new Play(history, behaviour).play();
}

/** How long somebody looks at a command before going on with something else. */
const PATIENCE_MS = 45_000;
/** Wider than all dates that events of any transforms can have. */
const ALL_DATES = { from: -6, days: 20 } as const;
const LAST: Backfill = {
  do: 'backfill',
  ...ALL_DATES,
  slices: 'some',
  groupCuts: 0,
  only: 0,
  maxActive: 2,
  approved: true,
  verify: true,
  stageOnly: false,
  thinkMs: 0,
  tries: 1,
};
/** Leases may have been taken by a clock that was wrong by an hour. */
const TRIES_MAX = 200;
const HOLDS = new Set(['succeeded', 'nothing_to_do']);

class Play {
  readonly #history: History;
  readonly #scheduler: Scheduler;
  readonly #world: World;
  readonly #orphans: Orphan[] = [];
  readonly #told: string[] = [];
  readonly #steps: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};
  readonly #ends: Record<string, number> = {};
  #landings = 0;

  constructor(history: History, behaviour: WarehouseBehaviour) {
    this.#history = history;
    this.#scheduler = new Scheduler(randomFrom(`${history.seed}/schedule`));
    const isOneMachine = (history.seed & 1) === 0;
    const onFault = (fault: Fault, call: string, process: SimProcess): void => this.#faulted(fault, call, process);
    this.#world = new World({ scheduler: this.#scheduler, variant: history.variant, isOneMachine, behaviour, onFault });
  }

  async play(): Promise<Played> {
    const { watch } = this.#world;
    try {
      const actors = this.#history.actors.map((steps, number) => this.#act(number, steps));
      await this.#scheduler.run((process) => process.isAdmitted && process.isAsleep());
      await this.#drained(Promise.all(actors), 'somebody waits for ever');
      if (watch.violation === undefined) await this.#finish();
    } catch (error) {
      if (error instanceof Violation) watch.note(error);
      else watch.wrong(error);
    }
    const tables = JSON.stringify([...this.#world.warehouse.tables]);
    return {
      violation: watch.violation?.message,
      steps: this.#steps,
      faults: this.#faults,
      ends: this.#ends,
      turns: this.#scheduler.turns,
      told: this.#told,
      fingerprint: sha256Hex(`${this.#scheduler.turns} ${this.#told.join('\n')} ${tables}`),
    };
  }

  #begin(name: string, faults: readonly Fault[]): SimContext {
    return openContext(this.#world, this.#world.begin(name, faults));
  }

  /** What is not over now never will be. */
  async #drained<T>(work: Promise<T>, otherwise: string): Promise<T> {
    const never = Symbol(otherwise);
    const result = await Promise.race([work, Promise.resolve().then(() => never)]);
    if (result === never) throw new Violation(otherwise);
    return result as T;
  }

  async #act(number: number, steps: readonly Step[]): Promise<void> {
    const name = number === 0 ? 'world' : `operator${number}`;
    const { process } = this.#world.begin(name, []);
    for (const step of steps) {
      await process.turn(step.afterMs);
      if (this.#world.watch.violation !== undefined) return;
      this.#count(this.#steps, step.do);
      if (isCommand(step)) await this.#command(name, process, step, step.faults);
      else await this.#change(step, step.faults);
    }
  }

  async #command(name: string, person: SimProcess, step: CommandStep, faults: readonly Fault[]): Promise<void> {
    const context = this.#begin(name, faults);
    const { process } = context.caller;
    this.#tell(process, describeStep(step));
    const work = runCommand(this.#world, context, step).then(
      (record) => this.#ended(process, step.do, record),
      (error: unknown) => this.#refused(context, step.do, error),
    );
    const ended = work.finally(() => {
      process.hasEnded = true;
    });
    await Promise.race([ended, process.death, person.turn(PATIENCE_MS)]);
  }

  #ended(process: SimProcess, command: CommandStep['do'], record: RunRecord | undefined): void {
    if (record === undefined) return;
    this.#count(this.#ends, command, record.state);
    if (record.failure?.error === 'TransformsRetired') this.#world.watch.refusedAsRetired(record.runId);
    this.#tell(process, `${record.runId} is ${record.state}${record.failure ? `: ${record.failure.error}` : ''}`);
  }

  #count(counts: Record<string, number>, ...words: string[]): void {
    const name = words.join(' ');
    counts[name] = (counts[name] ?? 0) + 1;
  }

  #refused(context: SimContext, command: CommandStep['do'], error: unknown): void {
    if (!isRepriseError(error) || error.code === 'Internal' || error.code === 'LedgerBroken') context.onFault(error);
    const code = isRepriseError(error) ? error.code : String(error);
    this.#count(this.#ends, command, code);
    this.#tell(context.caller.process, `refused: ${code}`);
  }

  #faulted(fault: Fault, call: string, process: SimProcess): void {
    this.#count(this.#faults, fault.kind);
    this.#tell(process, `! ${fault.kind}${fault.ms > 0 ? ` ${fault.ms} ms` : ''} at ${call}`);
  }

  #tell(process: Pick<SimProcess, 'name'>, what: string): void {
    this.#told.push(`${new Date(this.#scheduler.nowMs).toISOString().slice(11, 23)} ${process.name}: ${what}`);
  }

  async #change(step: WorldStep, faults: readonly Fault[]): Promise<void> {
    const world = this.#world;
    this.#tell({ name: 'world' }, describeStep(step));
    switch (step.do) {
      case 'land':
        return this.#land(step);
      case 'transform':
        return world.deploy(world.variant ^ step.flip);
      case 'live': {
        const object = this.#pick(step.object, 'arriving', 'landed');
        if (object !== undefined) await this.#live(object, step.retracts, faults);
        return;
      }
      case 'erase':
        return this.#erase(step.object, step.row);
      case 'expire':
        return this.#expire(step.object);
      case 'break': {
        const object = this.#pick(step.object, 'landed');
        if (object !== undefined) world.break(object);
        return;
      }
      case 'mend':
        return this.#arriveAll('broken');
    }
  }

  #pick(number: number, ...states: RawObject['state'][]): RawObject | undefined {
    const among = this.#world.objects.filter(({ state }) => states.includes(state));
    return among[number % Math.max(among.length, 1)];
  }

  #arriveAll(state: RawObject['state']): void {
    for (const object of this.#world.objects) if (object.state === state) this.#world.arrive(object);
  }

  async #land(step: Extract<WorldStep, { do: 'land' }>): Promise<void> {
    const object: RawObject = {
      key: `raw/tiny/dt=${dateOf(step.day)}/hour=12/${++this.#landings}.parquet`,
      deliveries: step.deliveries.map((draft) => deliveryOf(draft, step.day, step.family)),
      erased: new Set(),
      state: 'arriving',
    };
    if (!step.late) this.#arriveAll('arriving');
    this.#world.objects.push(object);
    if (step.live === 'before') await this.#live(object, false, []);
    if (!step.late) this.#world.arrive(object);
    if (step.live === 'after') await this.#live(object, true, []);
  }

  /** The live loader, one transaction of a process of its own. */
  async #live(object: RawObject, retracts: boolean, faults: readonly Fault[]): Promise<void> {
    const { caller, compiled, clock } = this.#begin('loader', faults);
    const load = caller.call('warehouse.transact live', async () => {
      const { tables } = this.#world.warehouse;
      const arrived = object.deliveries
        .map((delivery, row) => ({ object: object.key, raw: rawRow(delivery, row) }))
        .filter(({ raw }) => !object.erased.has(raw.row));
      const change = liveChange(compiled, arrived, tables, retracts);
      const after = withLiveChange(tables, change, new Date(clock.nowMs()).toISOString());
      this.#replaceTables(after);
    });
    await Promise.race([load.catch(() => undefined), caller.process.death]);
  }

  #replaceTables(tables: Tables): void {
    this.#world.watch.disturbed();
    for (const [name, rows] of tables) this.#world.warehouse.tables.set(name, rows);
    this.#world.watch.standing(tables);
  }

  /** A row of raw goes, and with it all that came from it; the positions of the others stay. */
  #erase(number: number, row: number): void {
    const object = this.#pick(number, 'landed');
    if (object === undefined || row >= object.deliveries.length) return;
    object.erased.add(row);
    this.#world.arrive(object);
    const isErased = (one: Row): boolean => one._raw_object === object.key && one._raw_row === String(row);
    const tables = [...this.#world.warehouse.tables].map(
      ([name, rows]) => [name, rows.filter((one) => !isErased(one))] as const,
    );
    this.#replaceTables(new Map(tables));
  }

  #expire(number: number): void {
    const object = this.#pick(number, 'landed');
    if (object === undefined) return;
    for (const [table, rows] of this.#world.warehouse.tables)
      for (const row of rows) if (row._raw_object === object.key) this.#orphans.push({ table, row });
    void this.#world.lake.remove(object.key);
    object.state = 'expired';
  }

  /** Everything arrives, everything can be read, and all dates are replayed once, and once more. */
  async #finish(): Promise<void> {
    const { watch, warehouse } = this.#world;
    this.#arriveAll('arriving');
    this.#arriveAll('broken');
    if (!this.#world.objects.some(({ state }) => state === 'landed')) return;
    const context = this.#begin('last', []);
    const last = await this.#replayAll(context, { ...LAST, groupCuts: this.#history.seed & 255 });
    watch.check(() => this.#compare(warehouse.tables));
    watch.check(() => this.#checkGone(last));
    const before = JSON.stringify([...warehouse.tables]);
    const again = await this.#replayAll(this.#begin('again', []), LAST);
    if (again.state !== 'nothing_to_do') throw new Violation(`a repeated replay ended as ${again.state}`);
    if (JSON.stringify([...warehouse.tables]) !== before) throw new Violation('a repeated replay wrote to tables');
    await this.#checkLedger(context);
    // Whoever was asleep wakes up, and finds itself fenced out.
    await this.#scheduler.run();
    watch.check(() => this.#compare(warehouse.tables));
    if (watch.violation === undefined) await this.#rollBack();
  }

  /**
   * Other transforms are in force for a while and publish nothing; then the last ones again. What arrives late is published
   * in part, as if the others had never been.
   */
  async #rollBack(): Promise<void> {
    const { objects, variant, warehouse, watch } = this.#world;
    const [object] = objects.filter(({ state }) => state === 'landed');
    this.#world.deploy(variant ^ 1);
    await this.#alone(this.#begin('others', []), (context) =>
      runCommand(this.#world, context, { do: 'activate', from: 0, days: 0 }),
    );
    this.#world.deploy(variant);
    const late = { ...(object as RawObject), key: (object as RawObject).key.replace('/hour=12/', '/hour=13/') };
    objects.push(late);
    this.#world.arrive(late);
    const found = await this.#alone(this.#begin('rolled back', []), (context) => reconcileAll(this.#world, context, 1));
    this.#tell({ name: 'rolled back' }, `reconciled: ${JSON.stringify(found.needsWhole)}`);
    const held = found.needsWhole.filter(({ because }) => because.some((why) => why.includes('other transforms')));
    if (held.length > 0) throw new Violation(`after a rollback [${held[0]?.from}, …) waits for its own transforms`);
    // Whoever woke up too late has made some dates count as not published.
    if (found.needsWhole.length + found.waiting.length + found.retired.length === 0)
      watch.check(() => this.#compare(warehouse.tables));
  }

  /** What a process does while all others are asleep. */
  async #alone<T>(context: SimContext, work: (context: SimContext) => Promise<T>): Promise<T> {
    let isOver = false;
    const over = work(context).finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    await this.#scheduler.run((process) => isOver || (process !== context.caller.process && process.isAsleep()));
    return this.#drained(over, 'a process waits for ever');
  }

  async #replayAll(context: SimContext, step: Backfill): Promise<RunRecord> {
    const work = untilItHasItsDates(context, TRIES_MAX, async () => {
      await runCommand(this.#world, context, { do: 'activate', from: 0, days: 0 });
      return backfill(this.#world, context, step);
    });
    const run = await this.#alone(context, () => work);
    this.#ended(context.caller.process, 'backfill', run);
    if (!HOLDS.has(run.state)) throw new Violation(`the last replay ended as ${run.state}: ${whyOf(run)}`);
    return run;
  }

  /** The last replay has said of which events raw is gone. */
  #checkGone({ summary }: RunRecord): void {
    const gone = new Set(this.#world.objects.filter(({ state }) => state === 'expired').map(({ key }) => key));
    const events = rowsOf(this.#world.warehouse.tables, 'events').filter((row) => gone.has(row._raw_object ?? ''));
    const said = (summary?.rawGone ?? []).reduce((sum, { rows }) => sum + rows, 0);
    if (said !== events.length) throw new Violation(`the raw of ${events.length} events is gone, the run says ${said}`);
  }

  #compare(tables: Tables): void {
    const { objects, pipeline, variantsSeen, watch } = this.#world;
    const expired = objects.filter(({ state }) => state === 'expired').map(({ key }) => key);
    compareWithModel(pipeline, tables, this.#world.landed(['landed']), new Set(expired));
    const orphans = this.#orphans.filter(({ table, row }) => !watch.isRightlyGone(table, row));
    checkOrphans(tables, orphans, this.#world.landed(['landed', 'expired'], true), variantsSeen);
  }

  /** The chain holds, and names every transaction. */
  async #checkLedger(context: SimContext): Promise<void> {
    const work = new Ledger(context, context.compiled.name).inspect();
    await this.#scheduler.run((process) => process !== context.caller.process && process.isAsleep());
    const { entries, faults } = await work;
    if (faults.length > 0) throw new Violation(`the ledger is broken: ${JSON.stringify(faults[0])}`);
    const named = new Set(entries.flatMap((entry) => (entry.kind === 'group_published' ? [entry.token] : [])));
    const { watch } = this.#world;
    const { tokens } = watch;
    for (const token of named)
      if (!tokens.has(token)) throw new Violation(`the ledger names ${token}, which was never applied`);
    watch.checkRetirements();
    const succeeded = new Set(
      entries.flatMap((entry) => (entry.kind === 'run_finished' && entry.state === 'succeeded' ? [entry.runId] : [])),
    );
    for (const token of tokens)
      if (succeeded.has(token.split('/')[0] ?? '') && !named.has(token))
        throw new Violation(`the ledger does not name ${token}, which was applied`);
  }
}

function whyOf({ failure, summary }: RunRecord): string {
  if (failure !== undefined) return `${failure.error}, ${failure.cause}`;
  return `verification found ${summary?.verified?.differences ?? 0} differences`;
}

const COMMANDS = new Set(['backfill', 'resume', 'cancel', 'pause', 'undo', 'reconcile', 'activate']);
const isCommand = (step: Step): step is Extract<Step, CommandStep> => COMMANDS.has(step.do);

/** A step as one line. */
export function describeStep(step: WorldStep | CommandStep): string {
  const { do: name, ...rest } = step;
  const { faults: _, afterMs: __, ...shown } = rest as Record<string, unknown>;
  const parts = Object.entries(shown).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return [name, ...parts].join(' ');
}
