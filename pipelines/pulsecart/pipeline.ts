// pulsecart, a marketplace shop: orders in two versions while the order service migrates, payments, stock, and what
// the web shop saw. Reads in the order of the event contract.

import { cardBrand, cardLast4 } from '../../model/card.ts';
import { maskCardNumbers } from '../../model/card-text.ts';
import {
  array,
  decimalNumber,
  decimalText,
  epochMs,
  integer,
  object,
  oneOf,
  text,
  timeText,
} from '../../model/fields.ts';
import { column, compute, definePipeline, input, listed } from '../../model/language.ts';
import { orderTotal } from './order-total.ts';

const sourceAndEventId = { parts: ['$source', 'event_id'] };

export const pipeline = definePipeline({
  name: 'pulsecart',
  title: 'marketplace shop: orders, payments, stock, product views',

  sources: {
    'order-service': { versions: [1, 2] },
    'payment-service': { versions: [1], secret: true },
    'inventory-service': { versions: [1] },
    web: { versions: [1] },
  },

  shapes: {
    order_v1: {
      source: 'order-service',
      version: 1,
      when: { type: listed('order_placed', 'order_cancelled', 'order_adjusted') },
      eventType: { of: 'type' },
      fields: {
        event_id: text(),
        at: timeText(),
        order: object({
          id: text(),
          customer: text({ optional: true, subject: 'customer' }),
          country: text(),
          currency: text(),
          lines: array(object({ sku: text(), title: text(), qty: integer(), price: decimalNumber() })),
        }),
      },
      identity: sourceAndEventId,
      occurredAt: 'at',
    },
    order_v2: {
      source: 'order-service',
      version: 2,
      when: {
        eventType: {
          'order.placed': 'order_placed',
          'order.cancelled': 'order_cancelled',
          'order.adjusted': 'order_adjusted',
        },
      },
      eventType: { of: 'eventType' },
      fields: {
        eventId: text(),
        occurredAt: epochMs(),
        data: object({
          orderId: text(),
          customerId: text({ optional: true, subject: 'customer' }),
          country: text(),
          currency: text(),
          lines: array(object({ sku: text(), title: text(), quantity: integer(), unitPrice: decimalText() })),
        }),
      },
      identity: { parts: ['$source', 'eventId'] },
      occurredAt: 'occurredAt',
    },
    payment: {
      source: 'payment-service',
      version: 1,
      when: { type: listed('payment') },
      eventType: { of: 'payment.status', prefix: 'payment_' },
      fields: {
        event_id: text(),
        at: timeText(),
        payment: object({
          id: text(),
          order_id: text(),
          amount: decimalText(),
          currency: text(),
          status: oneOf({
            authorized: ['authorized', 'Authorized', 'AUTH', 'auth', 'authorised'],
            captured: ['captured', 'Captured', 'CAPTURED', 'settled', 'paid', 'capture_succeeded'],
            failed: ['failed', 'Failed', 'DECLINED', 'declined', 'error'],
            refunded: ['refunded', 'Refunded', 'REFUND', 'refund_succeeded'],
          }),
          method: text(),
          card: object({
            number: text({ secret: true }),
            exp: text({ secret: true }),
            cvv: text({ secret: true }),
            holder: text({ secret: true }),
          }),
          note: text({ optional: true, secret: true }),
        }),
      },
      identity: sourceAndEventId,
      occurredAt: 'at',
      subjectThrough: { order: 'payment.order_id' },
    },
    stock: {
      source: 'inventory-service',
      version: 1,
      when: { type: listed('stock_changed') },
      eventType: { of: 'type' },
      fields: {
        event_id: text(),
        at: timeText(),
        sku: text(),
        delta: integer(),
        reason: oneOf(['sale', 'return', 'adjustment']),
        order_id: text(),
      },
      identity: sourceAndEventId,
      occurredAt: 'at',
      subjectThrough: { order: 'order_id' },
    },
    product: {
      source: 'web',
      version: 1,
      when: { type: { view: 'product_viewed', cart: 'product_carted', purchase: 'product_purchased' } },
      eventType: { of: 'type' },
      fields: {
        event_id: text(),
        at: timeText(),
        user_id: text({ optional: true, subject: 'user' }),
        session: text(),
        product: object({ id: text(), category_id: integer(), price: decimalText(), url: text() }),
      },
      identity: sourceAndEventId,
      occurredAt: 'at',
    },
  },

  tables: {
    orders: {
      shapes: ['order_v1', 'order_v2'],
      columns: {
        order_id: column.text({ order_v1: 'order.id', order_v2: 'data.orderId' }),
        event_type: column.text('$event_type'),
        customer_id: column.text({ order_v1: 'order.customer', order_v2: 'data.customerId' }),
        country: column.text({ order_v1: 'order.country', order_v2: 'data.country' }),
        currency: column.text({ order_v1: 'order.currency', order_v2: 'data.currency' }),
        total: column.decimal({
          order_v1: compute(
            { quantities: input.integers('order.lines[].qty'), prices: input.decimals('order.lines[].price') },
            ({ quantities, prices }) => orderTotal(quantities, prices),
          ),
          order_v2: compute(
            { quantities: input.integers('data.lines[].quantity'), prices: input.decimals('data.lines[].unitPrice') },
            ({ quantities, prices }) => orderTotal(quantities, prices),
          ),
        }),
        line_count: column.integer({
          order_v1: compute({ quantities: input.integers('order.lines[].qty') }, ({ quantities }) =>
            BigInt(quantities.length),
          ),
          order_v2: compute({ quantities: input.integers('data.lines[].quantity') }, ({ quantities }) =>
            BigInt(quantities.length),
          ),
        }),
      },
    },
    order_lines: {
      shapes: ['order_v1', 'order_v2'],
      rows: { of: { order_v1: 'order.lines', order_v2: 'data.lines' }, index: { column: 'line_no', from: 1 } },
      columns: {
        order_id: column.text({ order_v1: 'order.id', order_v2: 'data.orderId' }),
        sku: column.text('./sku'),
        title: column.text('./title'),
        quantity: column.integer({ order_v1: './qty', order_v2: './quantity' }),
        unit_price: column.decimal({ order_v1: './price', order_v2: './unitPrice' }),
      },
    },
    payments: {
      shapes: ['payment'],
      columns: {
        event_type: column.text('$event_type'),
        payment_id: column.text('payment.id'),
        order_id: column.text('payment.order_id'),
        status: column.text('payment.status'),
        amount: column.decimal('payment.amount'),
        currency: column.text('payment.currency'),
        method: column.text('payment.method'),
        card_brand: column.text(
          compute({ number: input.text('payment.card.number') }, ({ number }) => cardBrand(number ?? '')),
        ),
        card_last4: column.text(
          compute({ number: input.text('payment.card.number') }, ({ number }) => cardLast4(number ?? '') ?? null),
        ),
        note: column.text(
          compute({ note: input.text('payment.note') }, ({ note }) => (note === null ? null : maskCardNumbers(note))),
        ),
      },
    },
    stock_changes: {
      shapes: ['stock'],
      columns: {
        sku: column.text('sku'),
        delta: column.integer('delta'),
        reason: column.text('reason'),
        order_id: column.text('order_id'),
      },
    },
    product_views: {
      shapes: ['product'],
      columns: {
        event_type: column.text('$event_type'),
        sku: column.text('product.id'),
        category_id: column.integer('product.category_id'),
        price: column.decimal('product.price'),
        url: column.text('product.url'),
        user_id: column.text('user_id'),
        session_id: column.text('session'),
      },
    },
  },
});
