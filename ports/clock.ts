// Time and randomness as the engine sees them: injected, so that a run can be repeated exactly.

export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds, or rejects when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** An ISO-8601 UTC timestamp with milliseconds. */
export function isoTime(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString();
}
