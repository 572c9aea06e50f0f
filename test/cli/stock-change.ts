// One change of stock: the smallest delivery of pulsecart, for tests that care about dates and not about content.

import type { Delivery } from '../../generator/sample.ts';

/** Occurs at ten o'clock of the day, and arrives a second later unless `receivedAt` says otherwise. */
export const stock = (id: string, day: string, receivedAt = `${day}T10:00:01.000Z`, delta = 1): Delivery => ({
  received_at: receivedAt,
  source: 'inventory-service',
  body: JSON.stringify({
    event_id: id,
    type: 'stock_changed',
    v: 1,
    at: `${day}T10:00:00.000Z`,
    sku: 'sku-1',
    delta,
    reason: 'adjustment',
    order_id: 'order-1',
  }),
});
