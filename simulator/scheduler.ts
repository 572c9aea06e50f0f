// Who goes next. Simulated processes take turns at every call to a port; a seeded choice says whose turn it is, and
// time passes as the seed says. A turn begins when nothing is left to do without one, so that a history is the same
// every time it is played.

import type { Random } from '../generator/random.ts';
import type { Clock } from '../ports/clock.ts';

const START_MS = Date.parse('2026-02-01T00:00:00Z');
const TURN_MS_MAX = 20;
/** More turns than any history needs: beyond it something goes round in circles. */
const TURNS_MAX = 200_000;

interface Waiter {
  readonly process: SimProcess;
  readonly notBeforeMs: number;
  readonly resume: () => void;
}

export class Scheduler {
  readonly #random: Random;
  /** How likely the process that had the last turn goes on: from fair to nearly one after the other. */
  readonly #patience: number;
  #waiters: Waiter[] = [];
  #nowMs = START_MS;
  #turns = 0;
  #last: SimProcess | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#patience = random.pick([0, 0.5, 0.9, 0.97]);
  }

  /** The time that all clocks are set by. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get turns(): number {
    return this.#turns;
  }

  /** Resolves when the process may go on; never for one that died. */
  turn(process: SimProcess, afterMs = 0, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (process.isDead) return;
      const abort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(new Error('the sleep was aborted'));
      };
      const resume = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const waiter = { process, notBeforeMs: this.#nowMs + afterMs, resume };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets all that wait go on in turn, until nobody waits but `idle` processes. Throws when that never comes. */
  run(isIdle: (process: SimProcess) => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        const waiter = this.#next(isIdle);
        if (waiter === undefined) {
          resolve();
          return;
        }
        if (++this.#turns > TURNS_MAX) {
          reject(new Error(`it is not over after ${TURNS_MAX} turns`));
          return;
        }
        waiter.resume();
        // A tick asked for by a promise comes after all promises are settled: after all that the turn made possible.
        queueMicrotask(() => process.nextTick(step));
      };
      process.nextTick(step);
    });
  }

  #next(isIdle: (process: SimProcess) => boolean): Waiter | undefined {
    this.#waiters = this.#waiters.filter(({ process }) => !process.isDead);
    if (this.#waiters.every(({ process }) => isIdle(process))) return undefined;
    this.#nowMs += this.#random.integer(0, TURN_MS_MAX);
    const dueMs = (waiter: Waiter): number => Math.max(waiter.notBeforeMs, waiter.process.asleepUntilMs);
    this.#nowMs = Math.max(this.#nowMs, Math.min(...this.#waiters.map(dueMs)));
    const ready = this.#waiters.filter((waiter) => dueMs(waiter) <= this.#nowMs);
    const same = ready.filter(({ process }) => process === this.#last);
    const among = same.length > 0 && this.#random.chance(this.#patience) ? same : ready;
    const chosen = this.#random.pick(among);
    this.#waiters.splice(this.#waiters.indexOf(chosen), 1);
    this.#last = chosen.process;
    return chosen;
  }
}

/** One process of one person or machine: it has a clock of its own, can sleep, and can die. */
export class SimProcess {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #died: (() => void)[] = [];
  isDead = false;
  /** Its command came to an end. */
  hasEnded = false;
  /** It has a fence: whatever it still writes is for the warehouse to refuse. */
  isAdmitted = false;
  asleepUntilMs = 0;
  /** How far its clock is from the time that all are set by. */
  clockOffsetMs = 0;
  /** Resolves when it dies. */
  readonly death: Promise<void>;

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.#scheduler = scheduler;
    this.death = new Promise((resolve) => this.#died.push(resolve));
  }

  readonly clock: Clock = {
    nowMs: () => this.#scheduler.nowMs + this.clockOffsetMs,
    sleep: (ms, signal) => this.#scheduler.turn(this, ms, signal),
  };

  turn(afterMs = 0): Promise<void> {
    return this.#scheduler.turn(this, afterMs);
  }

  isAsleep(): boolean {
    return this.asleepUntilMs > this.#scheduler.nowMs;
  }

  /** All of it stands still, as a laptop whose lid is closed. */
  fallAsleep(ms: number): void {
    this.asleepUntilMs = this.#scheduler.nowMs + ms;
  }

  die(): void {
    this.isDead = true;
    for (const tell of this.#died) tell();
  }
}
