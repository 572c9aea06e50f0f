// What may be known of a payment card: brand, last four digits, and free text with card numbers masked. It does not say
// which fields hold a card, and it never rewrites anything but the text it is given.

export type CardBrand = 'visa' | 'mastercard' | 'amex' | 'discover' | 'jcb' | 'diners' | 'unknown';

const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;
const DIGITS_SHOWN = 4;

/**
 * Digit groups with only blanks, dashes and invisible joiners between them: tab, every Unicode space and dash, minus
 * sign, hyphen bullet, soft hyphen, zero-width characters. A line break or any other character ends the sequence.
 */
const DIGIT_GROUPS = /[0-9]+(?:[\t\p{Zs}\p{Pd}\u2212\u2043\u00AD\u200B-\u200D\u2060\uFEFF]+[0-9]+)*/gu;
const DIGIT_GROUP = /[0-9]+/g;
const NOT_DIGITS = /[^0-9]+/g;

/** A group as [from, to), counted in the digits of its sequence. */
type Group = { readonly from: number; readonly to: number };

/**
 * The brand by the first digits of the number, ranges as in the event contract.
 * @param number bare, spaced or dashed: everything but digits is ignored; neither length nor Luhn is checked
 */
export function cardBrand(number: string): CardBrand {
  const digits = number.replace(NOT_DIGITS, '');
  const two = leading(digits, 2);
  const three = leading(digits, 3);
  const four = leading(digits, 4);
  if (digits.startsWith('4')) return 'visa';
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return 'mastercard';
  if (two === 34 || two === 37) return 'amex';
  if (two === 65 || (three >= 644 && three <= 649) || four === 6011) return 'discover';
  if (four >= 3528 && four <= 3589) return 'jcb';
  if (two === 36 || two === 38 || two === 39 || (three >= 300 && three <= 305)) return 'diners';
  return 'unknown';
}

/** The last four digits of a number that is bare, spaced or dashed; undefined when it has fewer than four. */
export function cardLast4(number: string): string | undefined {
  const digits = number.replace(NOT_DIGITS, '');
  return digits.length < DIGITS_SHOWN ? undefined : digits.slice(-DIGITS_SHOWN);
}

/** Whether a text of digits alone, at least one, ends in its Luhn check digit (ISO/IEC 7812-1, annex B). */
export function luhnValid(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, doubled = false; at >= 0; at--, doubled = !doubled) {
    const digit = digits.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    sum += doubled ? (digit < 5 ? digit * 2 : digit * 2 - 9) : digit;
  }
  return digits.length > 0 && sum % 10 === 0;
}

/**
 * Masks card numbers in free text: of every Luhn-valid run of 13 to 19 digits, whole groups that are bare or parted by
 * blanks and dashes, each digit but the last four becomes `*`. Where valid runs overlap, a digit stays only when it is
 * among the last four of each run that it belongs to: masking too much is preferred to leaking.
 * @returns the text, equally long; the very same text when there is no such run
 */
export function maskCardNumbers(text: string): string {
  return text.replace(DIGIT_GROUPS, maskSequence);
}

function maskSequence(sequence: string): string {
  if (sequence.length < CARD_DIGITS_MIN) return sequence;
  const groups: Group[] = [];
  let digits = '';
  for (const [group] of sequence.matchAll(DIGIT_GROUP)) {
    groups.push({ from: digits.length, to: digits.length + group.length });
    digits += group;
  }
  const hidden = hiddenDigits(groups, digits);
  if (hidden.size === 0) return sequence;
  let digitIndex = 0;
  return sequence.replace(/[0-9]/g, (digit) => (hidden.has(digitIndex++) ? '*' : digit));
}

/** Indexes, among the digits of a sequence, that some Luhn-valid window of whole groups hides. */
function hiddenDigits(groups: readonly Group[], digits: string): ReadonlySet<number> {
  const hidden = new Set<number>();
  for (const [first, { from }] of groups.entries()) {
    for (const { to } of groups.slice(first, first + CARD_DIGITS_MAX)) {
      if (to - from > CARD_DIGITS_MAX) break;
      if (to - from < CARD_DIGITS_MIN || !luhnValid(digits.slice(from, to))) continue;
      for (let index = from; index < to - DIGITS_SHOWN; index++) hidden.add(index);
    }
  }
  return hidden;
}

/** The number that the first `count` digits make; NaN, which is in no range, when there are fewer. */
function leading(digits: string, count: number): number {
  return digits.length < count ? Number.NaN : Number(digits.slice(0, count));
}
