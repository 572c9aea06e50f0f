// Whether histories hold.

import { expect } from 'vitest';
import { playLot } from '../../simulator/seeds.ts';

/** Plays the histories of `count` seeds from that one on, and expects that nothing is wrong in any. */
export async function expectToHold(from: number, count: number): Promise<void> {
  const { played, violations } = await playLot({ from, count, mutant: undefined });
  expect(violations).toEqual([]);
  expect(played).toBe(count);
}
