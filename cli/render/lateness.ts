// How late events come, as a person reads it.

import type { Lateness, LatenessReport } from '../../engine/reconcile/lateness.ts';
import { duration, plural, table } from './text.ts';

const HOURS_MAX = 48;

export function renderLateness(pipeline: string, { all, sources }: LatenessReport): string {
  if (all === undefined) return `${pipeline}: no events stand there`;
  const row = (name: string, one: Lateness): (string | number)[] => [
    name,
    one.events,
    ...[one.p50Seconds, one.p90Seconds, one.p99Seconds, one.latestSeconds].map(span),
    ...[one.laterThan1Hour, one.laterThan24Hours, one.laterThan7Days].map(percent),
  ];
  return [
    `${pipeline}: how late ${plural(all.events, 'event')} came, received − occurred`,
    '',
    table(
      ['source', 'events', '50 %', '90 %', '99 %', 'latest', '> 1 h', '> 24 h', '> 7 d'],
      [...Object.entries(sources).map(([name, one]) => row(name, one)), row('all', all)],
    ),
    '',
    `a daily replay of the day and the ${lookback(all.lookbackDays99)} before it would have caught 99 %, of the ${lookback(all.lookbackDays999)} 99.9 %, of the ${lookback(all.lookbackDaysAll)} all`,
    `next: reprise reconcile ${pipeline}, which needs no lookback`,
  ].join('\n');
}

const lookback = (days: number): string => plural(days, 'date');

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;

function span(seconds: number): string {
  const hours = seconds / 3600;
  return hours > HOURS_MAX ? `${(hours / 24).toFixed(1)} d` : duration(seconds * 1000);
}
