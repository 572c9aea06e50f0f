// Whether a value is one that its column can hold, digit for digit. What does not fit is a fault of the declaration, never
// of the data: nothing is rounded, cut or converted here. Messages name the rule and the kind of value, never the value.

import { DECIMAL_PRECISION, DECIMAL_SCALE, fitsDecimal } from './decimal.ts';
import { readJson } from './json.ts';
import type { ColumnType, Value } from './language.ts';
import { LIMITS } from './limits.ts';

const INT64_LIMIT = 2n ** 63n;

/**
 * The rule that a value breaks as the content of a column, as the end of a sentence; undefined when it fits. `value` is
 * whatever a function gave, of any type.
 */
export function faultOfValue(value: unknown, type: ColumnType): string | undefined {
  if (value === null) return undefined;
  switch (type) {
    case 'integer':
      if (typeof value !== 'bigint') return `gave ${kindOf(value)}; an integer column takes a bigint or null`;
      return value >= -INT64_LIMIT && value < INT64_LIMIT
        ? undefined
        : `gave a bigint outside −2^63 to 2^63−1, the range of an integer column`;
    case 'decimal':
      if (typeof value !== 'bigint')
        return `gave ${kindOf(value)}; a decimal column takes a bigint in units of 10^-${DECIMAL_SCALE}, or null`;
      return fitsDecimal(value)
        ? undefined
        : `gave more than ${DECIMAL_PRECISION} digits, of which ${DECIMAL_SCALE} are the fraction; a decimal column holds no more`;
    case 'boolean':
      return typeof value === 'boolean'
        ? undefined
        : `gave ${kindOf(value)}; a boolean column takes true, false or null`;
    case 'text':
    case 'json':
      if (typeof value !== 'string') return `gave ${kindOf(value)}; a ${type} column takes a string or null`;
      return isWellFormed(value) ? undefined : `gave a string with half a surrogate pair, which UTF-8 cannot hold`;
  }
}

/** As faultOfValue, for what a function made: the text of a json column also has to be JSON. */
export function faultOfComputed(value: unknown, type: ColumnType): string | undefined {
  const fault = faultOfValue(value, type);
  if (fault !== undefined || type !== 'json' || value === null) return fault;
  const read = readJson(value as Value as string, LIMITS.depthMax);
  return read.ok ? undefined : `gave a string that is not JSON (${read.fault} at character ${read.at})`;
}

/** ES2024, and in every Node.js that runs this; the types of the compiler's target do not have it yet. */
const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : `an object (${nameOf(value as object)})`;
  return `a ${typeof value}`;
}

/** Of a class, such as Date; a name is part of the code, so that it tells nothing of a delivery. */
const nameOf = (value: object): string => value.constructor?.name ?? 'without a class';
