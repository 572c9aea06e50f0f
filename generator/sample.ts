// The seeded event generator: deliveries as the five products send them, each with what the event contracts make of it.
// The expectation is known by construction, because whoever lays a fault over a good body says what it does; no reader,
// validator or engine takes part. Read `generateSamples` first: ordinary traffic, then copies, then faults, then stories.

import { createHash } from 'node:crypto';
import { DAY_MS, HOUR_MS, isoOfMs } from './body.ts';
import {
  accept,
  amended,
  type Draft,
  movedTo,
  type Product,
  reject,
  type Sample,
  type SampleOptions,
  type SampleSource,
  type World,
} from './draft.ts';
import { faultCatalog } from './faults.ts';
import { everyFieldFault } from './field-faults.ts';
import { type Random, randomFrom } from './random.ts';

export type { Delivery, Expectation, RejectionReason, Sample, SampleOptions, SampleSource } from './draft.ts';

const ALL_FAULTS_FROM_EVENTS = 400;

export function defineSamples(product: Product): SampleSource {
  return {
    pipeline: product.pipeline,
    generate: (options) => generateSamples(product, options),
    fieldByField: (options) => fieldByField(product, options),
  };
}

function generateSamples(product: Product, options: SampleOptions): Sample[] {
  const world = worldOf(product, options);
  const samples: Sample[] = [];
  for (const draft of product.traffic(world, options.events)) {
    const sample = accept(draft, arrivalOf(world.random, draft));
    samples.push(sample);
    samples.push(...copiesOf(world.random, draft, sample));
  }
  samples.push(...layFaults(product, world, options.events));
  if (options.events >= ALL_FAULTS_FROM_EVENTS) {
    samples.push(...requiredCopies(product, world), ...product.stories(world));
  }
  return samples.sort((a, b) => (a.received_at < b.received_at ? -1 : a.received_at > b.received_at ? 1 : 0));
}

/** Where and when a set is generated; its forks do not depend on what was drawn, so a part can be drawn again on its own. */
export function worldOf(product: Product, options: SampleOptions): World {
  const fromMs = Date.parse(`${options.from}T00:00:00.000Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(options.from) || Number.isNaN(fromMs)) {
    throw new RangeError(`from is ${JSON.stringify(options.from)}, not a date; give it as YYYY-MM-DD`);
  }
  if (!Number.isInteger(options.days) || options.days < 1)
    throw new RangeError(`days is ${options.days}; give 1 or more`);
  let drawn = 0;
  return {
    random: randomFrom(`${product.pipeline}/${options.seed}`),
    fromMs,
    untilMs: fromMs + options.days * DAY_MS,
    id: (id) => `${options.idPrefix ?? ''}${id}`,
    serial: () => ++drawn,
  };
}

function fieldByField(product: Product, options: SampleOptions): Sample[] {
  const world = worldOf(product, options);
  return product.shapes.flatMap((drawing) => {
    const draft = drawing.draw(world, momentIn(world.random, world));
    return everyFieldFault(draft, arrivalOf(world.random, draft));
  });
}

/** Every entry of the catalog once from 400 events on (a share of them below), and again at random, 1 in 200 events. */
function layFaults(product: Product, world: World, events: number): Sample[] {
  const random = world.random.fork('faults');
  const catalog = random.shuffle(faultCatalog(product));
  const share = Math.min(1, events / ALL_FAULTS_FROM_EVENTS);
  const chosen = catalog.slice(0, Math.round(catalog.length * share));
  const repeatable = catalog.filter((fault) => !fault.big);
  for (let i = Math.floor((events - ALL_FAULTS_FROM_EVENTS) / 200); i > 0; i--) chosen.push(random.pick(repeatable));
  return chosen.map((fault) => {
    const draft = random.pick(fault.drawings).draw(world, momentIn(random, world));
    return fault.lay(draft, arrivalOf(random, draft), random);
  });
}

/** Milliseconds of the window, whole seconds more often than not. */
export function momentIn(random: Random, world: World): number {
  const ms = random.integer(world.fromMs, world.untilMs - 1);
  return random.chance(0.7) ? ms - (ms % 1000) : ms;
}

function arrivalOf(random: Random, draft: Draft): number {
  return Math.ceil(draft.occurredMicros / 1000) + random.integer(50, 4000);
}

type CopyName =
  | 'redelivery'
  | 'correction'
  | 'correction_at_once'
  | 'correction_moves_date'
  | 'rejected_copy'
  | 'rejected_first'
  | 'late_hours'
  | 'late_weeks';

const COPY_SHARE: readonly (readonly [CopyName, number])[] = [
  ['redelivery', 0.01],
  ['correction', 0.003],
  ['correction_at_once', 0.001],
  ['correction_moves_date', 0.001],
  ['rejected_copy', 0.001],
  ['rejected_first', 0.001],
  ['late_hours', 0.003],
  ['late_weeks', 0.001],
];

function copiesOf(random: Random, draft: Draft, sample: Sample): Sample[] {
  let roll = random.fraction();
  for (const [name, share] of COPY_SHARE) {
    roll -= share;
    if (roll < 0) return [copyOf(name, random, draft, sample)];
  }
  return [];
}

function copyOf(name: CopyName, random: Random, draft: Draft, sample: Sample): Sample {
  const receivedMs = Date.parse(sample.received_at);
  const soon = receivedMs + random.integer(1, 2 * HOUR_MS);
  switch (name) {
    case 'redelivery':
      return { ...sample, received_at: isoOfMs(soon), fault: name };
    case 'correction':
      return accept(amended(draft, random), soon, name);
    case 'correction_at_once':
      return accept(movedTo(amended(draft, random), draft.occurredMicros - DAY_MS * 1000), receivedMs, name);
    case 'correction_moves_date':
      return accept(movedTo(amended(draft, random), draft.occurredMicros - DAY_MS * 1000), soon, name);
    case 'rejected_copy':
      return reject(
        sample.source,
        soon,
        sample.body.slice(0, Math.floor(sample.body.length / 2)),
        'malformed_json',
        name,
      );
    case 'rejected_first':
      return reject(sample.source, receivedMs - 1, sample.body.slice(0, -1), 'malformed_json', name);
    case 'late_hours':
      return accept(amended(draft, random), receivedMs + random.integer(2 * HOUR_MS, 20 * HOUR_MS), name);
    case 'late_weeks':
      return accept(amended(draft, random), receivedMs + random.integer(8 * DAY_MS, 35 * DAY_MS), name);
  }
}

/** Each kind of copy on each shape, so that none is left to chance; also events of which nothing but a late copy came. */
function requiredCopies(product: Product, world: World): Sample[] {
  const random = world.random.fork('copies');
  return product.shapes.flatMap((drawing) => {
    const fresh = () => drawing.draw(world, momentIn(random, world));
    const samples: Sample[] = [];
    for (const [name] of COPY_SHARE) {
      const draft = fresh();
      const first = accept(draft, arrivalOf(random, draft));
      samples.push(first, copyOf(name, random, draft, first));
    }
    const hours = fresh();
    samples.push(accept(hours, arrivalOf(random, hours) + random.integer(2 * HOUR_MS, 30 * HOUR_MS), 'late_hours'));
    const weeks = fresh();
    samples.push(accept(weeks, arrivalOf(random, weeks) + random.integer(8 * DAY_MS, 35 * DAY_MS), 'late_weeks'));
    return samples;
  });
}

/** Events of the traffic as the contract counts them: one winner for each identity, and what each delivery was rejected for. */
export interface ExpectedFigures {
  readonly deliveries: number;
  readonly quarantined: Record<string, number>;
  readonly events: number;
  readonly eventsByType: Record<string, number>;
  readonly eventsByDate: Record<string, number>;
}

/** From the expectations alone. The samples may come in any order and from several sets of one pipeline. */
export function expectedOf(samples: readonly Sample[]): ExpectedFigures {
  const quarantined: Record<string, number> = {};
  const winners = new Map<string, Sample>();
  for (const sample of samples) {
    if (!sample.expect.accepted) {
      count(quarantined, sample.expect.reason);
      continue;
    }
    const { eventId } = sample.expect;
    const rival = winners.get(eventId);
    if (rival === undefined || beats(sample, rival, eventId)) winners.set(eventId, sample);
  }
  const eventsByType: Record<string, number> = {};
  const eventsByDate: Record<string, number> = {};
  for (const { expect } of winners.values()) {
    if (!expect.accepted) continue;
    count(eventsByType, expect.eventType);
    count(eventsByDate, expect.occurredAt.slice(0, 10));
  }
  return { deliveries: samples.length, quarantined, events: winners.size, eventsByType, eventsByDate };
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function beats(sample: Sample, rival: Sample, eventId: string): boolean {
  const precedence = sourcePrecedence(eventId, sample.source) - sourcePrecedence(eventId, rival.source);
  if (precedence !== 0) return precedence > 0;
  if (sample.received_at !== rival.received_at) return sample.received_at > rival.received_at;
  return sample.body !== rival.body && sha256Of(sample.body) > sha256Of(rival.body);
}

/** Only promptflow states one: of a page view, the browser's copy goes before the server's. */
function sourcePrecedence(eventId: string, source: string): number {
  return eventId.startsWith('page_view:') && source === 'web' ? 1 : 0;
}

function sha256Of(body: string): string {
  return createHash('sha256').update(body, 'utf8').digest('hex');
}

/** What `land` reads: one JSON object a line with received_at, source and body, and nothing of the expectation. */
export function toNdjson(samples: readonly Sample[]): string {
  return samples.map(({ received_at, source, body }) => `${JSON.stringify({ received_at, source, body })}\n`).join('');
}
