// Random histories: deliveries land, transforms change, windows are replayed, a live loader writes, processes die,
// objects break, are mended and expire. How they are played is in play.ts.

import fc from 'fast-check';
import { ARRIVAL_DAYS, type DeliveryDraft } from '../../simulator/deliveries.ts';
import { VARIANT_NAMES } from '../../simulator/tiny-pipeline.ts';
import { deliveryDraft, weighted } from './deliveries.ts';

/** How many histories are played in one world: families of events that never meet share its plans and its crashes. */
export const FAMILIES = 64;
/** Bits that choose families, each for those whose number has the same rest. */
export const FAMILY_BITS = 31;

export interface Landing {
  readonly deliveries: readonly DeliveryDraft[];
  /** The live loader may be there first, or a plan. */
  readonly live: 'not' | 'before' | 'after';
  /** The object is listed only when the next one of its family lands, or at the end. */
  readonly late: boolean;
  /** Each delivery in an object of its own. */
  readonly apart: boolean;
}

/** Numbers that name an object or a date do so modulo how many there are. */
export type Step =
  | {
      readonly do: 'land';
      readonly day: number;
      /** Objects of each family; no deliveries, no object. */
      readonly families: readonly Landing[];
    }
  | { readonly do: 'transform'; readonly flip: number }
  | {
      readonly do: 'replay';
      readonly from: number;
      readonly days: number;
      readonly slices: 'one' | 'some' | 'many' | 'rows';
      readonly groupCuts: number;
      /** Bits of the objects of a partial plan; 0: whole. */
      readonly only: number;
      readonly preview: boolean;
      /** Families of the live load after each group. */
      readonly liveAfter: number;
      readonly breaking: number;
      readonly crash: {
        readonly calls: number;
        readonly afterEffect: boolean;
        readonly afterwards: 'resume' | 'later' | 'zombie' | 'abandon';
      } | null;
    }
  /** Each family whose bit is set loads an object; which one differs by family. */
  | { readonly do: 'live'; readonly object: number; readonly families: number; readonly retracts: boolean }
  | { readonly do: 'continue' }
  | { readonly do: 'break'; readonly object: number }
  | { readonly do: 'mend' }
  | { readonly do: 'expire'; readonly object: number; readonly families: number };

export interface History {
  readonly variant: number;
  readonly steps: readonly Step[];
  /** Decides the order of the last days. */
  readonly shuffle: number;
  /** With the catalog over DuckDB, and every file that the warehouse writes. */
  readonly thorough: boolean;
}

const some = (max: number): fc.Arbitrary<number> => fc.nat({ max });
const someFamilies = some(2 ** FAMILY_BITS - 1);
const flip = fc.oneof({ weight: 4, arbitrary: some(VARIANT_NAMES.length - 1).map((bit) => 1 << bit) }, some(511));
const seldom = (max: number, weight: number): fc.Arbitrary<number> =>
  fc.oneof({ weight, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: some(max) });

const land: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('land' as const),
  day: some(ARRIVAL_DAYS - 1),
  families: fc.array(
    fc.record({
      deliveries: fc.array(deliveryDraft, { maxLength: 4, size: 'max' }),
      live: fc.constantFrom<Landing['live']>('not', 'not', 'before', 'after'),
      late: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
      apart: fc.boolean(),
    }),
    { maxLength: FAMILIES, minLength: 1, size: 'max' },
  ),
});

const replay: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('replay' as const),
  from: some(5),
  days: fc.integer({ min: 1, max: 6 }),
  slices: weighted<'one' | 'some' | 'many' | 'rows'>([4, 'one'], [4, 'some'], [2, 'many'], [1, 'rows']),
  groupCuts: some(255),
  only: seldom(15, 4),
  preview: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  liveAfter: seldom(2 ** FAMILY_BITS - 1, 4),
  breaking: seldom(4, 8),
  crash: fc.option(
    fc.record({
      calls: fc.integer({ min: 1, max: 260 }),
      afterEffect: fc.boolean(),
      afterwards: fc.constantFrom<'resume' | 'later' | 'zombie' | 'abandon'>('resume', 'later', 'zombie', 'abandon'),
    }),
    { freq: 2, nil: null },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: land },
  { weight: 3, arbitrary: flip.map((bits) => ({ do: 'transform' as const, flip: bits })) },
  { weight: 6, arbitrary: replay },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('live' as const),
      object: some(7),
      families: someFamilies,
      retracts: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'continue' as const }) },
  { weight: 1, arbitrary: some(7).map((object) => ({ do: 'break' as const, object })) },
  { weight: 1, arbitrary: fc.constant({ do: 'mend' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('expire' as const), object: some(7), families: someFamilies }),
  },
);

export const history: fc.Arbitrary<History> = fc.record({
  variant: seldom(511, 2),
  steps: fc.tuple(land, fc.array(step, { minLength: 1, maxLength: 7 })).map(([first, rest]) => [first, ...rest]),
  shuffle: some(1_000_000),
  thorough: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
});
