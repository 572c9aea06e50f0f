import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalValue, rowHash } from '../../model/canonical.ts';

const texts = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '-', '1:a', '😀', 'é', 'a\0b'),
);

describe('canonical text', () => {
  test.each([
    [null, '-'],
    ['', '0:'],
    ['-', '1:-'],
    ['é😀', '6:é😀'],
  ])('%j is %s', (text, canonical) => {
    expect(canonicalValue(text)).toBe(canonical);
  });

  test('rows that differ differ in it', () => {
    const rows = fc.array(fc.oneof(texts, fc.string({ unit: fc.constantFrom('-', ':', '0', '1', '2') })));
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const same = one.length === other.length && one.every((text, at) => text === other[at]);
        expect(one.map(canonicalValue).join('') === other.map(canonicalValue).join('')).toBe(same);
      }),
    );
  });
});

describe('rowHash', () => {
  let connection: DuckDBConnection;
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create(':memory:')).connect();
  });
  afterAll(() => connection.closeSync());

  test('is sha256 of the concatenation', () => {
    // printf '1:a-0:' | sha256sum
    expect(rowHash(['a', null, ''])).toBe('0d4fc2449da5ae2c1adf59a881206ac5372187e0607f4a94515620df0370c1ea');
    expect(rowHash([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('is what DuckDB computes', async () => {
    const column = (name: string) => `coalesce(strlen(${name}) || ':' || ${name}, '-')`;
    const sql = `SELECT sha256(${column('a')} || ${column('b')} || ${column('c')}) FROM (SELECT $1::VARCHAR a, $2::VARCHAR b, $3::VARCHAR c)`;
    await fc.assert(
      fc.asyncProperty(fc.tuple(texts, texts, texts), async (row) => {
        const rows = (await connection.runAndReadAll(sql, row)).getRows();
        expect(rows).toEqual([[rowHash(row)]]);
      }),
      { numRuns: 500 },
    );
  });
});
