// What functions and constants give is held against the type of their column: what does not fit is a fault of the
// declaration that names table, column, function and rule, and never a value.

import { describe, expect, it } from 'vitest';
import { decimalText, text, timeText } from '../../model/fields.ts';
import {
  type Column,
  type ColumnType,
  column,
  compute,
  constant,
  type Derivation,
  definePipeline,
  input,
  listed,
  Refusal,
  type Value,
} from '../../model/language.ts';
import { evaluatorOf } from '../pipelines/evaluate-body.ts';

/** A pipeline whose one own column has this origin. */
function evaluateWith(type: ColumnType, origin: Derivation | string) {
  const columns: Record<string, Column> = { made: column[type](origin) };
  const pipeline = definePipeline({
    name: 'prices',
    title: 'prices',
    sources: { shop: { versions: [1], secret: true } },
    shapes: {
      price: {
        source: 'shop',
        version: 1,
        when: { type: listed('price') },
        eventType: { of: 'type' },
        fields: { id: text(), at: timeText(), price: decimalText({ optional: true }) },
        identity: { bare: true, parts: ['id'] },
        occurredAt: 'at',
      },
    },
    tables: { tags: { shapes: ['price'], columns } },
  });
  return (price: string) => {
    const { evaluate, rowsOf } = evaluatorOf(pipeline, '2026-06-01T00:00:00Z');
    const body = {
      schema_version: 1,
      schemaVersion: 1,
      version: 1,
      id: 'a',
      type: 'price',
      at: '2026-06-01T00:00:00Z',
    };
    const evaluation = evaluate('shop', JSON.stringify({ ...body, price }));
    return evaluation.accepted ? rowsOf(evaluation, 'tags')[0]?.made : evaluation;
  };
}

const made = (value: unknown): Derivation =>
  compute({ price: input.decimal('price') }, function priced() {
    return value as Value;
  });

const MISFITS: readonly (readonly [ColumnType, string, unknown])[] = [
  ['decimal', 'decimal text', '33.9'],
  ['decimal', 'text with an exponent', '1e3'],
  ['decimal', 'a JavaScript number', 33.9],
  ['decimal', 'not a number', Number.NaN],
  ['decimal', 'infinity', Number.POSITIVE_INFINITY],
  ['decimal', '39 digits', 10n ** 38n],
  ['decimal', '39 digits below zero', -(10n ** 38n)],
  ['integer', 'a JavaScript number', 3],
  ['integer', 'an unsafe JavaScript number', 2 ** 53 + 2],
  ['integer', '2^63', 2n ** 63n],
  ['integer', 'below −2^63', -(2n ** 63n) - 1n],
  ['integer', 'digits', '12'],
  ['boolean', 'a boolean as text', 'true'],
  ['boolean', 'a boolean as a number', 1],
  ['text', 'a bigint', 33_900_000_000_000_000_000n],
  ['text', 'undefined', undefined],
  ['text', 'a date', new Date(Number.NaN)],
  ['text', 'half a surrogate pair', 'kept \ud83d'],
  ['text', 'the other half', '\ude00 kept'],
  ['json', 'half a surrogate pair', '"\ud83d"'],
  ['json', 'an object', { a: 1 }],
  ['json', 'text that is not JSON', '{"a":'],
  ['json', 'not a number', 'NaN'],
];

describe('a function', () => {
  it.each(MISFITS)('may not give a %s column %s', (type, _, value) => {
    const evaluate = evaluateWith(type, made(value));
    expect(() => evaluate('4.25')).toThrow(
      expect.objectContaining({
        code: 'TransformFault',
        message: expect.stringMatching(/^column prices\.tags\.made: the function priced of \(price\) gave /),
      }),
    );
  });

  it('is never quoted, whatever it gave', () => {
    for (const [type, , value] of MISFITS) {
      try {
        evaluateWith(type, made(value))('4.25');
      } catch (error) {
        const { message, fix } = error as { message: string; fix: string };
        for (const quoted of ['33', '1e3', '12', 'kept', '"a"', '4.25'])
          expect(`${message} ${fix}`.replaceAll(/10\^-18|2\^63/g, ''), `${type} ${String(value)}`).not.toContain(
            quoted,
          );
      }
    }
  });

  it('that throws is named too, without what it threw', () => {
    const origin = compute({ price: input.decimal('price') }, () => {
      throw new TypeError('4111111111111111');
    });
    expect(() => evaluateWith('text', origin)('4.25')).toThrow(
      'column prices.tags.made: the function of (price) threw a TypeError',
    );
  });

  it.each<[ColumnType, Value]>([
    ['decimal', 10n ** 38n - 1n],
    ['decimal', -(10n ** 38n) + 1n],
    ['integer', 2n ** 63n - 1n],
    ['integer', -(2n ** 63n)],
    ['boolean', false],
    ['text', '😀 and \u0000'],
    ['json', '{"a":[1e3,"😀"]}'],
    ['json', null],
    ['text', null],
  ])('may give a %s column %s', (type, value) => {
    expect(evaluateWith(type, made(value))('4.25')).toBe(value);
  });

  it('may refuse a delivery', () => {
    expect(evaluateWith('text', made(new Refusal('too dear')))('4.25')).toMatchObject({ reason: 'schema_violation' });
  });
});

it('a path gives its column the exact decimal, or rejects the delivery', () => {
  const evaluate = evaluateWith('decimal', 'price');
  expect(evaluate('33.9')).toBe(33_900_000_000_000_000_000n);
  expect(evaluate('1e3')).toBe(10n ** 21n);
  for (const price of ['1e20', '0.0000000000000000001', 'NaN', 'Infinity', '33,9', '0x21'])
    expect(evaluate(price), price).toMatchObject({ reason: 'schema_violation' });
});

it('a constant that does not fit is found when the declaration is compiled', () => {
  for (const [type, , value] of MISFITS) {
    expect(() => evaluateWith(type, constant(value as Value))('4.25'), `${type} ${String(value)}`).toThrow(
      expect.objectContaining({ code: 'ModelContradiction', message: expect.stringContaining('the constant gave ') }),
    );
  }
});
