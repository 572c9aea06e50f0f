// Windows: half-open ranges of UTC event dates.

import { RepriseError } from '../../ports/errors.ts';
import { formatDay, parseDay } from '../model/time.ts';

/** `[from, to)` as YYYY-MM-DD. */
export interface Window {
  readonly from: string;
  readonly to: string;
}

const HELP =
  'a window is half-open, [from, to) in UTC event dates: --from 2026-06-01 --to 2026-06-03 means 1 and 2 June';

/** Checks what a person typed. Throws Usage when it is no window, empty, reversed or wholly in the future. */
export function parseWindow(from: string, to: string, today: number): Window {
  const fromDay = parseDay(from);
  const toDay = parseDay(to);
  if (fromDay === undefined) throw new RepriseError('Usage', `--from ${from} is no date YYYY-MM-DD`, HELP);
  if (toDay === undefined) throw new RepriseError('Usage', `--to ${to} is no date YYYY-MM-DD`, HELP);
  if (fromDay === toDay) throw new RepriseError('Usage', `the window [${from}, ${to}) is empty`, HELP);
  if (fromDay > toDay) throw new RepriseError('Usage', `the window [${from}, ${to}) is reversed`, HELP);
  // An event may occur up to 24 h after it was received.
  if (fromDay > today + 1) {
    throw new RepriseError('Usage', `the window [${from}, ${to}) is in the future: today is ${formatDay(today)}`, HELP);
  }
  return { from, to };
}

/** The smallest window that holds all the dates; undefined for none. */
export function windowOver(dates: readonly string[]): Window | undefined {
  const sorted = [...dates].sort();
  const last = sorted.at(-1);
  if (sorted[0] === undefined || last === undefined) return undefined;
  return { from: sorted[0], to: nextDate(last) };
}

/** Dates that follow each other, joined to windows. */
export function windowsOver(dates: Iterable<string>): Window[] {
  const windows: Window[] = [];
  for (const date of [...new Set(dates)].sort()) {
    const last = windows.at(-1);
    if (last?.to === date) windows[windows.length - 1] = { from: last.from, to: nextDate(date) };
    else windows.push({ from: date, to: nextDate(date) });
  }
  return windows;
}

/** Every date of the window, in order. */
export function datesIn({ from, to }: Window): string[] {
  const dates: string[] = [];
  for (let date = from; date < to; date = nextDate(date)) dates.push(date);
  return dates;
}

/** ISO dates compare as text. */
export const inWindow = (date: string, window: Window): boolean => date >= window.from && date < window.to;

/** The end of a window over the last date there is stays a date: year 9999 has no next year. */
export function nextDate(date: string): string {
  if (date === '9999-12-31') throw new RepriseError('Usage', 'the window would end after 9999-12-31', HELP);
  return formatDay((parseDay(date) as number) + 1);
}
