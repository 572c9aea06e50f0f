// A history: what several people and machines set out to do, and what goes wrong. Data alone, made from a seed, so that
// it can be printed and cut down. Who goes when is the scheduler's to say, from the same seed.

import { type Random, randomFrom } from '../generator/random.ts';
import { ARRIVAL_DAYS, type DeliveryDraft, randomDraft } from './deliveries.ts';
import { FAULT_KINDS, FAULT_PLACES, type Fault, type FaultKind, type FaultPlace } from './faults.ts';
import { VARIANT_NAMES } from './tiny-pipeline.ts';

/** Numbers that name an object, a date or a run do so modulo how many there are. */
export type WorldStep =
  | {
      readonly do: 'land';
      readonly day: number;
      readonly family: number;
      readonly deliveries: readonly DeliveryDraft[];
      /** The live loader may be there first, or a plan. */
      readonly live: 'not' | 'before' | 'after';
      /** The object is listed only when the next one lands, or at the end. */
      readonly late: boolean;
    }
  | { readonly do: 'transform'; readonly flip: number }
  | { readonly do: 'live'; readonly object: number; readonly retracts: boolean }
  | { readonly do: 'erase'; readonly object: number; readonly row: number }
  | { readonly do: 'expire'; readonly object: number }
  | { readonly do: 'break'; readonly object: number }
  | { readonly do: 'mend' };

export type CommandStep =
  | {
      readonly do: 'backfill';
      readonly from: number;
      /** 0: all there is. */
      readonly days: number;
      readonly slices: 'one' | 'some' | 'rows';
      readonly groupCuts: number;
      /** Bits of the objects of a partial plan; 0: whole. */
      readonly only: number;
      readonly maxActive: number;
      readonly approved: boolean;
      readonly verify: boolean;
      readonly stageOnly: boolean;
      /** Between plan and run. */
      readonly thinkMs: number;
      /** How often it is tried while somebody else holds its dates. */
      readonly tries: number;
    }
  | { readonly do: 'resume'; readonly run: number }
  | { readonly do: 'cancel'; readonly run: number }
  | { readonly do: 'pause'; readonly run: number }
  | { readonly do: 'undo'; readonly run: number; readonly approved: boolean }
  /** What arrived since it was last looked, as cron does it. */
  | { readonly do: 'reconcile'; readonly maxActive: number }
  /** The transforms of today may publish, although an undo retired them: at all dates, or at some. */
  | { readonly do: 'activate'; readonly from: number; readonly days: number };

export type Step = (WorldStep | CommandStep) & {
  /** How long its actor waits before it. */
  readonly afterMs: number;
  readonly faults: readonly Fault[];
};
export type StepKind = Step['do'];

export interface History {
  /** Of the schedule. */
  readonly seed: number;
  readonly variant: number;
  /** The first is the world: raw, transforms and the live loader. The others are operators. */
  readonly actors: readonly (readonly Step[])[];
}

const OPERATORS_MAX = 3;
const WORLD_STEPS_MAX = 8;
const COMMANDS_MAX = 5;
const FAMILIES = 2;
const DELIVERIES_MAX = 4;
const WINDOW_DAYS = 7;
/** Longer than a lease lives. */
const LONG_MS = 90_000;
const JUMP_MS_MAX = 3_600_000;

export function historyOf(seed: number): History {
  const random = randomFrom(seed);
  const drafts: Landed[] = [];
  const first = { ...landStep(random, drafts), late: false } as Step;
  const world = [first, ...some(random, 1, WORLD_STEPS_MAX, () => worldStep(random, drafts))];
  const operators = some(random, 2, OPERATORS_MAX, () => {
    const patient = random.chance(0.5);
    const [start, ...rest] = some(random, 1, COMMANDS_MAX, () => commandStep(random));
    const begun = random.chance(0.4) ? { ...backfillStep(random, 0, []), days: 0, only: 0 } : (start as Step);
    return [{ ...begun, afterMs: random.integer(50, patient ? 8000 : 500) }, ...rest];
  });
  return { seed, variant: random.chance(0.3) ? random.integer(0, 511) : 0, actors: [world, ...operators] };
}

const some = <T>(random: Random, least: number, most: number, make: () => T): T[] =>
  Array.from({ length: random.integer(least, most) }, make);

interface Landed {
  readonly draft: DeliveryDraft;
  readonly day: number;
  readonly family: number;
}

/** `drafts`: all deliveries so far, some of which come again, whole or with a difference. */
function landStep(random: Random, drafts: Landed[]): Step {
  const like = drafts.length > 0 && random.chance(0.6) ? random.pick(drafts) : undefined;
  const day = like?.day ?? random.integer(0, ARRIVAL_DAYS - 1);
  const family = like?.family ?? random.integer(0, FAMILIES - 1);
  const deliveries = some(random, 1, DELIVERIES_MAX, () => draftAfter(random, drafts));
  drafts.push(...deliveries.map((draft) => ({ draft, day, family })));
  return {
    do: 'land',
    day,
    family,
    deliveries,
    live: random.pick(['not', 'not', 'before', 'after'] as const),
    late: random.chance(0.2),
    afterMs: 0,
    faults: [],
  };
}

function draftAfter(random: Random, drafts: readonly Landed[]): DeliveryDraft {
  const fresh = randomDraft(random);
  if (drafts.length === 0 || random.chance(0.6)) return fresh;
  const again = random.pick(drafts).draft;
  const member = random.pick(DRAFT_MEMBERS);
  return { ...again, [member]: fresh[member] };
}

const DRAFT_MEMBERS = [
  ...(['otherAt', 'otherId', 'otherAt', 'otherId'] as const),
  ...(['second', 'otherAt', 'otherId', 'at', 'amount', 'grade', 'lines', 'marks', 'fault', 'source'] as const),
];

function worldStep(random: Random, drafts: Landed[]): Step {
  const afterMs = pauseMs(random);
  const kind = random.pick(WORLD_WEIGHTS);
  const object = random.integer(0, 7);
  const plain = { afterMs, faults: [] };
  switch (kind) {
    case 'land':
      return { ...landStep(random, drafts), afterMs };
    case 'transform':
      return { do: 'transform', flip: flipOf(random), ...plain };
    case 'live':
      return { do: 'live', object, retracts: random.chance(0.5), afterMs, faults: faultsOf(random, LIVE_FAULTS, 0.2) };
    case 'erase':
      return { do: 'erase', object, row: random.integer(0, DELIVERIES_MAX - 1), ...plain };
    case 'expire':
      return { do: 'expire', object, ...plain };
    case 'break':
      return { do: 'break', object, ...plain };
    case 'mend':
      return { do: 'mend', ...plain };
  }
}

const WORLD_WEIGHTS = [
  ...(['land', 'land', 'land', 'land', 'land', 'transform', 'transform', 'transform'] as const),
  ...(['live', 'live', 'erase', 'expire', 'break', 'mend'] as const),
];

const flipOf = (random: Random): number =>
  random.chance(0.8) ? 1 << random.integer(0, VARIANT_NAMES.length - 1) : random.integer(0, 511);

const pauseMs = (random: Random): number =>
  random.chance(0.1) ? random.integer(0, LONG_MS) : random.chance(0.5) ? random.integer(0, 8000) : 0;

function commandStep(random: Random): Step {
  const afterMs = pauseMs(random);
  const faults = random.chance(0.1) ? [OVERSLEPT] : faultsOf(random, COMMAND_FAULTS, 0.75);
  const run = random.integer(0, 3);
  const kind = random.pick(COMMAND_WEIGHTS);
  switch (kind) {
    case 'resume':
      return { do: kind, run, afterMs, faults };
    case 'cancel':
    case 'pause':
      return { do: kind, run, afterMs, faults: [] };
    case 'undo':
      return { do: kind, run, approved: random.chance(0.8), afterMs, faults };
    case 'reconcile':
      return { do: kind, maxActive: random.integer(1, 2), afterMs, faults };
    case 'activate':
      return { do: kind, ...somewhere(random), afterMs, faults: [] };
    case 'backfill':
      return backfillStep(random, afterMs, faults);
  }
}

/** `days` 0: everywhere. */
const somewhere = (random: Random): { readonly from: number; readonly days: number } =>
  random.chance(0.5) ? { from: 0, days: 0 } : { from: random.integer(-3, 3), days: random.integer(1, WINDOW_DAYS) };

function backfillStep(random: Random, afterMs: number, faults: readonly Fault[]): Step {
  return {
    do: 'backfill',
    from: random.integer(-3, 3),
    days: random.chance(0.3) ? 0 : random.integer(1, WINDOW_DAYS),
    slices: random.pick(['one', 'one', 'some', 'rows']),
    groupCuts: random.chance(0.5) ? random.integer(0, 255) : 0,
    only: random.chance(0.15) ? random.integer(1, 15) : 0,
    maxActive: random.integer(1, 2),
    approved: random.chance(0.8),
    verify: random.chance(0.3),
    stageOnly: random.chance(0.1),
    thinkMs: random.chance(0.2) ? random.integer(0, LONG_MS) : 0,
    tries: random.pick([1, 1, 4]),
    afterMs,
    faults,
  };
}

const COMMAND_WEIGHTS = [
  ...(['backfill', 'backfill', 'backfill', 'backfill', 'backfill'] as const),
  ...(['backfill', 'backfill', 'resume', 'resume', 'resume', 'resume', 'cancel', 'pause'] as const),
  ...(['undo', 'undo', 'reconcile', 'reconcile', 'activate'] as const),
];

/** It wakes up to its transaction when others have long taken over. */
const OVERSLEPT: Fault = { kind: 'asleep', place: 'transaction', call: 1, ms: 2 * LONG_MS };
const LIVE_FAULTS: readonly FaultKind[] = ['crash_before', 'crash_after', 'doubled', 'asleep'];
const COMMAND_FAULTS: readonly FaultKind[] = FAULT_KINDS;

function faultsOf(random: Random, kinds: readonly FaultKind[], share: number): Fault[] {
  if (!random.chance(share)) return [];
  return some(random, 1, 3, () => faultOf(random, random.pick(kinds)));
}

function faultOf(random: Random, kind: FaultKind): Fault {
  const readOnly = kind === 'worker_dies' || kind === 'unreadable';
  const places = Object.keys(FAULT_PLACES) as FaultPlace[];
  // Between its last look and its transaction a process that sleeps finds everything changed.
  const isLate = kind === 'asleep' && random.chance(0.5);
  const place = readOnly ? 'read' : isLate ? 'transaction' : random.pick(places);
  const call = random.integer(1, FAULT_PLACES[place].calls);
  const isJump = kind === 'clock_jump';
  const ms = isJump ? random.integer(-JUMP_MS_MAX, JUMP_MS_MAX) : random.integer(0, 2 * LONG_MS);
  return { kind, place, call, ms };
}
