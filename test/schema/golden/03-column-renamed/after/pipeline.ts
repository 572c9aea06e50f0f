// A small shop: orders in two versions with their lines, and payments.

import { array, decimalText, epochMs, integer, object, oneOf, text, timeText } from '../../../../../model/fields.ts';
import { column, compute, definePipeline, input, listed } from '../../../../../model/language.ts';
import { lastFour } from './card.ts';
import { totalOf } from './total.ts';

export const pipeline = definePipeline({
  name: 'shop',
  title: 'orders and payments',
  sources: {
    orders: { versions: [1, 2] },
    payments: { versions: [1], secret: true },
  },
  shapes: {
    order_v1: {
      source: 'orders',
      version: 1,
      when: { type: listed('placed', 'cancelled') },
      eventType: { of: 'type', prefix: 'order_' },
      fields: {
        id: text(),
        at: timeText(),
        customer: text({ subject: 'customer' }),
        note: text({ optional: true }),
        lines: array(object({ sku: text(), qty: integer(), price: decimalText() })),
      },
      identity: { parts: ['$source', 'id'] },
      occurredAt: 'at',
    },
    order_v2: {
      source: 'orders',
      version: 2,
      when: { kind: { 'order.placed': 'placed', 'order.cancelled': 'cancelled' } },
      eventType: { of: 'kind', prefix: 'order_' },
      fields: {
        orderId: text(),
        time: epochMs(),
        customerId: text({ subject: 'customer' }),
        lines: array(object({ sku: text(), quantity: integer(), unitPrice: decimalText() })),
      },
      identity: { parts: ['$source', 'orderId'] },
      occurredAt: 'time',
    },
    payment: {
      source: 'payments',
      version: 1,
      when: {},
      eventType: 'payment',
      fields: {
        id: text(),
        at: timeText(),
        order: text(),
        status: oneOf({ captured: ['captured', 'paid'], failed: ['failed'] }),
        attempts: integer(),
        card: text({ secret: true }),
        payer: text({ optional: true }),
      },
      identity: { parts: ['$source', 'id'] },
      occurredAt: 'at',
    },
  },
  tables: {
    orders: {
      shapes: ['order_v1', 'order_v2'],
      columns: {
        order_id: column.text({ order_v1: 'id', order_v2: 'orderId' }),
        buyer_id: column.text({ order_v1: 'customer', order_v2: 'customerId' }),
        total: column.decimal({
          order_v1: compute(
            { quantities: input.integers('lines[].qty'), prices: input.decimals('lines[].price') },
            ({ quantities, prices }) => totalOf(quantities, prices),
          ),
          order_v2: compute(
            { quantities: input.integers('lines[].quantity'), prices: input.decimals('lines[].unitPrice') },
            ({ quantities, prices }) => totalOf(quantities, prices),
          ),
        }),
      },
    },
    order_lines: {
      shapes: ['order_v1', 'order_v2'],
      rows: { of: { order_v1: 'lines', order_v2: 'lines' }, index: { column: 'line_no', from: 1 } },
      columns: {
        sku: column.text('./sku'),
        quantity: column.integer({ order_v1: './qty', order_v2: './quantity' }),
      },
    },
    payments: {
      shapes: ['payment'],
      columns: {
        order_id: column.text('order'),
        status: column.text('status'),
        attempts: column.integer('attempts'),
        card_last4: column.text(compute({ card: input.text('card') }, ({ card }) => lastFour(card ?? ''))),
        payer: column.text('payer'),
      },
    },
  },
});
