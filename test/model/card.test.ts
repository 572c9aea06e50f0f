import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cardBrand, cardLast4, luhnValid } from '../../model/card.ts';

describe('cardBrand', () => {
  const brands = {
    visa: ['4', '4111 1111 1111 1111', '4000-0000-0000-0002'],
    mastercard: ['51', '55', '2221', '2720', '5-1 00', '2500 00'],
    amex: ['34', '37', '3782 822463 10005'],
    discover: ['6011', '644', '649', '65', '60-11'],
    jcb: ['3528', '3589', '3530-1113'],
    diners: ['300', '305', '36', '38', '39', '30 5'],
    unknown: [
      '',
      '5',
      '50',
      '56',
      '222',
      '2220',
      '2721',
      '33',
      '35',
      '601',
      '6010',
      '6012',
      '643',
      '3527',
      '3590',
      '306',
      '62',
      '0',
      'x',
    ],
  };
  test.each(Object.entries(brands))('%s', (brand, numbers) => {
    for (const number of numbers) expect([number, cardBrand(number)]).toEqual([number, brand]);
  });
});

test('cardLast4 is digits, whatever parts them', () => {
  expect(cardLast4('4111-1111 1111-12 34')).toBe('1234');
  expect(cardLast4('0004')).toBe('0004');
  expect(cardLast4('1 2-3')).toBeUndefined();
  expect(cardLast4('')).toBeUndefined();
});

describe('luhnValid', () => {
  test.each(['4111111111111111', '378282246310005', '30569309025904', '0', '18'])('%s is', (digits) => {
    expect(luhnValid(digits)).toBe(true);
  });
  test.each(['4111111111111112', '1', '', '4111 1111 1111 1111', '１８'])('%j is not', (digits) => {
    expect(luhnValid(digits)).toBe(false);
  });
  test('exactly one of ten check digits is valid', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{1,20}$/), (digits) => {
        expect([...'0123456789'].filter((check) => luhnValid(digits + check))).toHaveLength(1);
      }),
    );
  });
});
