// Values as they may be shown: restricted ones hidden, control characters visible, long ones cut.

import { visibleLine } from './visible.ts';

export const RESTRICTED = '(restricted)';
const CHARACTERS_MAX = 80;

/** One line, whatever the value holds; a terminal is never given its control characters. */
export function shownValue(value: string | null | undefined, charactersMax = CHARACTERS_MAX): string {
  if (value === undefined) return RESTRICTED;
  if (value === null) return 'null';
  const line = visibleLine(value);
  return line.length > charactersMax ? `${line.slice(0, charactersMax)}… (${value.length} characters)` : line;
}

/** A text as one argument of a POSIX shell. */
export const shellQuote = (text: string): string =>
  text.includes("'") && !/["$`\\!]/.test(text) ? `"${text}"` : `'${text.replaceAll("'", `'\\''`)}'`;

/** Without the zeros that a fixed scale ends in. */
export const shortDecimal = (text: string | null): string | null =>
  text?.includes('.') ? text.replace(/\.?0+$/, '') : text;
