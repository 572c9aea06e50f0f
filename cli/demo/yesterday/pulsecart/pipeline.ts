// Yesterday's transforms of pulsecart, with the bugs that the demo mends: the total of migrated orders left out the
// quantities, and a new spelling of "captured" was not known, so that those payments were quarantined.

import { fitsDecimal } from '../../../../model/decimal.ts';
import { type Field, object } from '../../../../model/fields.ts';
import { column, compute, definePipeline, input, Refusal, type Shape, type Table } from '../../../../model/language.ts';
import { pipeline as today } from '../../../../pipelines/pulsecart/pipeline.ts';

const orders = today.tables.orders as Table;
const payment = today.shapes.payment as Shape;
const body = payment.fields.payment as Extract<Field, { kind: 'object' }>;
const status = body.fields.status as Extract<Field, { kind: 'oneOf' }>;
const { settled: _, ...knownSpellings } = status.spellings;
const total = orders.columns.total?.origin;

export const pipeline = definePipeline({
  ...today,
  shapes: {
    ...today.shapes,
    payment: {
      ...payment,
      fields: {
        ...payment.fields,
        payment: object({ ...body.fields, status: { ...status, spellings: knownSpellings } }),
      },
    },
  },
  tables: {
    ...today.tables,
    orders: {
      ...orders,
      columns: {
        ...orders.columns,
        total: column.decimal({
          ...(typeof total === 'object' && 'byShape' in total ? total.byShape : {}),
          order_v2: compute({ prices: input.decimals('data.lines[].unitPrice') }, ({ prices }) => {
            const sum = prices.reduce<bigint>((all, price) => all + (price ?? 0n), 0n);
            return fitsDecimal(sum) ? sum : new Refusal('order total does not fit a decimal of 38 digits');
          }),
        }),
      },
    },
  },
});
