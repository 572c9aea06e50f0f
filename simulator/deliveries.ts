// Deliveries of the tiny pipeline, drawn from few identities, few days and few instants, so that copies, ties,
// corrections that move dates, and rejected copies are the rule.

import type { Random } from '../generator/random.ts';
import { formatDay, parseDay } from '../model/time.ts';
import type { RawDelivery } from './raw.ts';

const FIRST_DAY = parseDay('2026-01-10') as number;
/** Arrival days of objects, from 0. */
export const ARRIVAL_DAYS = 3;

export const dateOf = (day: number): string => formatDay(FIRST_DAY + day);
const timeOf = (day: number, second: number): string => `${dateOf(day)}T12:00:0${second}Z`;

export type DeliveryFault = 'none' | 'cut' | 'source' | 'version' | 'type' | 'buyer';

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
  readonly fault: DeliveryFault;
}

/** Two days ahead is `clock_skew`. */
const DAY_OFFSETS = [0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -2, -2, 1, 1, 2];
const IDENTITIES = [0, 0, 0, 0, 0, 1, 1, 1, 2];
const KINDS = ['sale', 'sale', 'sale', 'sale', 'sale', 'sale', 'note', 'memo'] as const;
const SOURCES = ['shop', 'shop', 'shop', 'web'] as const;
const GRADES = ['good', 'good', 'good', 'poor', 'poor'] as const;
const FAULTS: readonly DeliveryFault[] = [
  ...Array.from({ length: 12 }, () => 'none' as const),
  ...(['cut', 'source', 'version', 'type', 'buyer', 'buyer', 'buyer'] as const),
];
const MEMBERS_MAX = 2;

export function randomDraft(random: Random): DeliveryDraft {
  const identity = (): number => random.pick(IDENTITIES);
  const offset = (): number => random.pick(DAY_OFFSETS);
  const some = <T>(make: () => T): T[] => Array.from({ length: random.integer(0, MEMBERS_MAX) }, make);
  return {
    kind: random.pick(KINDS),
    source: random.pick(SOURCES),
    id: identity(),
    otherId: identity(),
    at: offset(),
    otherAt: offset(),
    second: random.integer(0, 2),
    amount: random.integer(0, 1),
    grade: random.pick(GRADES),
    lines: some(() => random.integer(0, 1)),
    marks: some(() => ({
      mark: identity(),
      otherMark: identity(),
      at: offset(),
      otherAt: offset(),
      word: random.integer(0, 1),
    })),
    fault: random.pick(FAULTS),
  };
}

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
