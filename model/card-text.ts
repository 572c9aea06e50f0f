// Card numbers in free text, masked: as people write them, split, dotted, in digits of other scripts, run together with
// what is printed beside them on the card. It never rewrites anything but the text it is given.

import { luhnValid } from './card.ts';

const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;
const DIGITS_SHOWN = 4;
/** Of a security code; all but American Express have one digit less. */
const CODE_DIGITS_MAX = 4;
/** Month and year, of two digits or four, and whatever follows. */
const EXPIRY = /^(?:0[1-9]|1[0-2])(?:20)?[2-4][0-9]([0-9]{0,4})$/;
/** Groups of a card that is cut in two or more have this many digits at least, unless all have as many. */
const PIECE_DIGITS_MIN = 4;

/** What parts the groups of a card number: blanks, dashes and invisible joiners. Any such run is taken at its word. */
const USUAL_GAP = /^[\t\p{Zs}\p{Pd}\u2212\u2043\u00AD\u200B-\u200D\u2060\uFEFF]$/u;
/** A letter ends the run; all else may part its groups, when what they make looks like a card. */
const LETTER = /^[\p{L}\p{N}]$/u;
const LINE_END = /^[\n\r\v\f\u0085\u2028\u2029]$/;
const DECIMAL_DIGIT = /^\p{Nd}$/u;
const ANY_NUMBER = /\p{N}/u;

/** A digit of a run, at a place in the text counted in characters. */
interface Digit {
  readonly place: number;
  readonly value: string;
  /** Of the group that it is in: positions in the run. */
  readonly groupFrom: number;
  groupTo: number;
  /** Characters before it, in this run, that usual gaps do not have. */
  readonly oddBefore: number;
  /** Whether a line ends between it and the digit before. */
  readonly isOnNextLine: boolean;
}

/**
 * Masks card numbers in free text: of every Luhn-valid run of 13 to 19 digits each digit but the last four becomes `*`.
 * Digits are those of any script. A run is whole groups with blanks and dashes between them. Where anything else but
 * letters parts them, or a security code or an expiry is glued to them, first digits, length and groups must be those
 * of a card too: dates, amounts and order numbers would be hit otherwise. What is glued is masked as well. Where runs
 * overlap, a digit stays only when each of them would show it: masking too much is preferred to leaking.
 * @returns the text with as many characters; the very same text when there is no such run
 */
export function maskCardNumbers(text: string): string {
  if (!ANY_NUMBER.test(text)) return text;
  const characters = [...text];
  const hidden = new Set<number>();
  for (const run of runsOf(characters)) {
    if (run.length >= CARD_DIGITS_MIN) hide(run, hidden);
  }
  return hidden.size === 0 ? text : characters.map((one, place) => (hidden.has(place) ? '*' : one)).join('');
}

/** Digits with no letter between them. */
function* runsOf(characters: readonly string[]): Generator<Digit[], void, undefined> {
  let run: Digit[] = [];
  let oddBefore = 0;
  let isOpen = false;
  let isOnNextLine = false;
  for (const [place, character] of characters.entries()) {
    const value = digitOf(character);
    if (value !== undefined) {
      const groupFrom = (isOpen ? run.at(-1)?.groupFrom : undefined) ?? run.length;
      run.push({ place, value, groupFrom, groupTo: 0, oddBefore, isOnNextLine });
      isOpen = true;
      isOnNextLine = false;
      continue;
    }
    isOpen = false;
    if (LETTER.test(character)) {
      yield grouped(run);
      run = [];
      oddBefore = 0;
      isOnNextLine = false;
    } else if (!USUAL_GAP.test(character)) {
      oddBefore++;
      isOnNextLine ||= LINE_END.test(character);
    }
  }
  yield grouped(run);
}

function grouped(run: Digit[]): Digit[] {
  for (let to = run.length, at = run.length - 1; at >= 0; at--) {
    const digit = run[at] as Digit;
    digit.groupTo = to;
    if (digit.groupFrom === at) to = at;
  }
  return run;
}

/** Adds the places that some card in the run hides. */
function hide(run: readonly Digit[], hidden: Set<number>): void {
  const values = run.map((digit) => digit.value).join('');
  for (const [from, first] of run.entries()) {
    const before = from - first.groupFrom;
    if (before > CODE_DIGITS_MAX) continue;
    for (let to = from + CARD_DIGITS_MIN; to <= Math.min(run.length, from + CARD_DIGITS_MAX); to++) {
      const last = run[to - 1] as Digit;
      const number = values.slice(from, to);
      const after = values.slice(to, last.groupTo);
      const isWhole = before === 0 && after === '';
      const isUsual = isWhole && first.oddBefore === last.oddBefore;
      const isCard =
        isUsual ||
        (isGlueOfCard(number, before, after) &&
          looksLikeCard(number, isWhole || first.groupFrom !== last.groupFrom) &&
          isCutAsCard(run, from, to));
      if (!isCard || !luhnValid(number)) continue;
      for (let at = first.groupFrom; at < last.groupTo; at++) {
        if (at < to - DIGITS_SHOWN || at >= to) hidden.add((run[at] as Digit).place);
      }
    }
  }
}

/** Whether nothing is glued to the number, or a security code before or after it, or its expiry, or both of them. */
function isGlueOfCard(number: string, before: number, after: string): boolean {
  const codeDigits = /^3[47]/.test(number) ? CODE_DIGITS_MAX : CODE_DIGITS_MAX - 1;
  if (before > 0) return before === codeDigits && after === '';
  if (after === '' || after.length === codeDigits) return true;
  const code = EXPIRY.exec(after)?.[1];
  return code !== undefined && (code === '' || code.length === codeDigits);
}

/**
 * Whether cards with these first digits have this length: the brands of the event contract, and Maestro, UnionPay, Mir,
 * RuPay. Of 19 digits only when asked for: parcel numbers and accounts have 20 to 22.
 */
function looksLikeCard(number: string, mayBeLong: boolean): boolean {
  const { length } = number;
  const [two, four] = [Number(number.slice(0, 2)), Number(number.slice(0, 4))];
  const isLong = mayBeLong && length === CARD_DIGITS_MAX;
  if (number.startsWith('4')) return length === 13 || length === 16 || isLong;
  if (two === 34 || two === 37) return length === 15;
  if ([30, 36, 38, 39].includes(two)) return length === 14 || length === 16 || isLong;
  if (two >= 51 && two <= 55) return length === 16;
  if ((four >= 2221 && four <= 2720) || (four >= 2200 && four <= 2204) || two === 81 || two === 82)
    return length === 16;
  return (two === 35 || two === 50 || (two >= 56 && two <= 69)) && (length === 16 || isLong);
}

/** Whether the groups are those of a card: equally long, the last one maybe shorter; 4-6-5 or 4-6-4; or any two pieces. */
function isCutAsCard(run: readonly Digit[], from: number, to: number): boolean {
  const groups: number[] = [];
  const unbroken: number[] = [];
  for (let at = from; at < to; ) {
    const next = Math.min((run[at] as Digit).groupTo, to);
    groups.push(next - at);
    // A line may end within a group.
    if (at > from && run[at]?.isOnNextLine) unbroken.push((unbroken.pop() ?? 0) + next - at);
    else unbroken.push(next - at);
    at = next;
  }
  return isGrouping(groups) || isGrouping(unbroken);
}

function isGrouping(groups: readonly number[]): boolean {
  const [first = 0, second = 0] = groups;
  const last = groups.at(-1) ?? 0;
  if (groups.length <= 2) return groups.every((digits) => digits >= PIECE_DIGITS_MIN);
  if (groups.length === 3 && first === 4 && second === 6) return last === 4 || last === 5;
  return last <= first && groups.slice(0, -1).every((digits) => digits === first);
}

/** `0` to `9` for a digit of any script, also a raised or circled one; undefined for any other character. */
function digitOf(character: string): string | undefined {
  if (character >= '0' && character <= '9') return character;
  return character > '\u007f' && ANY_NUMBER.test(character) ? foreignDigit(character) : undefined;
}

function foreignDigit(character: string): string | undefined {
  const plain = character.normalize('NFKD');
  if (/^[0-9]$/.test(plain)) return plain;
  if (!DECIMAL_DIGIT.test(character)) return undefined;
  // Unicode has the decimal digits of a script in a row, from zero.
  const code = character.codePointAt(0) as number;
  let zero = code;
  while (DECIMAL_DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}
