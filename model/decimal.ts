// Exact decimals as DECIMAL(38,18) holds them: an unscaled bigint, in units of 10^-18. Nothing is rounded and nothing
// goes through binary floating point: a value that does not fit is said not to fit. It knows no currencies.

export const DECIMAL_PRECISION = 38;
export const DECIMAL_SCALE = 18;

/** `does_not_fit`: the text is a decimal, yet DECIMAL(38,18) cannot hold it exactly. */
export type DecimalFault = 'not_decimal' | 'does_not_fit';

const UNSCALED_LIMIT = 10n ** BigInt(DECIMAL_PRECISION);
const POWERS_OF_TEN: readonly bigint[] = Array.from(
  { length: DECIMAL_PRECISION + 1 },
  (_, power) => 10n ** BigInt(power),
);
/** Exponents of so many digits are exact as a number; longer ones are beyond what any mantissa could make good. */
const EXPONENT_DIGITS_MAX = 15;

const DECIMAL_TEXT = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?$/;
const LEADING_ZERO = /^-?0[0-9]/;

/**
 * Reads a decimal string of the event contract: `-?\d+(\.\d+)?([eE][+-]?\d+)?`, so `"6E+1"` is 60.
 * @param text the decoded value of a JSON string; leading zeros are allowed
 * @returns the unscaled value in units of 10^-18, or why there is none
 */
export function parseDecimalText(text: string): bigint | DecimalFault {
  const parts = DECIMAL_TEXT.exec(text);
  if (parts === null) return 'not_decimal';
  const [, sign, whole = '', fraction = '', exponentSign, exponentDigits = ''] = parts;
  const digits = whole + fraction;
  const first = countLeadingZeros(digits);
  if (first === digits.length) return 0n;
  const end = endWithoutTrailingZeros(digits);

  const exponent = readExponent(exponentDigits);
  if (exponent === undefined) return 'does_not_fit';
  // The value is digits[first, end) times ten to `shift`, in units of 10^-18.
  const shift = DECIMAL_SCALE - fraction.length + (digits.length - end) + (exponentSign === '-' ? -exponent : exponent);
  if (shift < 0 || end - first + shift > DECIMAL_PRECISION) return 'does_not_fit';
  const unscaled = BigInt(digits.slice(first, end)) * POWERS_OF_TEN[shift]!;
  return sign === '-' ? -unscaled : unscaled;
}

/**
 * Reads a decimal from the exact text of a JSON number, which has no leading zeros.
 * @returns the unscaled value in units of 10^-18, or why there is none
 */
export function parseDecimalNumber(text: string): bigint | DecimalFault {
  return LEADING_ZERO.test(text) ? 'not_decimal' : parseDecimalText(text);
}

/**
 * Quantity times price, exact. The product may leave DECIMAL(38,18): a sum is checked with fitsDecimal when it is whole.
 * @param unscaled a decimal in units of 10^-18
 * @param integer any integer
 * @returns the product in units of 10^-18
 */
export function multiplyByInteger(unscaled: bigint, integer: bigint): bigint {
  return unscaled * integer;
}

/** Whether DECIMAL(38,18) holds the unscaled value (units of 10^-18), the sign apart. */
export function fitsDecimal(unscaled: bigint): boolean {
  return unscaled > -UNSCALED_LIMIT && unscaled < UNSCALED_LIMIT;
}

/**
 * The canonical text: plain, always 18 fraction digits, no `-0`; what DuckDB writes for a DECIMAL(38,18) cast to VARCHAR.
 * @param unscaled a decimal in units of 10^-18; one that does not fit is written in full all the same
 */
export function formatDecimal(unscaled: bigint): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(DECIMAL_SCALE + 1, '0');
  const point = digits.length - DECIMAL_SCALE;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The exponent without its sign (0 when there is none), or undefined when it is too long to matter exactly. */
function readExponent(digits: string): number | undefined {
  const first = countLeadingZeros(digits);
  return digits.length - first > EXPONENT_DIGITS_MAX ? undefined : Number(digits.slice(first));
}

function countLeadingZeros(digits: string): number {
  let at = 0;
  while (at < digits.length && digits.charCodeAt(at) === 0x30) at++;
  return at;
}

function endWithoutTrailingZeros(digits: string): number {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--;
  return end;
}
