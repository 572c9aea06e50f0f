// From counts of how late events came, the figures that a schedule is chosen by: quantiles, shares, and the lookback that
// would have caught nearly all.

import type { LatenessCount } from '../../ports/lateness.ts';

export interface Lateness {
  readonly events: number;
  /** Seconds within which that share had come; up to 4.5 % too great, never too small. */
  readonly p50Seconds: number;
  readonly p90Seconds: number;
  readonly p99Seconds: number;
  readonly latestSeconds: number;
  /** Shares of the events, from 0 to 1. */
  readonly laterThan1Hour: number;
  readonly laterThan24Hours: number;
  readonly laterThan7Days: number;
  /** Whole dates to be read again each day, beside the day's own, to have caught that share. Exact. */
  readonly lookbackDays99: number;
  readonly lookbackDays999: number;
  readonly lookbackDaysAll: number;
}

export interface LatenessReport {
  /** Undefined when there are no events. */
  readonly all: Lateness | undefined;
  readonly sources: Readonly<Record<string, Lateness>>;
}

export function latenessReport(counts: readonly LatenessCount[]): LatenessReport {
  const sources = [...new Set(counts.map(({ source }) => source))].sort();
  const of = (some: readonly LatenessCount[]): Lateness | undefined =>
    some.length === 0 ? undefined : latenessOf(some);
  return {
    all: of(counts),
    sources: Object.fromEntries(
      sources.map((source) => [source, latenessOf(counts.filter((one) => one.source === source))]),
    ),
  };
}

function latenessOf(counts: readonly LatenessCount[]): Lateness {
  const sum = (of: (one: LatenessCount) => number): number => counts.reduce((total, one) => total + of(one), 0);
  const events = sum((one) => one.events);
  const latestMicros = Math.max(...counts.map((one) => one.latestMicros));
  const seconds = (share: number): number => {
    const sixteenth = reached(counts, share, (one) => one.sixteenth);
    return sixteenth < 0 ? 0 : Math.min(2 ** ((sixteenth + 1) / 16), latestMicros) / 1e6;
  };
  const days = (share: number): number => reached(counts, share, (one) => one.datesLate);
  return {
    events,
    p50Seconds: seconds(0.5),
    p90Seconds: seconds(0.9),
    p99Seconds: seconds(0.99),
    latestSeconds: latestMicros / 1e6,
    laterThan1Hour: sum((one) => one.laterThan1Hour) / events,
    laterThan24Hours: sum((one) => one.laterThan24Hours) / events,
    laterThan7Days: sum((one) => one.laterThan7Days) / events,
    lookbackDays99: days(0.99),
    lookbackDays999: days(0.999),
    lookbackDaysAll: days(1),
  };
}

/** The smallest value up to which the share of the events lies. */
function reached(counts: readonly LatenessCount[], share: number, by: (one: LatenessCount) => number): number {
  const events = counts.reduce((total, one) => total + one.events, 0);
  let seen = 0;
  let value = 0;
  for (const one of [...counts].sort((a, b) => by(a) - by(b))) {
    value = by(one);
    seen += one.events;
    if (seen >= share * events) break;
  }
  return value;
}
