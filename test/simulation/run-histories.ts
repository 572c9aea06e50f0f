// Plays a share of the random histories. A failure is reported as the smallest history that still fails; the seed in the
// name of the test, as SIMULATION_SEED, plays the same ones again.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, it } from 'vitest';
import { tinyPipeline } from '../../simulator/tiny-pipeline.ts';
import { FAMILIES, type History, history } from './history.ts';
import { playHistory } from './play.ts';
import { reduceHistory } from './reduce.ts';
import { type Ground, openGround } from './world.ts';

/** With the 500 of the simulator more than two thousand. */
const HISTORIES = Number(process.env.SIMULATION_HISTORIES ?? 1536);
const SEED = Number(process.env.SIMULATION_SEED ?? 20260117);
const SHARES = 2;
const TEST_MS_MAX = 60 * 60_000;
const REDUCE_MS_MAX = 5 * 60_000;

/** `share` is 0 or 1: two files, so that two workers play. */
export function describeHistories(share: number): void {
  let folder: string;
  let ground: Ground;
  let played = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reprise-simulation-'));
    ground = await openGround(folder, [tinyPipeline(0)]);
  });
  afterAll(async () => {
    await ground.duck.close();
    await ground.stageDuck.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const failureOf = async (told: History): Promise<string | undefined> => {
    try {
      await playHistory(ground, join(folder, String(++played)), told);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  const numRuns = Math.ceil(HISTORIES / SHARES / FAMILIES);
  const seed = SEED + share;
  it(`${numRuns * FAMILIES} histories in ${numRuns} worlds, seed ${seed}`, { timeout: TEST_MS_MAX }, async () => {
    const property = fc.asyncProperty(history, async (told) => {
      const failure = await failureOf(told);
      if (failure !== undefined) throw new Error(failure);
    });
    const outcome = await fc.check(property, { numRuns, seed, endOnFailure: true });
    if (!outcome.failed) return;
    const [told] = outcome.counterexample ?? [];
    if (told === undefined) throw outcome.errorInstance;
    const said = (await failureOf(told)) ?? '';
    const until = Date.now() + REDUCE_MS_MAX;
    const same = async (simpler: History): Promise<boolean> =>
      Date.now() < until && kindOf((await failureOf(simpler)) ?? '') === kindOf(said);
    const smallest = await reduceHistory(told, said, same);
    throw new Error(`${await failureOf(smallest)}\nin the history\n${JSON.stringify(smallest)}`);
  });
}

/** What a failure begins with, without the ids in it. */
const kindOf = (said: string): string => said.replaceAll(/\d+/g, '#').slice(0, 24);
