/**
 * Seeded randomness. Each execution and each map item has a generator of its own, derived from its parent's seed and its
 * place, so that what an item draws does not depend on which other items ran first.
 */
import { createHash } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version-4 UUID. */
  uuid(): string;
  /** An independent generator for `place`; the same place gives the same generator. */
  derive(place: string): Random;
}

export function seededRandom(seed: number | string): Random {
  const key = String(seed);
  let state = createHash('sha256').update(key).digest().readUInt32LE(0);
  // mulberry32: 32 bits of state are plenty for jitter and names; nothing here is a secret.
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  let uuids = 0;
  return {
    next: () => next32() / 2 ** 32,
    uuid: () => {
      uuids += 1;
      const hex = createHash('sha256').update(`${key}/uuid/${uuids}`).digest('hex');
      const variant = '89ab'[Number.parseInt(hex[16]!, 16) % 4];
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    },
    derive: (place) => seededRandom(`${key}/${place}`),
  };
}
