import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cardBrand, cardLast4, luhnValid, maskCardNumbers } from '../../engine/model/card.ts';

/** The digits with a check digit after them that makes them Luhn-valid. */
function withCheckDigit(digits: string): string {
  for (let check = 0; check <= 9; check++) if (luhnValid(`${digits}${check}`)) return `${digits}${check}`;
  throw new Error(digits);
}

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

describe('maskCardNumbers', () => {
  test.each([
    ['caller read card 4111-1111-1111-1111 over the phone', 'caller read card ****-****-****-1111 over the phone'],
    ['4111 1111 1111 1111', '**** **** **** 1111'],
    ['read back 378282246310005, ref 4111111111111111.', 'read back ***********0005, ref ************1111.'],
    ['x4111111111111111x', 'x************1111x'],
    ['4111\u00a01111\u20111111 – 1111', '****\u00a0****\u2011**** – 1111'],
    ['4111  - 1111--1111\t1111', '****  - ****--****\t1111'],
    ['4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', '* * * * * * * * * * * * 1 1 1 1'],
    ['3056-9309-0259-04', '****-****-**59-04'],
    ['order 7 4111 1111 1111 1111', 'order 7 **** **** **** 1111'],
    ['4111111111111111 12 26', '************1111 12 26'],
    ['4111111111111111 4111111111111111', '************1111 ************1111'],
    ['4222222222222', '*********2222'],
  ])('%j', (text, masked) => {
    expect(maskCardNumbers(text)).toBe(masked);
  });

  test.each([
    '',
    'no digits',
    '4111111111111112',
    '411111111111',
    '4111 1111 1111',
    '41111111111111111111111',
    '0000000000000000000000004111111111111111',
    '4111.1111.1111.1111',
    '4111, 1111, 1111, 1111',
    '4111 1111\n1111 1111',
    '4111 1111 1111 11114',
  ])('%j is left alone', (text) => {
    expect(maskCardNumbers(text)).toBe(text);
  });

  test('of overlapping runs, a digit stays only when each of them would show it', () => {
    // Groups 1 to 4 are a card, and groups 2 to 5 are another.
    const shared = '4111 1111 1111 1111';
    const next = withCheckDigit('111111111111002');
    const masked = maskCardNumbers(`${shared} ${next.slice(-4)}`);
    expect(luhnValid(next)).toBe(true);
    expect(masked).toBe(`**** **** **** **** ${next.slice(-4)}`);
  });

  test('a card of any length and spacing never survives, and nothing but digits changes', () => {
    const separators = fc.constantFrom('', '', ' ', '-', '  ', ' - ', '\u00a0', '\u2013');
    const words = fc.stringMatching(/^[a-z .,:]{0,12}$/);
    fc.assert(
      fc.property(
        fc.stringMatching(/^[1-9]\d{11,17}$/),
        fc.array(separators, { minLength: 20, maxLength: 20 }),
        words,
        words,
        (digits, parts, before, after) => {
          const card = withCheckDigit(digits);
          const written = [...card].map((digit, at) => (at === 0 ? digit : `${parts[at]}${digit}`)).join('');
          const masked = maskCardNumbers(`${before}:${written}:${after}`);
          expect(masked).toHaveLength(written.length + before.length + after.length + 2);
          expect(masked.replaceAll(/[0-9*]/g, '#')).toBe(`${before}:${written}:${after}`.replaceAll(/[0-9]/g, '#'));
          const shown = masked.replaceAll(/[^0-9]/g, '');
          expect(shown.length).toBeLessThanOrEqual(4);
          expect(card.endsWith(shown.slice(-1))).toBe(true);
        },
      ),
    );
  });

  test('a long text of digits takes no time to speak of', () => {
    const started = process.cpuUsage().user;
    expect(maskCardNumbers('1 '.repeat(131_000))).toHaveLength(262_000);
    expect(maskCardNumbers(`1${' '.repeat(262_000)}x`)).toHaveLength(262_002);
    expect(process.cpuUsage().user - started).toBeLessThan(5_000_000);
  });
});
