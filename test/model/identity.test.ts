import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinIdentity } from '../../model/identity.ts';

describe('joinIdentity', () => {
  test.each([
    ['message', ['web', 'm1'], 'message:web:m1'],
    [undefined, ['order-service', 'a:b%c'], 'order-service:a%3Ab%25c'],
    ['tool', ['%3A', '', '-1', 'tool.call'], 'tool:%253A::-1:tool.call'],
    ['lead', ['é /?&😀'], 'lead:é /?&😀'],
  ])('%s %j is %s', (prefix, parts, identity) => {
    expect(joinIdentity(prefix, parts)).toBe(identity);
  });

  test('the parts can be told again from the text', () => {
    const part = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(':', '%', '2', '5', '3', 'A', 'a') }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const told = joinIdentity(undefined, parts)
          .split(':')
          .map((encoded) => encoded.replaceAll('%3A', ':').replaceAll('%25', '%'));
        expect(told).toEqual(parts);
      }),
    );
  });
});
