// Card numbers in free text are masked however they are written, and little else is.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { luhnValid } from '../../model/card.ts';
import { maskCardNumbers } from '../../model/card-text.ts';

/** The digits with a check digit after them that makes them Luhn-valid. */
function withCheckDigit(digits: string): string {
  for (let check = 0; check <= 9; check++) if (luhnValid(`${digits}${check}`)) return `${digits}${check}`;
  throw new Error(digits);
}

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
    // Parted by anything but letters.
    ['4111.1111.1111.1111', '****.****.****.1111'],
    ['4111/1111/1111/1111', '****/****/****/1111'],
    ['4111, 1111, 1111, 1111', '****, ****, ****, 1111'],
    ['4111_1111_1111_1111', '****_****_****_1111'],
    ['4111 1111\n1111 1111', '**** ****\n**** 1111'],
    ['4111\r\n  1111\r\n  1111\u2028 1111', '****\r\n  ****\r\n  ****\u2028 1111'],
    ['(3782) [822463] {10005}', '(****) [******] {*0005}'],
    ['4111·1111•1111|1111', '****·****•****|1111'],
    // In other digits.
    ['４１１１ １１１１ １１１１ １１１１', '**** **** **** １１１１'],
    ['٤١١١١١١١١١١١١١١١', '************١١١١'],
    ['۴۱۱۱-۱۱۱۱-۱۱۱۱-۱۱۱۱', '****-****-****-۱۱۱۱'],
    ['𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏', '************𝟏𝟏𝟏𝟏'],
    ['④①①①①①①①①①①①①①①①', '************①①①①'],
    // Glued to the security code, the expiry, or both.
    ['4111111111111111737', '************1111***'],
    ['4111 1111 1111 1111737', '**** **** **** 1111***'],
    ['41111111111111111226', '************1111****'],
    ['41111111111111111226737', '************1111*******'],
    ['4111111111111111122026737', '************1111*********'],
    ['7374111111111111111', '***************1111'],
    ['3782822463100051234', '***********0005****'],
    ['4111 1111 11\n11 1111', '**** **** **\n** 1111'],
    ['411111111\n1111111', '*********\n***1111'],
    ['4111.1111.1111.1111737', '****.****.****.1111***'],
  ])('%j', (text, masked) => {
    expect(maskCardNumbers(text)).toBe(masked);
  });

  test.each([
    '',
    'no digits',
    '4111111111111112',
    '411111111111',
    '4111 1111 1111',
    // Parted by what parts no card usually, and no card by its first digits or its length.
    '1234.5678.9012.3452',
    '4111.1111.1111.111',
    '4111 1111 a 1111 1111',
    '411111111111111½1',
    // Glued to fewer digits than a security code has, or to more than code and expiry have.
    '41111111111111111111111111111',
    '12345678904111111111111111',
    'refund to DE89370400440532013000',
    '2026-06-01T10:00:05.123456Z, 2026-06-02T11:10:15Z',
    '0000000000000000000000004111111111111111',
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

/** Visa, Mastercard, Amex and the others of the contract: first digits, and length without the check digit. */
const ISSUERS = fc.constantFrom(
  ['4', 15],
  ['4', 12],
  ['51', 15],
  ['2221', 15],
  ['34', 14],
  ['37', 14],
  ['6011', 15],
  ['65', 18],
  ['3528', 15],
  ['300', 13],
  ['36', 13],
) as fc.Arbitrary<[string, number]>;
const CARD = fc
  .tuple(ISSUERS, fc.stringMatching(/^[0-9]{18}$/))
  .map(([[first, length], digits]) => withCheckDigit((first + digits).slice(0, length)));
const ZEROS = ['0', '\uff10', '\u0660', '\u06f0', '\u0966', '\u{1d7ce}'];
const inDigits = (number: string, zero: string): string =>
  number.replaceAll(/[0-9]/g, (digit) => String.fromCodePoint((zero.codePointAt(0) as number) + Number(digit)));

describe('cards of known issuers', () => {
  const gap = fc.stringMatching(/^[^\p{L}\p{N}]{1,3}$/u);
  test('show four digits at most, whatever but letters parts them, in whatever digits, glued to a code or not', () => {
    fc.assert(
      fc.property(
        CARD,
        fc.constantFrom(...ZEROS),
        fc.array(gap, { minLength: 20, maxLength: 20 }),
        fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 19),
        fc.constantFrom('', '', 'code', '1226', '1226code', '092031'),
        (card, zero, gaps, groupDigits, rest) => {
          // A bare number of 19 digits with more glued to it is left alone: accounts and parcels have such numbers.
          const isBare = groupDigits > 8 || card.length <= groupDigits;
          const glued = isBare && card.length === 19 ? '' : rest.replace('code', /^3[47]/.test(card) ? '1234' : '123');
          const written = [...inDigits(card, zero)]
            .map((digit, at) => (at % groupDigits === 0 ? gaps[at] : '') + digit)
            .join('');
          const text = `card${written}${glued} paid`;
          const masked = maskCardNumbers(text);
          // Each digit stays what it was or becomes a star; all else stays.
          expect([...masked]).toHaveLength([...text].length);
          expect(masked.replaceAll(/[\p{N}*]/gu, '#')).toBe(text.replaceAll(/[\p{N}*]/gu, '#'));
          // A code that follows a group of fewer digits is taken for a part of it, and stays.
          const shown = card.length % groupDigits === 0 || groupDigits > 4 ? 4 : 4 + glued.length;
          expect([...masked.matchAll(/\p{N}/gu)].length).toBeLessThanOrEqual(shown);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('what is not a card number', () => {
  const number = (from: number, to: number) => fc.integer({ min: from, max: to }).map(String);
  const two = number(0, 59).map((text) => text.padStart(2, '0'));
  const digits = (count: number) => fc.stringMatching(new RegExp(`^[1-9][0-9]{${count - 1}}$`));
  const date = fc.tuple(number(2020, 2030), two, two);
  // Of random digits a tenth is Luhn-valid, so a tenth is the rate of masking whatever has 13 to 19 digits.
  const ordinary: Record<string, [fc.Arbitrary<string>, number]> = {
    'times of day with a date': [
      fc.tuple(date, two, two, two).map(([[y, m, d], h, min, s]) => `called ${y}-${m}-${d} ${h}:${min}:${s}`),
      0,
    ],
    'two dates': [fc.tuple(date, date).map(([a, b]) => `from ${a.join('/')} to ${b.join('/')}, see order 536365`), 0],
    'order numbers by line': [fc.array(digits(6), { minLength: 3, maxLength: 3 }).map((all) => all.join('\n')), 0.01],
    'amounts by semicolon': [
      fc
        .array(fc.tuple(number(1, 9999), two), { minLength: 3, maxLength: 4 })
        .map((all) => all.map(([whole, cents]) => `${whole}.${cents}`).join('; ')),
      0.02,
    ],
    IBANs: [digits(20).map((one) => `refund to DE${one}`), 0.01],
    'parcel numbers of 22 digits': [digits(22), 0.01],
    'phone numbers': [fc.tuple(number(1, 99), digits(10)).map(([country, one]) => `call +${country} ${one}`), 0],
    'addresses of machines': [
      fc.tuple(number(1, 255), number(0, 255), number(0, 255), number(0, 255)).map((all) => all.join('.')),
      0,
    ],
  };
  test.each(Object.entries(ordinary))('%s are left alone, but for the rate that is stated', (_, [arbitrary, rate]) => {
    const texts = fc.sample(arbitrary, { numRuns: 4000, seed: 7 });
    const masked = texts.filter((text) => maskCardNumbers(text) !== text).length;
    expect(masked / texts.length).toBeLessThanOrEqual(rate);
  });
});
