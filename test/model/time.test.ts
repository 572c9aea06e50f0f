import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dateOfMicros,
  formatDay,
  formatMicros,
  parseDay,
  parseEpochMillis,
  parseSecondsMicros,
  parseTimeText,
} from '../../model/time.ts';

const MILLIS_MIN = Date.parse('0001-01-01T00:00:00.000Z');
const MILLIS_MAX = Date.parse('9999-12-31T23:59:59.999Z');
const MICROS_MIN = BigInt(MILLIS_MIN) * 1000n;
const MICROS_MAX = BigInt(MILLIS_MAX) * 1000n + 999n;
const times = fc.bigInt({ min: MICROS_MIN, max: MICROS_MAX });

/** Date.UTC takes the years 0 to 99 for 1900 to 1999, hence the two steps. */
function millisOfCivil(year: number, month: number, dayOfMonth: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, dayOfMonth);
}

function iso(text: string): string | undefined {
  const micros = parseTimeText(text);
  return micros === undefined ? undefined : formatMicros(micros);
}

describe('parseTimeText', () => {
  test.each([
    ['2020-02-29T23:59:59Z', '2020-02-29T23:59:59.000000Z'],
    ['2020-02-29 23:59:59', '2020-02-29T23:59:59.000000Z'],
    ['2020-02-29 23:59:59 UTC', '2020-02-29T23:59:59.000000Z'],
    ['2020-02-29T23:59:59.5 UTC', '2020-02-29T23:59:59.500000Z'],
    ['2020-02-29T23:59:59.123456789', '2020-02-29T23:59:59.123456Z'],
    ['2020-02-29T23:59:59.1234567Z', '2020-02-29T23:59:59.123456Z'],
    ['2020-03-01T00:30:00+01:00', '2020-02-29T23:30:00.000000Z'],
    ['2020-02-28T23:30:00.000001-23:59', '2020-02-29T23:29:00.000001Z'],
    ['2020-02-29T00:00:00-00:00', '2020-02-29T00:00:00.000000Z'],
    ['1969-12-31T23:59:59.999999999Z', '1969-12-31T23:59:59.999999Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['0001-01-01T01:00:00+01:00', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('%s', (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  test.each([
    '',
    '2020-02-29',
    '2020-02-29T23:59',
    '2020-02-29T23:59Z',
    '2020-02-30T00:00:00Z',
    '2021-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2020-04-31T00:00:00Z',
    '2020-00-01T00:00:00Z',
    '2020-13-01T00:00:00Z',
    '2020-01-00T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '+2020-01-01T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '2020-01-01T00:60:00Z',
    '2020-01-01T00:00:60Z',
    '2020-01-01t00:00:00Z',
    '2020-01-01T00:00:00z',
    '2020-01-01  00:00:00Z',
    '2020-01-01T00:00:00.Z',
    '2020-01-01T00:00:00.',
    '2020-01-01T00:00:00,5Z',
    '2020-01-01T00:00:00.1234567890Z',
    '2020-01-01T00:00:00 Z',
    '2020-01-01T00:00:00UTC',
    '2020-01-01T00:00:00  UTC',
    '2020-01-01T00:00:00 GMT',
    '2020-01-01T00:00:00+0100',
    '2020-01-01T00:00:00+01',
    '2020-01-01T00:00:00+24:00',
    '2020-01-01T00:00:00+01:60',
    '2020-01-01T00:00:00 +01:00',
    '2020-01-01T00:00:00Z\n',
    ' 2020-01-01T00:00:00Z',
    '2020/01/01T00:00:00Z',
    '2020-1-01T00:00:00Z',
    '2020-01-01T0:00:00Z',
    '-001-01-01T00:00:00Z',
    '２020-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '1600000000000',
  ])('refuses %j', (text) => {
    expect(parseTimeText(text)).toBeUndefined();
  });

  test('agrees with Date.UTC, whatever separator, fraction and offset', () => {
    const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\d{1,9}$/));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 0, max: 32 }),
        fc.tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 60 })),
        fraction,
        fc.constantFrom('T', ' '),
        fc.oneof(
          fc.constantFrom('', 'Z', ' UTC'),
          fc.tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })),
        ),
        (year, month, dayOfMonth, [hour, minute, second], digits, separator, zone) => {
          const two = (number: number) => String(number).padStart(2, '0');
          const zoneText = typeof zone === 'string' ? zone : `${zone[0]}${two(zone[1])}:${two(zone[2])}`;
          const offset = typeof zone === 'string' ? 0 : (zone[0] === '-' ? -1 : 1) * (zone[1] * 60 + zone[2]);
          const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(dayOfMonth)}`;
          const clock = `${two(hour)}:${two(minute)}:${two(second)}${digits && `.${digits}`}`;

          const midnight = millisOfCivil(year, month, dayOfMonth);
          const real = new Date(midnight).toISOString().startsWith(date) && hour < 24 && second < 60 && year > 0;
          const millis = midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000;
          const micros = BigInt(millis) * 1000n + BigInt(digits.padEnd(6, '0').slice(0, 6));
          const expected = real && micros >= MICROS_MIN && micros <= MICROS_MAX ? micros : undefined;
          expect(parseTimeText(`${date}${separator}${clock}${zoneText}`)).toBe(expected);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('parseEpochMillis', () => {
  test.each([
    ['0', 0n],
    ['-0', 0n],
    ['-1', -1000n],
    ['-1001', -1001000n],
    ['1600000000123', 1600000000123000n],
    [String(MILLIS_MIN), MICROS_MIN],
    [String(MILLIS_MAX), MICROS_MAX - 999n],
  ])('%s', (text, micros) => {
    expect(parseEpochMillis(text)).toBe(micros);
  });

  test.each([
    String(MILLIS_MIN - 1),
    String(MILLIS_MAX + 1),
    '9'.repeat(16),
    '9'.repeat(5000),
    '1.0',
    '1e3',
    '1.5',
    '01',
    '',
  ])('refuses %.30s', (text) => {
    expect(parseEpochMillis(text)).toBeUndefined();
  });

  test('is the integer times a thousand', () => {
    fc.assert(
      fc.property(fc.integer({ min: MILLIS_MIN, max: MILLIS_MAX }), (millis) => {
        expect(parseEpochMillis(String(millis))).toBe(BigInt(millis) * 1000n);
      }),
    );
  });
});

describe('parseSecondsMicros', () => {
  test.each([
    ['1355517523.000005', 1355517523000005n],
    ['1355517523.5', 1355517523500000n],
    ['0.0', 0n],
    ['000000000000000000001.000001', 1000001n],
    ['253402300799.999999', MICROS_MAX],
  ])('%s', (text, micros) => {
    expect(parseSecondsMicros(text)).toBe(micros);
  });

  test.each([
    '1355517523',
    '1355517523.',
    '.5',
    '1.1234567',
    '-1.0',
    '+1.0',
    '1e3.0',
    '1.0 ',
    '253402300800.0',
    `${'9'.repeat(5000)}.0`,
  ])('refuses %.30s', (text) => {
    expect(parseSecondsMicros(text)).toBeUndefined();
  });
});

describe('days', () => {
  test('a date is floored, also before 1970', () => {
    expect([0n, 86_399_999_999n, 86_400_000_000n, -1n, -86_400_000_000n, -86_400_000_001n].map(dateOfMicros)).toEqual([
      0, 0, 1, -1, -1, -2,
    ]);
  });

  test('every day from 0001 to 9999 is what Date says, and reads back', () => {
    const dayMax = Math.floor(MILLIS_MAX / 86_400_000);
    for (let day = MILLIS_MIN / 86_400_000; day <= dayMax; day += 7) {
      const text = formatDay(day);
      if (text !== new Date(day * 86_400_000).toISOString().slice(0, 10) || parseDay(text) !== day) {
        expect.fail(`day ${day} is ${text}, read back as ${parseDay(text)}`);
      }
    }
    expect(formatDay(dayMax)).toBe('9999-12-31');
    for (const outside of [dayMax + 1, -719_163, 0.5, Number.NaN]) expect(() => formatDay(outside)).toThrow(RangeError);
  });

  test.each(['', '2021-02-29', '2020-1-1', '2020-01-01T', '20200101', '0000-12-31', ' 2020-01-01'])(
    '%j is no day',
    (text) => {
      expect(parseDay(text)).toBeUndefined();
    },
  );
});

describe('formatMicros', () => {
  test('agrees with Date, reads back, and has the date of dateOfMicros', () => {
    fc.assert(
      fc.property(times, (micros) => {
        const text = formatMicros(micros);
        const millis = Number(BigInt.asIntN(64, micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n);
        expect(text.slice(0, 23)).toBe(new Date(millis).toISOString().slice(0, 23));
        expect(parseTimeText(text)).toBe(micros);
        expect(formatDay(dateOfMicros(micros))).toBe(text.slice(0, 10));
      }),
      { numRuns: 1000 },
    );
  });

  test('refuses years beyond 9999 and before 0001', () => {
    expect(() => formatMicros(MICROS_MAX + 1n)).toThrow(RangeError);
    expect(() => formatMicros(MICROS_MIN - 1n)).toThrow(RangeError);
  });
});
