// What may be known of a payment card: brand and last four digits. It does not say which fields hold a card.

export type CardBrand = 'visa' | 'mastercard' | 'amex' | 'discover' | 'jcb' | 'diners' | 'unknown';

const DIGITS_SHOWN = 4;

const NOT_DIGITS = /[^0-9]+/g;

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

/** The number that the first `count` digits make; NaN, which is in no range, when there are fewer. */
function leading(digits: string, count: number): number {
  return digits.length < count ? Number.NaN : Number(digits.slice(0, count));
}
