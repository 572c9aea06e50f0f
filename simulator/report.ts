// What the simulator prints: progress, the end of many histories, one history step by step.

import type { Fault } from './faults.ts';
import type { History } from './history.ts';
import { type Counts, describeStep } from './play.ts';
import type { Outcome } from './seeds.ts';

const REPLAY = 'npm run simulate -- --seed';

const replayCommand = (seed: number): string => `${REPLAY} ${seed}`;

export function renderProgress(played: number, of: number, elapsedMs: number): string {
  const rate = played / Math.max(elapsedMs / 1000, 0.001);
  const left = duration(((of - played) / Math.max(rate, 0.001)) * 1000);
  return `${played} of ${of} histories, ${rate.toFixed(0)} a second, about ${left} left`;
}

export function renderOutcome(outcome: Outcome, elapsedMs: number): string {
  const rate = outcome.played / Math.max(elapsedMs / 1000, 0.001);
  const lines = [
    `${outcome.played} histories, ${outcome.violations.length} violations, ${duration(elapsedMs)} (${rate.toFixed(0)} a second)`,
    `steps taken      ${renderCounts(outcome.steps)}`,
    `faults injected  ${renderCounts(outcome.faults)}`,
    `commands ended   ${renderCounts(outcome.ends)}`,
  ];
  return lines.join('\n');
}

const renderCounts = (counts: Counts): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(' · ');

export const renderViolation = (seed: number, violation: string): string =>
  `seed ${seed}: ${violation}\n  play it again: ${replayCommand(seed)}`;

/** The history as a list of steps, each person in turn. */
export function renderHistory(history: History): string {
  const lines = [`schedule ${history.seed}, transforms ${history.variant}`];
  for (const [number, steps] of history.actors.entries()) {
    if (steps.length === 0) continue;
    lines.push(number === 0 ? 'the world' : `operator ${number}`);
    for (const step of steps) {
      lines.push(`  after ${step.afterMs} ms: ${describeStep(step)}`);
      for (const fault of step.faults) lines.push(`    ! ${renderFault(fault)}`);
    }
  }
  return lines.join('\n');
}

const renderFault = ({ kind, place, call, ms }: Fault): string => {
  const isLong = kind === 'asleep' || kind === 'slow' || kind === 'clock_jump';
  return `${kind} at its call ${call} of ${place}${isLong ? ` (${ms} ms)` : ''}`;
};

export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds.toFixed(0)} s` : `${minutes} min ${Math.round(seconds % 60)} s`;
}
