// What a generated delivery is made of: samples and what is expected of them, shapes, drafts of good events, and the few
// ways to turn a draft into a sample. The composition is in sample.ts, the faults are in faults.ts.

import {
  type Fields,
  fieldAt,
  isoOfMicros,
  isoOfMs,
  type Json,
  type TimeKind,
  withField,
  writeJson,
  writeTime,
} from './body.ts';
import type { Random } from './random.ts';

export type Delivery = { readonly received_at: string; readonly source: string; readonly body: string };

export type RejectionReason =
  | 'oversized'
  | 'unknown_source'
  | 'malformed_json'
  | 'schema_violation'
  | 'unknown_schema_version'
  | 'clock_skew';

export type Expectation =
  | { readonly accepted: true; readonly eventId: string; readonly eventType: string; readonly occurredAt: string }
  | { readonly accepted: false; readonly reason: RejectionReason };

/** `fault` names the fault or variation laid over the delivery; without it, it is ordinary traffic. */
export type Sample = Delivery & { readonly expect: Expectation; readonly fault?: string };

export interface SampleOptions {
  readonly seed: number;
  /** About how many events the ordinary traffic has. Faults, variations and stories come on top: all of them from 400 on. */
  readonly events: number;
  /** The first UTC date, `YYYY-MM-DD`. */
  readonly from: string;
  readonly days: number;
  /** Put into every event id, so that sets of several seeds can be landed beside each other. */
  readonly idPrefix?: string;
}

export interface SampleSource {
  readonly pipeline: string;
  /** Ordered by received_at; the same options give the same bytes. */
  generate(options: SampleOptions): Sample[];
  /** Every field of every shape with every fault that fits it, one rejected delivery each. `events` is not read. */
  fieldByField(options: SampleOptions): Sample[];
}

export type FieldKind =
  | 'text'
  | 'choice'
  | 'integer'
  | 'number'
  | 'money'
  | 'decimal'
  | 'boolean'
  | 'object'
  | 'array'
  | TimeKind;

/** `money` is a JSON number that is money, `decimal` a text that is one. */
export type Field = { readonly path: string; readonly kind: FieldKind; readonly optional: boolean };

/** One shape of one source, as far as faults need to know it. */
export interface Shape {
  readonly source: string;
  readonly fields: readonly Field[];
  readonly timePath: string;
  readonly timeKind: TimeKind;
  /** Where this shape keeps its version and what it holds; the path is undefined for shapes that have no version field. */
  readonly versionPath: string | undefined;
  readonly version: Json;
  /** Another version listed for the same source, if there is one. */
  readonly otherVersion?: Json;
  /** A free text that corrections change and that may be empty. */
  readonly freeText: string;
}

export interface Draft {
  readonly shape: Shape;
  readonly body: Fields;
  readonly eventId: string;
  readonly eventType: string;
  readonly occurredMicros: number;
}

export interface World {
  readonly random: Random;
  readonly fromMs: number;
  readonly untilMs: number;
  /** The prefix and then the id. */
  id(id: string): string;
  /** 1, 2, 3 … within one generated set. */
  serial(): number;
}

/** How to draw a good event of a shape; every field of the shape is there, the optional ones too. */
export interface Drawing {
  readonly shape: Shape;
  draw(world: World, occurredMs: number): Draft;
}

export interface Product {
  readonly pipeline: string;
  /** Sources that are not listed; the delivery is otherwise good. */
  readonly unlistedSources: readonly string[];
  /** One drawing for each shape, for faults and variations to be laid over. */
  readonly shapes: readonly Drawing[];
  /** At least `events` drafts of ordinary traffic. */
  traffic(world: World, events: number): Draft[];
  /** What only this product has: samples that are complete as they are. Small; run once from 400 events on. */
  stories(world: World): Sample[];
}

export function accept(draft: Draft, receivedMs: number, fault?: string, body = writeJson(draft.body)): Sample {
  return {
    received_at: isoOfMs(receivedMs),
    source: draft.shape.source,
    body,
    expect: {
      accepted: true,
      eventId: draft.eventId,
      eventType: draft.eventType,
      occurredAt: isoOfMicros(draft.occurredMicros),
    },
    ...(fault === undefined ? {} : { fault }),
  };
}

export function reject(
  source: string,
  receivedMs: number,
  body: string,
  reason: RejectionReason,
  fault: string,
): Sample {
  return { received_at: isoOfMs(receivedMs), source, body, expect: { accepted: false, reason }, fault };
}

/** The same event, with another time in its body. */
export function movedTo(draft: Draft, micros: number): Draft {
  const { timePath, timeKind } = draft.shape;
  return { ...draft, body: withField(draft.body, timePath, writeTime(timeKind, micros)), occurredMicros: micros };
}

/** The same event, with another free text. */
export function amended(draft: Draft, random: Random): Draft {
  const before = fieldAt(draft.body, draft.shape.freeText);
  const text = `${typeof before === 'string' ? before : ''} (${random.hex(4)})`;
  return { ...draft, body: withField(draft.body, draft.shape.freeText, text) };
}

/** `event_id order.customer? order.lines=array order.lines.0.qty=integer`: paths with their kinds, text unless said. */
export function fieldsOf(description: string): Field[] {
  return description
    .trim()
    .split(/\s+/)
    .map((part) => {
      const [path, kind = 'text'] = part.split('=');
      return { path: path!.replace('?', ''), kind: kind as FieldKind, optional: path!.endsWith('?') };
    });
}

/** Identity parts as the contract joins them: `:` and `%` inside a part percent-encoded. */
export function identityOf(...parts: readonly (string | number)[]): string {
  return parts.map((part) => String(part).replaceAll('%', '%25').replaceAll(':', '%3A')).join(':');
}
