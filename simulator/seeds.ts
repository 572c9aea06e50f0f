// Plays many seeds, in worker threads that take them in small lots.

import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { historyOf } from './history.ts';
import { behaviourOf } from './mutants.ts';
import { type Counts, playHistory } from './play.ts';

/** Seeds `[from, from + count)`; `mutant` by name, undefined for the sound rules. */
export interface Lot {
  readonly from: number;
  readonly count: number;
  readonly mutant: string | undefined;
}

export interface Outcome {
  readonly played: number;
  readonly violations: readonly { readonly seed: number; readonly violation: string }[];
  readonly steps: Counts;
  readonly faults: Counts;
  readonly ends: Counts;
}

const NOTHING_PLAYED: Outcome = { played: 0, violations: [], steps: {}, faults: {}, ends: {} };

const WORKERS_MAX = 2;
const LOT_SEEDS = 20;

export async function playLot({ from, count, mutant }: Lot): Promise<Outcome> {
  let outcome = NOTHING_PLAYED;
  for (let seed = from; seed < from + count; seed++) {
    const { violation, steps, faults, ends } = await playHistory(historyOf(seed), behaviourOf(mutant));
    const violations = violation === undefined ? [] : [{ seed, violation }];
    outcome = together(outcome, { played: 1, violations, steps, faults, ends });
  }
  return outcome;
}

function together(a: Outcome, b: Outcome): Outcome {
  const sum = (one: Counts, other: Counts): Counts => {
    const counts: Record<string, number> = { ...one };
    for (const [name, count] of Object.entries(other)) counts[name] = (counts[name] ?? 0) + count;
    return counts;
  };
  return {
    played: a.played + b.played,
    violations: [...a.violations, ...b.violations].sort((one, other) => one.seed - other.seed),
    steps: sum(a.steps, b.steps),
    faults: sum(a.faults, b.faults),
    ends: sum(a.ends, b.ends),
  };
}

/** Plays all seeds of the lot, told of what is known after each smaller one; ends early when that says to. */
export async function playSeeds(lot: Lot, onProgress: (sofar: Outcome) => 'go on' | 'enough'): Promise<Outcome> {
  const workers = Math.min(WORKERS_MAX, availableParallelism(), Math.ceil(lot.count / LOT_SEEDS));
  let next = lot.from;
  let outcome = NOTHING_PLAYED;
  let isEnough = false;
  const take = (): Lot | undefined => {
    const count = Math.min(LOT_SEEDS, lot.from + lot.count - next);
    if (count <= 0 || isEnough) return undefined;
    next += count;
    return { ...lot, from: next - count, count };
  };
  await Promise.all(
    Array.from({ length: workers }, () =>
      withWorker(take, (more) => {
        outcome = together(outcome, more);
        isEnough = onProgress(outcome) === 'enough';
      }),
    ),
  );
  return outcome;
}

/** One worker, until there is nothing left to take. */
function withWorker(take: () => Lot | undefined, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const worker = new Worker(join(dirname(fileURLToPath(import.meta.url)), 'seeds.js'));
  return new Promise((resolve, reject) => {
    const give = (): void => {
      const lot = take();
      if (lot === undefined) worker.terminate().then(() => resolve(), reject);
      else worker.postMessage(lot);
    };
    worker.on('message', (outcome: Outcome) => {
      onOutcome(outcome);
      give();
    });
    worker.on('error', reject);
    give();
  });
}

if (!isMainThread) parentPort?.on('message', async (lot: Lot) => parentPort?.postMessage(await playLot(lot)));
