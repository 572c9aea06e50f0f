// npm run simulate: plays seeded histories and tells what does not hold. Exit codes: 0 all hold, 1 a mutant survived,
// 2 usage, 4 something does not hold.

import { parseArgs } from 'node:util';
import { type History, historyOf } from './history.ts';
import { MUTANTS } from './mutants.ts';
import { playHistory } from './play.ts';
import { duration, renderHistory, renderOutcome, renderProgress, renderViolation } from './report.ts';
import { playSeeds } from './seeds.ts';
import { shrinkHistory } from './shrink.ts';

const HELP = `npm run simulate -- [options]

Plays seeded histories of the engine over simulated ports: several operators, a live loader, late arrivals, changes of
transforms, erasures, crashes, lost and doubled answers, clocks that jump. After each everything is replayed once, and
the warehouse must be what the model says. docs/simulation.md says what is injected and what is checked.

  --seeds N    how many histories (1000; of mutants, the most for each: 5000)
  --from N     the first seed (0)
  --seed N     one history, step by step
  --mutants    deliberately wrong rules instead: each must be caught
  --json       one JSON document on stdout

  npm run simulate -- --seeds 10000
  npm run simulate -- --seed 443
  npm run simulate -- --mutants
`;

const SEEDS = 1000;
const SEEDS_OF_MUTANTS = 5000;
const SHRINK_MS_MAX = 120_000;
const PROGRESS_MS = 2000;

interface Options {
  readonly seeds: number | undefined;
  readonly from: number;
  readonly json: boolean;
}

/** Gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { seeds, from, json } = values;
  const options = { seeds, from: from ?? 0, json };
  if (values.mutants) return playMutants(options);
  return values.seed === undefined ? playMany(options) : playOne(values.seed, json);
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      mutants: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const count = (name: 'seeds' | 'from' | 'seed', least: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text) || Number(text) < least)
      throw new Error(`--${name} ${text} is no whole number from ${least} on`);
    return Number(text);
  };
  return { ...values, seeds: count('seeds', 1), from: count('from', 0), seed: count('seed', 0) };
}

async function playMany({ seeds = SEEDS, from, json }: Options): Promise<number> {
  const startedMs = performance.now();
  let toldMs = startedMs;
  let told = 0;
  const outcome = await playSeeds({ from, count: seeds, mutant: undefined }, ({ played, violations }) => {
    for (const { seed, violation } of violations.slice(told)) say(renderViolation(seed, violation));
    told = violations.length;
    if (performance.now() - toldMs > PROGRESS_MS) {
      toldMs = performance.now();
      say(renderProgress(played, seeds, toldMs - startedMs));
    }
    return 'go on';
  });
  const durationMs = Math.round(performance.now() - startedMs);
  const [first] = outcome.violations;
  const shortest = first === undefined ? undefined : await shortestOf(historyOf(first.seed), first.violation);
  if (json) print(JSON.stringify({ ok: first === undefined, from, ...outcome, durationMs, shortest }));
  else print(renderOutcome(outcome, durationMs));
  if (first === undefined) return 0;
  if (!json) {
    for (const { seed, violation } of outcome.violations) print(renderViolation(seed, violation));
    if (shortest !== undefined)
      print(`\nthe shortest history that fails like seed ${first.seed}:\n${renderHistory(shortest)}`);
  }
  return 4;
}

async function shortestOf(history: History, violation: string): Promise<History> {
  say('looking for the shortest history that fails in the same way');
  const until = performance.now() + SHRINK_MS_MAX;
  const failureOf = async (one: History): Promise<string | undefined> => (await playHistory(one)).violation;
  return shrinkHistory(history, violation, failureOf, () => performance.now() > until);
}

async function playOne(seed: number, json: boolean): Promise<number> {
  const history = historyOf(seed);
  const played = await playHistory(history);
  const { violation } = played;
  const shortest = violation === undefined ? undefined : await shortestOf(history, violation);
  if (json) {
    print(JSON.stringify({ ok: violation === undefined, seed, history, ...played, shortest }));
  } else {
    print(renderHistory(history));
    print(`\n${played.told.join('\n')}\n`);
    print(violation === undefined ? `seed ${seed}: all holds` : `seed ${seed}: ${violation}`);
    if (shortest !== undefined) print(`\nthe shortest history that fails like it:\n${renderHistory(shortest)}`);
  }
  return violation === undefined ? 0 : 4;
}

async function playMutants({ seeds = SEEDS_OF_MUTANTS, from, json }: Options): Promise<number> {
  const results: { mutant: string; killedBy: number | undefined; violation: string | undefined; played: number }[] = [];
  for (const { name, wrong } of MUTANTS) {
    const startedMs = performance.now();
    const isKilled = (outcome: { violations: readonly unknown[] }) =>
      outcome.violations.length > 0 ? 'enough' : 'go on';
    const { violations, played } = await playSeeds({ from, count: seeds, mutant: name }, isKilled);
    const [kill] = violations;
    results.push({ mutant: name, killedBy: kill?.seed, violation: kill?.violation, played });
    const after = `${played} histories, ${duration(performance.now() - startedMs)}`;
    const end = kill === undefined ? 'SURVIVED' : `killed by seed ${kill.seed}`;
    const why = kill === undefined ? '' : `\n  ${kill.violation.split('\n')[0]}`;
    (json ? say : print)(`${name} (${wrong}): ${end} after ${after}${why}`);
  }
  const survived = results.filter(({ killedBy }) => killedBy === undefined);
  if (json) print(JSON.stringify({ ok: survived.length === 0, mutants: results }));
  return survived.length === 0 ? 0 : 1;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

process.exitCode = await main(process.argv.slice(2));
