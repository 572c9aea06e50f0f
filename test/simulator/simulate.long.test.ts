// Many histories of the simulator: they hold, meet every fault, kill what is wrong, and fail in few steps.

import { describe, expect, it } from 'vitest';
import { historyOf } from '../../simulator/history.ts';
import { MUTANTS } from '../../simulator/mutants.ts';
import { playHistory } from '../../simulator/play.ts';
import { renderHistory } from '../../simulator/report.ts';
import { playLot } from '../../simulator/seeds.ts';
import { kindOf, shrinkHistory } from '../../simulator/shrink.ts';
import { expectToHold } from './holding.ts';

const SEEDS = 500;
const LOT_SEEDS = 50;
const MUTANT_SEEDS_MAX = 2000;
/** Where to look first for what few histories can tell. */
const MUTANT_FROM: Readonly<Record<string, number>> = { origins_forgotten: 380, gone_is_whole: 230 };

describe('histories', () => {
  const lots = Array.from({ length: SEEDS / LOT_SEEDS }, (_, lot) => lot * LOT_SEEDS);
  it.each(lots)('seeds from %i on hold', (from) => expectToHold(from, LOT_SEEDS));

  it('meet every fault and every command', async () => {
    const { faults, steps } = await playLot({ from: SEEDS, count: LOT_SEEDS, mutant: undefined });
    expect(Object.keys(faults).length).toBeGreaterThanOrEqual(10);
    expect(Object.keys(steps)).toEqual(expect.arrayContaining(['backfill', 'resume', 'undo', 'reconcile', 'cancel']));
  });
});

describe('mutants', () => {
  it.each(MUTANTS.map(({ name }) => name))('%s is killed', async (mutant) => {
    for (let from = MUTANT_FROM[mutant] ?? 0; from < MUTANT_SEEDS_MAX; from += LOT_SEEDS) {
      const { violations } = await playLot({ from, count: LOT_SEEDS, mutant });
      if (violations.length > 0) return;
    }
    expect.fail(`${mutant} survived ${MUTANT_SEEDS_MAX} histories`);
  });

  it('a failing history shrinks to a few steps that fail in the same way', async () => {
    const [{ behaviour, name }] = MUTANTS.filter(({ name }) => name === 'delete_unjudged') as [
      (typeof MUTANTS)[number],
    ];
    const { violations } = await playLot({ from: 0, count: LOT_SEEDS, mutant: name });
    const [{ seed, violation }] = violations as [(typeof violations)[number]];
    const failureOf = async (history: Parameters<typeof playHistory>[0]) =>
      (await playHistory(history, behaviour)).violation;
    const shortest = await shrinkHistory(historyOf(seed), violation, failureOf, () => false);
    expect(kindOf((await failureOf(shortest)) ?? '')).toBe(kindOf(violation));
    const steps = shortest.actors.flat();
    expect(steps.length).toBeLessThanOrEqual(4);
    expect(steps.flatMap(({ faults }) => faults)).toEqual([]);
    expect(steps.length).toBeGreaterThan(0);
    for (const { do: step } of steps) expect(renderHistory(shortest)).toContain(step);
  });
});
