// Generated deliveries of pulsecart: orders in both versions with their payments and stock changes, and what shoppers look at.
// Prices, card numbers and shops are invented from the seed.

import { HOUR_MS, isoOfMs, type Json, MINUTE_MS, Verbatim, withField, writeJson } from '../../generator/body.ts';
import {
  accept,
  type Draft,
  type Drawing,
  fieldsOf,
  identityOf,
  type Product,
  reject,
  type Sample,
  type Shape,
  type World,
} from '../../generator/draft.ts';
import { type Random, randomFrom } from '../../generator/random.ts';
import { defineSamples, momentIn } from '../../generator/sample.ts';

const BRAND_EDGES: readonly (readonly [prefix: string, length: number])[] = [
  ['4', 13],
  ['4', 16],
  ['4', 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['6011', 16],
  ['644', 16],
  ['649', 16],
  ['65', 16],
  ['3528', 16],
  ['3589', 16],
  ['300', 14],
  ['305', 14],
  ['36', 14],
  ['38', 16],
  ['39', 16],
  // Just outside every brand:
  ['50', 19],
  ['56', 16],
  ['2220', 16],
  ['2721', 16],
  ['3527', 16],
  ['3590', 16],
  ['306', 16],
  ['643', 16],
  ['14', 16],
]; // prettier-ignore

/** Every card number in the samples, bare and Luhn-valid; none may be anywhere but in raw, whatever separates its digits. */
export const sampleCardNumbers: readonly string[] = BRAND_EDGES.map(([prefix, length]) => {
  const digits = prefix + randomFrom(`card ${prefix} ${length}`).digits(length - prefix.length - 1);
  return digits + luhnDigit(digits);
});

/** Luhn-valid digits that are no card: ids and sessions of the samples hold them, and they must come out unchanged. */
export const sampleLookalikes: readonly string[] = [1, 2, 3].map((n) => {
  const digits = `4${randomFrom(`lookalike ${n}`).digits(14)}`;
  return digits + luhnDigit(digits);
});

function luhnDigit(digits: string): string {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = digit * 2;
    sum += i % 2 === 1 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  payment_authorized: ['Authorized', 'AUTH', 'auth', 'authorised', 'authorized'],
  payment_captured: ['Captured', 'CAPTURED', 'settled', 'paid', 'capture_succeeded', 'captured'],
  payment_failed: ['Failed', 'DECLINED', 'declined', 'error', 'failed'],
  payment_refunded: ['Refunded', 'REFUND', 'refund_succeeded', 'refunded'],
};

const COUNTRIES = [
  'United Kingdom',
  'United Kingdom',
  'United Kingdom',
  'Germany',
  'France',
  'EIRE',
  'Norway',
  'Channel Islands',
];
const WORDS = [
  'RED',
  'SET OF 6',
  'VINTAGE',
  'LANTERN',
  'T-LIGHT',
  'HOLDER',
  'CAKE',
  'TIN',
  'HEART',
  'WOODEN',
  'FRAME',
  'CAFÉ',
  'MUG',
  '"RETRO"',
];

interface Line {
  readonly sku: string;
  readonly title: string;
  readonly quantity: number;
  /** Exact decimal text, two digits. */
  readonly price: string;
}

interface Order {
  readonly id: string;
  readonly customer: string | null;
  readonly country: string;
  readonly lines: readonly Line[];
  /** Pence. */
  readonly total: number;
}

function lineFrom(random: Random): Line {
  const sku = `${random.integer(20000, 23500)}${random.chance(0.15) ? random.pick(['A', 'B', 'a', 'G']) : ''}`;
  const title =
    Array.from({ length: random.integer(2, 5) }, () => random.pick(WORDS)).join(' ') + (random.chance(0.2) ? ' ' : '');
  const quantity = random.chance(0.04) ? random.pick([0, -1, -12]) : random.pick([1, 1, 2, 4, 6, 12, 12, 24, 48, 100]);
  const pence = random.chance(0.02) ? -random.integer(50, 2000) : random.integer(19, 1995);
  return {
    sku,
    title,
    quantity,
    price: `${pence < 0 ? '-' : ''}${Math.floor(Math.abs(pence) / 100)}.${String(Math.abs(pence) % 100).padStart(2, '0')}`,
  };
}

function penceOf(price: string): number {
  return Math.round(Number(price) * 100);
}

function orderFrom(world: World, random: Random, lineCount: number): Order {
  const lines = Array.from({ length: lineCount }, () => lineFrom(random));
  return {
    id: world.id(String(536_000 + world.serial())),
    customer: random.chance(0.15) ? null : String(random.integer(12_346, 18_287)),
    country: random.pick(COUNTRIES),
    lines,
    total: lines.reduce((sum, line) => sum + line.quantity * penceOf(line.price), 0),
  };
}

type OrderType = 'order_placed' | 'order_cancelled' | 'order_adjusted';

const orderV1: Shape = {
  source: 'order-service',
  fields:
    fieldsOf(`event_id type=choice at=time order=object order.id order.customer? order.country order.currency order.lines=array
    order.lines.0=object order.lines.0.sku order.lines.0.title order.lines.0.qty=integer order.lines.0.price=money`),
  timePath: 'at',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  otherVersion: 2,
  freeText: 'order.country',
};

const orderV2: Shape = {
  source: 'order-service',
  fields:
    fieldsOf(`eventId eventType=choice occurredAt=epoch data=object data.orderId data.customerId? data.country data.currency
    data.lines=array data.lines.0=object data.lines.0.sku data.lines.0.title data.lines.0.quantity=integer data.lines.0.unitPrice=decimal`),
  timePath: 'occurredAt',
  timeKind: 'epoch',
  versionPath: 'schemaVersion',
  version: 2,
  otherVersion: 1,
  freeText: 'data.country',
};

const payment: Shape = {
  source: 'payment-service',
  fields:
    fieldsOf(`event_id type=choice at=time payment=object payment.id payment.order_id payment.amount=decimal payment.currency
    payment.status=choice payment.method payment.card=object payment.card.number payment.card.exp payment.card.cvv payment.card.holder payment.note?`),
  timePath: 'at',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'payment.method',
};

const stock: Shape = {
  source: 'inventory-service',
  fields: fieldsOf('event_id type=choice at=time sku delta=integer reason=choice order_id'),
  timePath: 'at',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'sku',
};

const view: Shape = {
  source: 'web',
  fields: fieldsOf(
    'event_id type=choice at=time user_id? session product=object product.id product.category_id=integer product.price=decimal product.url',
  ),
  timePath: 'at',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'product.url',
};

function orderV1Draft(order: Order, eventType: OrderType, occurredMs: number): Draft {
  const eventId = `ord-${order.id}`;
  return {
    shape: orderV1,
    eventId: identityOf('order-service', eventId),
    eventType,
    occurredMicros: occurredMs * 1000,
    body: {
      event_id: eventId,
      type: eventType,
      v: 1,
      at: isoOfMs(occurredMs),
      order: {
        id: order.id,
        customer: order.customer,
        country: order.country,
        currency: 'GBP',
        lines: order.lines.map(({ sku, title, quantity, price }) => ({
          sku,
          title,
          qty: quantity,
          price: new Verbatim(price.replace(/0$/, '')),
        })),
      },
    },
  };
}

function orderV2Draft(order: Order, eventType: OrderType, occurredMs: number): Draft {
  const eventId = `ord-${order.id}`;
  return {
    shape: orderV2,
    eventId: identityOf('order-service', eventId),
    eventType,
    occurredMicros: occurredMs * 1000,
    body: {
      eventId,
      eventType: eventType.replace('_', '.'),
      schemaVersion: 2,
      occurredAt: occurredMs,
      data: {
        orderId: order.id,
        customerId: order.customer,
        country: order.country,
        currency: 'GBP',
        lines: order.lines.map(({ sku, title, quantity, price }) => ({ sku, title, quantity, unitPrice: price })),
      },
    },
  };
}

/** As producers write card numbers: bare, spaced or dashed, in fours. */
function writtenCard(random: Random, number: string): string {
  const separator = random.pick(['', '', ' ', '-']);
  return number.replace(/(\d{4})(?=\d)/g, `$1${separator}`);
}

function paymentDraft(
  random: Random,
  order: Order,
  part: number,
  eventType: string,
  occurredMs: number,
  number = random.pick(sampleCardNumbers),
): Draft {
  const eventId = `pay-${order.id}-${part}`;
  const card = writtenCard(random, number);
  const quotes = random.chance(0.03);
  const note = random.pick([
    `caller read card ${card} over the phone`,
    `read back ${writtenCard(random, number)}, ref 1234567812345678`,
  ]);
  return {
    shape: payment,
    eventId: identityOf('payment-service', eventId),
    eventType,
    occurredMicros: occurredMs * 1000,
    body: {
      event_id: eventId,
      type: 'payment',
      v: 1,
      at: isoOfMs(occurredMs),
      payment: {
        id: `pm-${order.id}`,
        order_id: order.id,
        amount: decimalOfPence(order.total),
        currency: 'GBP',
        status: random.pick(SPELLINGS[eventType]!),
        method: 'card',
        card: { number: card, exp: '12/29', cvv: random.digits(3), holder: `CUSTOMER ${order.customer ?? 'GUEST'}` },
        ...(quotes ? { note } : {}),
      },
    },
  };
}

function decimalOfPence(pence: number): string {
  const digits = String(Math.abs(pence)).padStart(3, '0');
  return `${pence < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function stockDraft(order: Order, line: number, occurredMs: number, reason: string): Draft {
  const { sku, quantity } = order.lines[line]!;
  const eventId = `stk-${order.id}-${line}`;
  return {
    shape: stock,
    eventId: identityOf('inventory-service', eventId),
    eventType: 'stock_changed',
    occurredMicros: occurredMs * 1000,
    body: {
      event_id: eventId,
      type: 'stock_changed',
      v: 1,
      at: isoOfMs(occurredMs),
      sku,
      delta: 0 - quantity,
      reason,
      order_id: order.id,
    },
  };
}

const VIEW_TYPES = { view: 'product_viewed', cart: 'product_carted', purchase: 'product_purchased' } as const;

function viewDraft(
  world: World,
  random: Random,
  type: keyof typeof VIEW_TYPES,
  occurredMs: number,
  session: string,
  user: string | null,
): Draft {
  const eventId = world.id(random.uuid());
  const line = lineFrom(random);
  const second = occurredMs - (occurredMs % 1000);
  return {
    shape: view,
    eventId: identityOf('web', eventId),
    eventType: VIEW_TYPES[type],
    occurredMicros: second * 1000,
    body: {
      event_id: eventId,
      type,
      v: 1,
      at: `${isoOfMs(second).slice(0, 19).replace('T', ' ')} UTC`,
      user_id: user,
      session,
      product: {
        id: line.sku,
        category_id: categoryId(random),
        price: line.price.replace(/0$/, ''),
        url: `https://pulsecart.example/p/${line.sku}`,
      },
    },
  };
}

/** 64-bit ids, many of them next to each other beyond 2^53, where a double cannot tell them apart. */
function categoryId(random: Random): Verbatim {
  return new Verbatim(
    String(
      2_053_013_500_000_000_000n +
        BigInt(random.integer(0, 90)) +
        BigInt(random.integer(0, 9)) * 7_000_000_000_000_000n,
    ),
  );
}

function trafficOf(world: World, events: number): Draft[] {
  const { random } = world;
  const drafts: Draft[] = [];
  while (drafts.length < events) {
    const at = momentIn(random, world);
    const order = orderFrom(world, random, random.integer(1, 9));
    const session = random.uuid();
    for (let i = random.integer(0, 4); i > 0; i--) {
      drafts.push(
        viewDraft(
          world,
          random,
          i === 1 ? random.pick(['view', 'cart', 'purchase'] as const) : 'view',
          at - i * MINUTE_MS,
          session,
          order.customer,
        ),
      );
    }
    const write = random.chance(0.5) ? orderV1Draft : orderV2Draft;
    drafts.push(write(order, 'order_placed', at));
    for (let line = 0; line < order.lines.length; line++) drafts.push(stockDraft(order, line, at + line, 'sale'));
    const number = random.pick(sampleCardNumbers);
    drafts.push(paymentDraft(random, order, 0, 'payment_authorized', at + 1000, number));
    if (random.chance(0.04)) drafts.push(paymentDraft(random, order, 1, 'payment_failed', at + 46_000, number));
    else drafts.push(paymentDraft(random, order, 1, 'payment_captured', at + 46_000, number));
    if (random.chance(0.12)) {
      const back: Order = {
        ...order,
        id: world.id(`C${536_000 + world.serial()}`),
        lines: [{ ...order.lines[0]!, quantity: -order.lines[0]!.quantity }],
        total: -order.lines[0]!.quantity * penceOf(order.lines[0]!.price),
      };
      const later = at + HOUR_MS;
      drafts.push(
        write(back, random.chance(0.9) ? 'order_cancelled' : 'order_adjusted', later),
        stockDraft(back, 0, later, random.pick(['return', 'adjustment'])),
      );
      drafts.push(paymentDraft(random, back, 2, 'payment_refunded', later + 1000, number));
    }
  }
  return drafts.slice(0, events);
}

const drawings: readonly Drawing[] = [
  {
    shape: orderV1,
    draw: (world, at) =>
      orderV1Draft(
        orderFrom(world, world.random, 2),
        world.random.pick(['order_placed', 'order_cancelled', 'order_adjusted']),
        at,
      ),
  },
  {
    shape: orderV2,
    draw: (world, at) =>
      orderV2Draft(
        orderFrom(world, world.random, 2),
        world.random.pick(['order_placed', 'order_cancelled', 'order_adjusted']),
        at,
      ),
  },
  {
    shape: payment,
    draw: (world, at) =>
      withNote(paymentDraft(world.random, orderFrom(world, world.random, 1), 0, 'payment_captured', at)),
  },
  { shape: stock, draw: (world, at) => stockDraft(orderFrom(world, world.random, 1), 0, at, 'sale') },
  {
    shape: view,
    draw: (world, at) =>
      viewDraft(world, world.random, 'view', at, world.random.uuid(), String(world.random.integer(12_346, 18_287))),
  },
];

function withNote(draft: Draft): Draft {
  return { ...draft, body: withField(draft.body, 'payment.note', 'by phone') };
}

function storiesOf(world: World): Sample[] {
  const random = world.random.fork('stories');
  const moment = () => momentIn(random, world);
  const arriving = (draft: Draft, fault: string, afterMs = 700) =>
    accept(draft, Math.ceil(draft.occurredMicros / 1000) + afterMs, fault);
  const changed = (draft: Draft, path: string, value: Json): Draft => ({
    ...draft,
    body: withField(draft.body, path, value),
  });
  const pay = (type = 'payment_captured', number?: string) =>
    paymentDraft(random, orderFrom(world, random, 2), 0, type, moment(), number);
  const refused = (draft: Draft, fault: string) =>
    reject(
      draft.shape.source,
      Math.ceil(draft.occurredMicros / 1000) + 900,
      writeJson(draft.body),
      'schema_violation',
      fault,
    );
  const samples: Sample[] = [];

  for (const number of sampleCardNumbers) {
    samples.push(arriving(pay('payment_authorized', number), 'card_at_brand_edge'));
    const note = `card ${writtenCard(random, number)}${random.pick(['', '.', ' exp 12/29', ', thanks'])}`;
    samples.push(arriving(changed(pay('payment_captured', number), 'payment.note', note), 'note_quotes_card'));
  }
  for (const [eventType, spellings] of Object.entries(SPELLINGS)) {
    for (const status of spellings)
      samples.push(arriving(changed(pay(eventType), 'payment.status', status), 'status_spelling'));
  }
  for (const status of ['AUTHORIZED', 'Paid', 'capture succeeded', 'refund'])
    samples.push(refused(changed(pay(), 'payment.status', status), 'status_not_listed'));

  // One payment id, another status: the type of the winner counts.
  const first = pay('payment_authorized');
  samples.push(arriving(first, 'correction_changes_type'));
  samples.push(
    arriving(
      { ...changed(first, 'payment.status', 'DECLINED'), eventType: 'payment_failed' },
      'correction_changes_type',
      60_000,
    ),
  );

  // One order in both versions of its service.
  const both = orderFrom(world, random, 3);
  const at = moment();
  samples.push(arriving(orderV1Draft(both, 'order_placed', at), 'order_in_both_versions'));
  samples.push(arriving(orderV2Draft(both, 'order_adjusted', at + 5), 'order_in_both_versions', 9_000));

  // The same id from two sources is two events.
  const shared = pay();
  const twin = viewDraft(world, random, 'cart', moment(), random.uuid(), null);
  const sharedId = `pay-${world.id(String(900_000 + world.serial()))}`;
  samples.push(
    arriving(
      { ...changed(shared, 'event_id', sharedId), eventId: identityOf('payment-service', sharedId) },
      'one_id_two_sources',
    ),
  );
  samples.push(
    arriving({ ...changed(twin, 'event_id', sharedId), eventId: identityOf('web', sharedId) }, 'one_id_two_sources'),
  );

  for (const id of [`50%:${world.id('off')}`, `%3A%25${world.id('')}`, `ünïcode ${world.id('漢')}`]) {
    const draft = stockDraft(orderFrom(world, random, 1), 0, moment(), 'adjustment');
    samples.push(
      arriving({ ...changed(draft, 'event_id', id), eventId: identityOf('inventory-service', id) }, 'id_to_encode'),
    );
  }

  const lonely = orderFrom(world, random, 1);
  samples.push(arriving(orderV1Draft({ ...lonely, lines: [] }, 'order_placed', moment()), 'order_without_lines'));
  const odd = orderFrom(world, random, 3);
  const oddLines: Line[] = [
    { sku: 'abc', title: '', quantity: 0, price: '0.10' },
    { sku: 'ABC', title: 'negative', quantity: -3, price: '-1.15' },
    { sku: 'abc', title: 'one tenth three times', quantity: 3, price: '0.10' },
  ];
  samples.push(
    arriving(orderV1Draft({ ...odd, lines: oddLines }, 'order_adjusted', moment()), 'quantities_and_prices'),
  );
  const odd2 = orderFrom(world, random, 1);
  samples.push(
    arriving(
      orderV2Draft(
        { ...odd2, lines: [...oddLines, { sku: 'big', title: 'many', quantity: 2, price: '6E+1' }] },
        'order_placed',
        moment(),
      ),
      'quantities_and_prices',
    ),
  );

  for (const id of [
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740992',
    '9007199254740993',
    '9007199254740994',
    sampleLookalikes[0]!,
  ]) {
    const draft = viewDraft(world, random, 'view', moment(), sampleLookalikes[1]!, null);
    samples.push(arriving(changed(draft, 'product.category_id', new Verbatim(id)), 'category_id_64_bit'));
  }
  const lookalike = stockDraft(orderFrom(world, random, 1), 0, moment(), 'sale');
  const lookalikeId = `${world.id('')}${sampleLookalikes[2]!}`;
  samples.push(
    arriving(
      { ...changed(lookalike, 'event_id', lookalikeId), eventId: identityOf('inventory-service', lookalikeId) },
      'id_like_a_card',
    ),
  );

  // Half a card number stands at the end of the text.
  const cut = writeJson(pay().body);
  const half = cut.indexOf('"number":"') + '"number":"'.length + 9;
  samples.push(reject('payment-service', moment(), cut.slice(0, half), 'malformed_json', 'truncated_card'));
  samples.push(refused(changed(pay(), 'payment.card.number', new Verbatim(sampleCardNumbers[1]!)), 'card_as_number'));
  samples.push(reject('payments', moment(), writeJson(pay().body), 'unknown_source', 'source_not_listed'));
  return samples;
}

const product: Product = {
  pipeline: 'pulsecart',
  unlistedSources: ['warehouse', 'Web', 'order-service-v2', 'payment-service ', ''],
  shapes: drawings,
  traffic: trafficOf,
  stories: storiesOf,
};

export const samples = defineSamples(product);
