// What stands for deliveries of secret sources outside the lake: equal for equal bodies, ordered by whoever has the key,
// and of no use to whoever tries card numbers.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { sql } from '../../adapters/duckdb/sql.ts';
import { orderOfDelivery, SEALED_DIGITS, sealDelivery, sealKey } from '../../model/keyed.ts';

const KEY = sealKey(new Uint8Array(32).fill(7));
const sha256 = fc.string().map((text) => createHash('sha256').update(text).digest('hex'));
let folder: string;
let duck: Duck;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-keyed-'));
  duck = await openDuck({ memoryMb: 128, threads: 1, tempFolder: folder });
  await duck.run(sql('open-seal', { key: KEY }));
});
afterAll(async () => {
  await duck.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a sealed delivery', () => {
  it('opens to the digits it was made of, and gives none of them away', () => {
    fc.assert(
      fc.property(sha256, (hash) => {
        const sealed = sealDelivery(KEY, hash);
        expect(sealed).toMatch(/^~[0-9a-f]{32}$/);
        expect(orderOfDelivery(KEY, sealed)).toBe(hash.slice(0, SEALED_DIGITS));
        expect(sealDelivery(KEY, hash)).toBe(sealed);
      }),
    );
  });

  it('is other digits under another key, and for a hash that differs in one bit', () => {
    const hash = createHash('sha256').update('a body').digest('hex');
    const other = hash.slice(0, 31) + (hash[31] === '0' ? '1' : '0') + hash.slice(32);
    const seals = [
      sealDelivery(KEY, hash),
      sealDelivery(KEY, other),
      sealDelivery(sealKey(new Uint8Array(32).fill(8)), hash),
    ];
    expect(new Set(seals.map((sealed) => sealed.slice(1, 5))).size).toBe(3);
  });

  it('of random hashes has digits that follow none of theirs', () => {
    // Were one hex digit kept, all of these would agree in it; by chance a sixteenth do.
    const pairs = Array.from({ length: 4096 }, (_, n) => {
      const hash = createHash('sha256').update(String(n)).digest('hex');
      return { hash, sealed: sealDelivery(KEY, hash).slice(1) };
    });
    for (let place = 0; place < SEALED_DIGITS; place++) {
      const same = pairs.filter(({ hash, sealed }) => sealed[place] === hash[place]).length;
      expect(same).toBeGreaterThan(4096 / 32);
      expect(same).toBeLessThan(4096 / 8);
    }
  });

  it('is opened by SQL as by the engine; plain hashes, seals of older versions and texts of others as well', async () => {
    const hashes = Array.from({ length: 500 }, (_, n) => createHash('sha256').update(String(n)).digest('hex'));
    const tokens = [...hashes.map((hash) => sealDelivery(KEY, hash)), hashes[0] as string, '8f16~00', 'live', '~', ''];
    const values = tokens.map((token) => `('${token}')`).join(', ');
    const rows = await duck.rows(`SELECT token, delivery_order(token) AS opened FROM (VALUES ${values}) AS t (token)`);
    expect(rows.map(({ token, opened }) => [token, opened])).toEqual(
      tokens.map((token) => [token, orderOfDelivery(KEY, token)]),
    );
  });
});
