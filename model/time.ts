// Times of producers to microseconds since 1970-01-01T00:00:00Z, days to day numbers, and both back to text. Exact
// integer arithmetic on the proleptic Gregorian calendar: no Date, no clock, no time zone but a written offset.

const SECONDS_PER_DAY = 86_400;
const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_DAY = 86_400_000_000n;
const YEAR_MAX = 9999;
const DAYS_PER_ERA = 146_097;
/** Days from 0000-03-01, where the 400-year eras of the arithmetic begin, to 1970-01-01. */
const ERA_OFFSET_DAYS = 719_468;
const DAYS_OF_MONTH: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MICROS_OF_FRACTION: readonly number[] = [0, 100_000, 10_000, 1_000, 100, 10, 1];

/** The first and the last day that a time may have: 0001-01-01 and 9999-12-31. */
const DAY_MIN = dayOfDate(1, 1, 1);
const DAY_MAX = dayOfDate(YEAR_MAX, 12, 31);
const SECOND_MIN = DAY_MIN * SECONDS_PER_DAY;
const SECOND_MAX = DAY_MAX * SECONDS_PER_DAY + SECONDS_PER_DAY - 1;

const EPOCH_MILLIS = /^-?(?:0|[1-9][0-9]{0,15})$/;
const SECONDS_POINT_MICROS = /^([0-9]+)\.([0-9]{1,6})$/;

/**
 * Reads a text time of the event contract: `YYYY-MM-DD`, `T` or one space, `HH:MM:SS`, 1 to 9 fraction digits after a
 * point or neither, then `Z`, ` UTC`, `±HH:MM` or nothing (UTC).
 * @returns microseconds since the epoch in UTC, floored; undefined when the form is another, the date is no real one, or
 *   the year is outside 0001 to 9999 as written or in UTC
 */
export function parseTimeText(text: string): bigint | undefined {
  const day = dayAtStart(text);
  const separator = text.charCodeAt(10);
  if (day === undefined || (separator !== 0x54 && separator !== 0x20)) return undefined;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return undefined;

  let at = 19;
  let fractionMicros = 0;
  if (text.charCodeAt(at) === 0x2e) {
    const first = ++at;
    for (let digit = digitAt(text, at); digit >= 0; digit = digitAt(text, ++at)) {
      // Digits beyond the sixth are dropped; a fraction only ever adds, so that floors before 1970 too.
      fractionMicros += digit * (MICROS_OF_FRACTION[at - first + 1] ?? 0);
    }
    if (at === first || at - first > 9) return undefined;
  }
  const offsetMinutes = offsetMinutesAt(text, at);
  if (offsetMinutes === undefined) return undefined;
  return boundedMicros(day * SECONDS_PER_DAY + hour * 3600 + (minute - offsetMinutes) * 60 + second, fractionMicros);
}

/**
 * Reads epoch milliseconds.
 * @param text the exact text of a JSON number
 * @returns microseconds since the epoch; undefined when it is no integer (fraction, exponent) or outside years 0001 to 9999
 */
export function parseEpochMillis(text: string): bigint | undefined {
  if (!EPOCH_MILLIS.test(text)) return undefined;
  const millis = Number(text);
  const second = Math.floor(millis / 1000);
  return boundedMicros(second, (millis - second * 1000) * 1000);
}

/**
 * Reads Slack's `ts`: seconds, a point, and 1 to 6 digits that are a decimal fraction (`.5` is half a second).
 * @returns microseconds since the epoch; undefined when the form is another or the year is after 9999
 */
export function parseSecondsMicros(text: string): bigint | undefined {
  const parts = SECONDS_POINT_MICROS.exec(text);
  if (parts === null) return undefined;
  return boundedMicros(Number(parts[1]), Number(parts[2]!.padEnd(6, '0')));
}

/** The UTC date of a time, as days since 1970-01-01, floored: negative before it. */
export function dateOfMicros(micros: bigint): number {
  const day = micros / MICROS_PER_DAY;
  return Number(day * MICROS_PER_DAY > micros ? day - 1n : day);
}

/**
 * A day number as `YYYY-MM-DD`.
 * @throws RangeError when `day` is no integer or outside 0001-01-01 to 9999-12-31
 */
export function formatDay(day: number): string {
  if (!Number.isInteger(day) || day < DAY_MIN || day > DAY_MAX) {
    throw new RangeError(`day ${day} is outside ${DAY_MIN} (0001-01-01) to ${DAY_MAX} (9999-12-31)`);
  }
  // The inverse of dayOfDate, after Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
  const shifted = day + ERA_OFFSET_DAYS;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(dayOfMonth, 2)}`;
}

/** Reads `YYYY-MM-DD`: days since 1970-01-01, or undefined when it is no real date of the years 0001 to 9999. */
export function parseDay(text: string): number | undefined {
  return text.length === 10 ? dayAtStart(text) : undefined;
}

/**
 * A time as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
 * @throws RangeError when its year is outside 0001 to 9999
 */
export function formatMicros(micros: bigint): string {
  const day = dateOfMicros(micros);
  const microsOfDay = Number(micros - BigInt(day) * MICROS_PER_DAY);
  const secondOfDay = Math.floor(microsOfDay / 1_000_000);
  const hour = padded(Math.floor(secondOfDay / 3600), 2);
  const minute = padded(Math.floor(secondOfDay / 60) % 60, 2);
  const second = padded(secondOfDay % 60, 2);
  return `${formatDay(day)}T${hour}:${minute}:${second}.${padded(microsOfDay % 1_000_000, 6)}Z`;
}

function boundedMicros(second: number, micros: number): bigint | undefined {
  if (second < SECOND_MIN || second > SECOND_MAX) return undefined;
  return BigInt(second) * MICROS_PER_SECOND + BigInt(micros);
}

/** After Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil: a year begins in March. */
function dayOfDate(year: number, month: number, dayOfMonth: number): number {
  const yearFromMarch = month <= 2 ? year - 1 : year;
  const era = Math.floor(yearFromMarch / 400);
  const yearOfEra = yearFromMarch - era * 400;
  const monthFromMarch = month <= 2 ? month + 9 : month - 3;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + dayOfMonth - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - ERA_OFFSET_DAYS;
}

/** The day number of the `YYYY-MM-DD` that a text begins with, when it is a real date. */
function dayAtStart(text: string): number | undefined {
  const century = twoDigits(text, 0);
  const yearOfCentury = twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const dayOfMonth = twoDigits(text, 8);
  if (century < 0 || yearOfCentury < 0 || month < 1 || month > 12 || dayOfMonth < 1) return undefined;
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return undefined;
  const year = century * 100 + yearOfCentury;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const dayOfMonthMax = month === 2 && isLeap ? 29 : DAYS_OF_MONTH[month - 1]!;
  return year === 0 || dayOfMonth > dayOfMonthMax ? undefined : dayOfDate(year, month, dayOfMonth);
}

/** The offset that ends a text, in minutes east of UTC; undefined when the text ends otherwise. */
function offsetMinutesAt(text: string, at: number): number | undefined {
  const length = text.length - at;
  if (length === 0 || (length === 1 && text.charCodeAt(at) === 0x5a)) return 0;
  if (length === 4) return text.endsWith(' UTC') ? 0 : undefined;
  const sign = text.charCodeAt(at);
  if (length !== 6 || (sign !== 0x2b && sign !== 0x2d) || text.charCodeAt(at + 3) !== 0x3a) return undefined;
  const hour = twoDigits(text, at + 1);
  const minute = twoDigits(text, at + 4);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined;
  return sign === 0x2d ? -(hour * 60 + minute) : hour * 60 + minute;
}

/** The number that two digits at `at` make, or a negative one when they are none. */
function twoDigits(text: string, at: number): number {
  const tens = digitAt(text, at);
  const ones = digitAt(text, at + 1);
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones;
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39 ? code - 0x30 : -1;
}

function padded(number: number, width: number): string {
  return String(number).padStart(width, '0');
}
