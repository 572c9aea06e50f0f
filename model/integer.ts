// Reads 64-bit integers from the text of a JSON number, digit for digit. It takes no fractions, exponents or strings,
// and never goes through binary floating point.

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT64_CHARACTERS_MAX = '-9223372036854775808'.length;

const JSON_INTEGER = /^-?(?:0|[1-9][0-9]*)$/;

/**
 * Reads an integer as the event contract defines it: a JSON number without fraction or exponent.
 * @param text the exact text of a JSON number
 * @returns the integer, −2^63 to 2^63−1 (`-0` is 0), or undefined when the text is none or lies outside
 */
export function parseInt64(text: string): bigint | undefined {
  // JSON allows no leading zeros, so a longer text is out of range; digits without end are never converted.
  if (text.length > INT64_CHARACTERS_MAX || !JSON_INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}
