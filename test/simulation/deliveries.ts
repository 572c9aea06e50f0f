// Random deliveries of the tiny pipeline: few identities, few days and few instants, so that copies, ties, corrections
// that move dates, and rejected copies are the rule.

import fc from 'fast-check';
import { formatDay, parseDay } from '../../engine/model/time.ts';
import type { RawDelivery } from '../adapters/memory-raw.ts';

const FIRST_DAY = parseDay('2026-01-10') as number;
/** Arrival days of objects, from 0. */
export const ARRIVAL_DAYS = 3;

export const dateOf = (day: number): string => formatDay(FIRST_DAY + day);
const timeOf = (day: number, second: number): string => `${dateOf(day)}T12:00:0${second}Z`;

type Fault = 'none' | 'cut' | 'source' | 'version' | 'type' | 'buyer';

/** A delivery before it is known on which day it arrives; event days are offsets from that day. */
export interface DeliveryDraft {
  readonly kind: 'sale' | 'note' | 'memo';
  readonly source: 'shop' | 'web';
  readonly id: number;
  readonly otherId: number;
  readonly at: number;
  readonly otherAt: number;
  readonly second: number;
  readonly amount: number;
  readonly grade: 'good' | 'poor';
  readonly lines: readonly number[];
  readonly marks: readonly {
    readonly mark: number;
    readonly otherMark: number;
    readonly at: number;
    readonly otherAt: number;
    readonly word: number;
  }[];
  readonly fault: Fault;
}

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
  fault: weighted<Fault>([12, 'none'], [1, 'cut'], [1, 'source'], [1, 'version'], [1, 'type'], [3, 'buyer']),
});

/** `family` goes before every identity, so that families of events never meet. */
export function deliveryOf(draft: DeliveryDraft, arrivalDay: number, family: number): RawDelivery {
  const time = (offset: number): string => timeOf(arrivalDay + offset, 0);
  const times = { at: time(draft.at), other_at: time(draft.otherAt) };
  const { fault } = draft;
  const head = { type: draft.kind, v: fault === 'version' ? 2 : 1, id: `${family}-${draft.id}`, ...times };
  const body =
    draft.kind === 'sale'
      ? {
          ...head,
          other_id: `${family}-${draft.otherId}`,
          amount: fault === 'type' ? 'much' : draft.amount,
          grade: draft.grade,
          ...(fault === 'buyer' ? {} : { buyer: 'b' }),
          lines: draft.lines.map((item) => ({ item: `i${item}` })),
          marks: draft.marks.map((mark) => ({
            mark: `${family}-m${mark.mark}`,
            other_mark: `${family}-m${mark.otherMark}`,
            at: time(mark.at),
            other_at: time(mark.otherAt),
            word: `w${mark.word}`,
          })),
        }
      : { ...head, text: fault === 'type' ? 1 : `t${draft.amount}` };
  const text = JSON.stringify(body);
  return {
    received_at: timeOf(arrivalDay, draft.second),
    source: fault === 'source' ? 'kiosk' : draft.kind === 'sale' ? draft.source : 'shop',
    body: fault === 'cut' ? text.slice(0, -1) : text,
  };
}
