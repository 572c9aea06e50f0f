/** Which retrier or catcher an error falls to, and how long a retry waits. Decides; does not wait. */
import type { StateFailure } from './errors.ts';
import type { Catcher, Retrier } from './machine.ts';
import type { Random } from './random.ts';

/** Defaults of the language. */
const intervalSecondsDefault = 1;
const backoffRateDefault = 2;
const maxAttemptsDefault = 3;

/** The retriers of one state entry, each with its own count. */
export interface Retries {
  /** Milliseconds to wait before the next attempt; undefined when the error is not (or no longer) retried. */
  delayMs(failure: StateFailure): number | undefined;
}

export function retriesOf(retriers: readonly Retrier[], random: Random): Retries {
  const attempts = retriers.map(() => 0);
  return {
    delayMs(failure) {
      // Only the first retrier that matches counts: when it is spent, later ones are not asked.
      const index = retriers.findIndex((retrier) => matches(retrier.ErrorEquals, failure));
      const retrier = retriers[index];
      if (retrier === undefined || attempts[index]! >= (retrier.MaxAttempts ?? maxAttemptsDefault)) return undefined;
      const seconds = backoffSeconds(retrier, attempts[index]!);
      attempts[index]! += 1;
      return Math.round(seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? random.next() : 1));
    },
  };
}

export function catcherOf(catchers: readonly Catcher[], failure: StateFailure): Catcher | undefined {
  return catchers.find((catcher) => matches(catcher.ErrorEquals, failure));
}

/** `attempt` counts from 0. */
function backoffSeconds(retrier: Retrier, attempt: number): number {
  const interval = retrier.IntervalSeconds ?? intervalSecondsDefault;
  const seconds = interval * (retrier.BackoffRate ?? backoffRateDefault) ** attempt;
  return Math.min(seconds, retrier.MaxDelaySeconds ?? Number.MAX_SAFE_INTEGER / 1000);
}

/**
 * States.Runtime is never retried nor caught. States.DataLimitExceeded only by its own name. States.ALL is every other
 * error, States.TaskFailed every other error but States.Timeout.
 */
function matches(errorEquals: readonly string[], failure: StateFailure): boolean {
  const error = failure.errorName;
  if (failure.terminal || error === 'States.Runtime') return false;
  if (errorEquals.includes(error)) return true;
  if (error === 'States.DataLimitExceeded') return false;
  return (
    errorEquals.includes('States.ALL') || (errorEquals.includes('States.TaskFailed') && error !== 'States.Timeout')
  );
}
