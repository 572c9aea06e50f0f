// Windows: half-open ranges of UTC event dates.

import { RepriseError } from '../../model/errors.ts';
import { formatDay, parseDay } from '../../model/time.ts';

/** `[from, to)` as YYYY-MM-DD. */
export interface Window {
  readonly from: string;
  readonly to: string;
}

/**
 * The end of a window that holds 9999-12-31, which no date follows. It sorts behind every date, as text and, since it is
 * a date of DuckDB's, in statements.
 */
const AFTER_LAST_DATE = 'infinity';
const LAST_DATE = '9999-12-31';
/** What else people may call it. */
const YEAR_10000 = '10000-01-01';

export const WINDOW_HELP =
  'a window is half-open, [from, to) in UTC event dates: --from 2026-06-01 --to 2026-06-03 means 1 and 2 June; --to infinity includes 9999-12-31';

/** Checks what a person typed. Throws Usage when it is not a window, empty or reversed. */
export function parseWindow(from: string, typedTo: string): Window {
  const to = parseEnd(typedTo);
  if (parseDay(from) === undefined)
    throw new RepriseError('Usage', `--from ${from} is not a date YYYY-MM-DD`, WINDOW_HELP);
  if (to === undefined) throw new RepriseError('Usage', `--to ${typedTo} is not a date YYYY-MM-DD`, WINDOW_HELP);
  if (from === to) throw new RepriseError('Usage', `the window [${from}, ${to}) is empty`, WINDOW_HELP);
  if (from > to) throw new RepriseError('Usage', `the window [${from}, ${to}) is reversed`, WINDOW_HELP);
  return { from, to };
}

/** The excluded end of a range of dates as a person types it; undefined when it is not one. */
export function parseEnd(text: string): string | undefined {
  if (text === AFTER_LAST_DATE || text === YEAR_10000) return AFTER_LAST_DATE;
  return parseDay(text) === undefined ? undefined : text;
}

/** The day on which a window ends, excluded. */
export const endDay = (window: Window): number =>
  window.to === AFTER_LAST_DATE ? (parseDay(LAST_DATE) as number) + 1 : (parseDay(window.to) as number);

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

/** ISO dates compare as text, and the end of all dates behind them. */
export const inWindow = (date: string, window: Window): boolean => date >= window.from && date < window.to;

/** The end of a window whose last date it is. */
export const nextDate = (date: string): string =>
  date === LAST_DATE ? AFTER_LAST_DATE : formatDay((parseDay(date) as number) + 1);
