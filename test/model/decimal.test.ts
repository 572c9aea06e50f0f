import { DuckDBDecimalValue, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DECIMAL_PRECISION,
  DECIMAL_SCALE,
  fitsDecimal,
  formatDecimal,
  multiplyByInteger,
  parseDecimalNumber,
  parseDecimalText,
} from '../../model/decimal.ts';

const LIMIT = 10n ** BigInt(DECIMAL_PRECISION);
const UNIT = 10n ** BigInt(DECIMAL_SCALE);
const unscaledValues = fc.oneof(
  fc.bigInt({ min: 1n - LIMIT, max: LIMIT - 1n }),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
);

/** The value as a fraction of two integers, the plain way that parseDecimalText avoids. */
function modelOf(sign: string, whole: string, fraction: string, exponent: number): bigint | 'does_not_fit' {
  const numerator =
    BigInt(sign === '-' ? -1 : 1) * BigInt(whole + fraction) * UNIT * 10n ** BigInt(Math.max(exponent, 0));
  const denominator = 10n ** BigInt(fraction.length + Math.max(-exponent, 0));
  const unscaled = numerator / denominator;
  return numerator % denominator === 0n && unscaled > -LIMIT && unscaled < LIMIT ? unscaled : 'does_not_fit';
}

describe('parseDecimalText', () => {
  test.each([
    ['0', '0.000000000000000000'],
    ['-0', '0.000000000000000000'],
    ['-0.000', '0.000000000000000000'],
    ['-0.05', '-0.050000000000000000'],
    ['6E+1', '60.000000000000000000'],
    ['6e1', '60.000000000000000000'],
    ['1.5e-3', '0.001500000000000000'],
    ['007.10', '7.100000000000000000'],
    ['1.0000000000000000000000', '1.000000000000000000'],
    ['0.000000000000000001', '0.000000000000000001'],
    ['1e-18', '0.000000000000000001'],
    ['10e-19', '0.000000000000000001'],
    ['99999999999999999999.999999999999999999', '99999999999999999999.999999999999999999'],
    ['1e19', '10000000000000000000.000000000000000000'],
    ['0e999999999', '0.000000000000000000'],
    [`0.0E-${'9'.repeat(5000)}`, '0.000000000000000000'],
    [`1e${'0'.repeat(5000)}1`, '10.000000000000000000'],
    [`0.${'0'.repeat(5000)}12e5001`, '1.200000000000000000'],
    [`12${'0'.repeat(5000)}e-5001`, '1.200000000000000000'],
  ])('%.40s is %s', (text, formatted) => {
    const unscaled = parseDecimalText(text);
    expect(typeof unscaled === 'bigint' ? formatDecimal(unscaled) : unscaled).toBe(formatted);
  });

  test.each([
    '1e20',
    '-100000000000000000000',
    '0.0000000000000000001',
    '1e-19',
    '1e999999999',
    '1e-999999999',
    '1e9007199254740993',
    `1e${'9'.repeat(5000)}`,
    `1e-${'9'.repeat(5000)}`,
    '9'.repeat(1_000_000),
    `0.${'3'.repeat(1_000_000)}`,
  ])('%.40s does not fit', (text) => {
    expect(parseDecimalText(text)).toBe('does_not_fit');
  });

  test.each([
    '',
    '-',
    '+1',
    '.5',
    '1.',
    '1e',
    '1e+',
    '1.e1',
    '1,5',
    ' 1',
    '1 ',
    '1\n',
    '--1',
    'NaN',
    'Infinity',
    '0x1',
    '1_0',
    '١',
  ])('%j is not a decimal', (text) => {
    expect(parseDecimalText(text)).toBe('not_decimal');
    expect(parseDecimalNumber(text)).toBe('not_decimal');
  });

  test('is the exact rational value, or says that it does not fit', () => {
    const zeros = fc.constantFrom('', '0', '000', '0'.repeat(20), '0'.repeat(40));
    const digits = fc.tuple(zeros, fc.bigInt({ min: 0n, max: 10n ** 24n }), zeros).map((parts) => parts.join(''));
    const fractions = fc.oneof(fc.constant(''), digits);
    fc.assert(
      fc.property(
        fc.constantFrom('', '-'),
        digits,
        fractions,
        fc.integer({ min: -70, max: 70 }),
        (sign, whole, fraction, exponent) => {
          const text = `${sign}${whole}${fraction && `.${fraction}`}e${exponent}`;
          expect(parseDecimalText(text)).toBe(modelOf(sign, whole, fraction, exponent));
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('parseDecimalNumber', () => {
  test('reads the text of a JSON number like a decimal string', () => {
    for (const text of ['0', '-0', '0.5', '-12.30', '1E+2', '1e-18', '1e20']) {
      expect(parseDecimalNumber(text)).toBe(parseDecimalText(text));
    }
    expect(parseDecimalNumber('0.1')).toBe(UNIT / 10n);
  });

  test('takes no leading zeros, which JSON numbers have not', () => {
    expect(parseDecimalNumber('01')).toBe('not_decimal');
    expect(parseDecimalNumber('-00.5')).toBe('not_decimal');
  });
});

test('fitsDecimal is 38 digits, and products are exact beyond them', () => {
  expect(fitsDecimal(LIMIT - 1n)).toBe(true);
  expect(fitsDecimal(1n - LIMIT)).toBe(true);
  expect(fitsDecimal(LIMIT)).toBe(false);
  expect(fitsDecimal(-LIMIT)).toBe(false);
  expect(multiplyByInteger(LIMIT - 1n, -3n)).toBe(3n - 3n * LIMIT);
});

test('what is formatted reads back as itself', () => {
  fc.assert(
    fc.property(unscaledValues, (unscaled) => {
      expect(parseDecimalText(formatDecimal(unscaled))).toBe(unscaled);
      expect(parseDecimalNumber(formatDecimal(unscaled))).toBe(unscaled);
    }),
  );
});

test('DuckDB writes the same text', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const cast = `CAST($1 AS DECIMAL(${DECIMAL_PRECISION},${DECIMAL_SCALE}))::VARCHAR`;
  const statement = await connection.prepare(`SELECT ${cast}`);
  const writtenByDuckDb = async (unscaled: bigint): Promise<unknown> => {
    statement.bindDecimal(1, new DuckDBDecimalValue(unscaled, DECIMAL_PRECISION, DECIMAL_SCALE));
    return (await statement.runAndReadAll()).getRows()[0]?.[0];
  };
  for (const edge of [0n, 1n, -1n, UNIT, -UNIT, UNIT - 1n, 1n - UNIT, LIMIT - 1n, 1n - LIMIT, -5n * 10n ** 16n]) {
    expect(await writtenByDuckDb(edge)).toBe(formatDecimal(edge));
  }
  await fc.assert(
    fc.asyncProperty(unscaledValues, async (unscaled) => {
      expect(await writtenByDuckDb(unscaled)).toBe(formatDecimal(unscaled));
    }),
    { numRuns: 300 },
  );
  connection.closeSync();
});
