// Random deliveries of the tiny pipeline as fast-check draws them.

import fc from 'fast-check';
import type { DeliveryDraft, DeliveryFault } from '../../simulator/deliveries.ts';

/** One of several values, some more often than others; the first is what shrinking ends in. */
export const weighted = <T>(...choices: readonly (readonly [weight: number, value: T])[]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/** The first choice is what shrinking ends in. Two days ahead is `clock_skew`. */
const dayOffset = weighted([8, 0], [5, -1], [2, -2], [2, 1], [1, 2]);
const identity = weighted([5, 0], [3, 1], [1, 2]);

export const deliveryDraft: fc.Arbitrary<DeliveryDraft> = fc.record({
  kind: weighted<DeliveryDraft['kind']>([6, 'sale'], [1, 'note'], [1, 'memo']),
  source: weighted<DeliveryDraft['source']>([3, 'shop'], [1, 'web']),
  id: identity,
  otherId: identity,
  at: dayOffset,
  otherAt: dayOffset,
  second: fc.integer({ min: 0, max: 2 }),
  amount: fc.integer({ min: 0, max: 1 }),
  grade: weighted<DeliveryDraft['grade']>([3, 'good'], [2, 'poor']),
  lines: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  marks: fc.array(
    fc.record({
      mark: identity,
      otherMark: identity,
      at: dayOffset,
      otherAt: dayOffset,
      word: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 2 },
  ),
  fault: weighted<DeliveryFault>([12, 'none'], [1, 'cut'], [1, 'source'], [1, 'version'], [1, 'type'], [3, 'buyer']),
});
