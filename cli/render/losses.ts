// What the warehouse lacks of what was published, as a person reads it.

import { windowsOver } from '../../engine/plan/window.ts';
import type { Lost } from '../../engine/reconcile/lost.ts';
import { plural } from './text.ts';

const RUNS_SHOWN = 5;
const DATES_SHOWN = 10;

/** The commands that bring it back. */
export const lostCommands = (pipeline: string, { replayable }: Lost): string[] =>
  windowsOver(replayable).map(({ from, to }) => `reprise backfill ${pipeline} --from ${from} --to ${to}`);

/** What is missing, in one sentence; undefined when nothing is that was not published again. */
export function lostSentence(pipeline: string, { runs, transactions, dates }: Lost): string | undefined {
  if (dates.length === 0) return undefined;
  if (transactions === 0)
    return `the warehouse does not say who published ${pipeline} at ${shown(dates)}: rows of reprise.fences were removed`;
  const named = runs.slice(0, RUNS_SHOWN).join(', ') + (runs.length > RUNS_SHOWN ? ', …' : '');
  return `the warehouse lacks ${plural(transactions, 'transaction')} of ${pipeline} (${named}), at ${shown(dates)}: its file was deleted, restored from an older copy, or replaced`;
}

export function lostPublicationLines(pipeline: string, lost: Lost): string[] {
  const sentence = lostSentence(pipeline, lost);
  if (sentence === undefined) return [];
  const gone = lost.dates.filter((date) => !lost.replayable.includes(date));
  const without =
    gone.length === 0 ? [] : [`no raw is left for ${shown(gone)}: only a newer copy of the warehouse has those rows`];
  return [sentence, ...without, ...lostCommands(pipeline, lost).map((command) => `bring it back: ${command}`)];
}

const shown = (dates: readonly string[]): string =>
  dates.slice(0, DATES_SHOWN).join(', ') +
  (dates.length > DATES_SHOWN ? `, and ${dates.length - DATES_SHOWN} more dates` : '');
