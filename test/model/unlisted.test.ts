// What is kept of sources that no pipeline lists: names, and of anything else nothing that can be read or searched.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptSource, shownSource } from '../../model/unlisted.ts';

const KEY = new Uint8Array(32).fill(3);
const isListed = (name: string): boolean => ['web', 'payment-service'].includes(name);
const kept = (source: string | null, key = KEY): string | null => keptSource(isListed, key, source);

describe('a source that is not listed', () => {
  it.each([
    'web',
    'Web',
    'WEB ',
    'Payment-Service',
    'mobile',
    'order-service-v2',
    'app_2',
    'eu.west-1.shop',
    's3',
    null,
  ])('%j stays as it came', (source) => {
    expect(kept(source)).toBe(source);
  });

  it.each([
    '4111111111111111',
    'visa-4111-1111-1111-1111',
    'card.41.11.11.11',
    '737',
    'cvv-737',
    'JANE DOE',
    'Jane Doe',
    '{"event_id":"p-1","payment":{"card":{"number":"4111111111111111","cvv":"737","holder":"JANE DOE"}}}',
    'x'.repeat(65),
    `web${' '.repeat(80)}`,
    '',
    '-web',
    '\u0000',
    '~0123456789abcdef0123456789abcdef, 3 bytes',
    'x'.repeat(4096),
  ])('%j becomes a digest and a size', (source) => {
    const text = kept(source) as string;
    expect(text).toMatch(new RegExp(`^~[0-9a-f]{32}, ${Buffer.byteLength(source)} bytes$`));
    expect(kept(source)).toBe(text);
    expect(kept(source, new Uint8Array(32))).not.toBe(text);
    const plain = createHash('sha256').update(source).digest('hex');
    for (let at = 0; at + 8 <= plain.length; at++) expect(text).not.toContain(plain.slice(at, at + 8));
  });

  it('shows nothing of any text that is not a name, and differs for every other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 4, maxLength: 200 }), (source) => {
        const text = kept(source) as string;
        if (text !== source) expect(text.includes(source)).toBe(false);
        expect(kept(`${source} `)).not.toBe(text);
        // However it was kept, it is shown as it is kept now.
        expect(shownSource(isListed, KEY, text)).toBe(text);
        expect([source, text]).toContain(shownSource(isListed, KEY, source));
      }),
    );
  });
});
