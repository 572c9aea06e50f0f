import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInt64 } from '../../model/integer.ts';

describe('parseInt64', () => {
  test.each([
    ['0', 0n],
    ['-0', 0n],
    ['-1', -1n],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
  ])('%s', (text, value) => {
    expect(parseInt64(text)).toBe(value);
  });

  test.each([
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
    '9'.repeat(1_000_000),
    '1.0',
    '1.5',
    '1e3',
    '1E0',
    '-',
    '',
    '01',
    '+1',
    ' 1',
    '1\n',
    '0x1',
    '1n',
    'NaN',
  ])('refuses %.30s', (text) => {
    expect(parseInt64(text)).toBeUndefined();
  });

  test('every integer is taken exactly when it has 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (value) => {
        expect(parseInt64(String(value))).toBe(BigInt.asIntN(64, value) === value ? value : undefined);
      }),
    );
  });
});
