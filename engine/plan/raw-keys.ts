// Where a pipeline's raw objects are, and what their keys tell: the date of arrival.

import { RepriseError } from '../../ports/errors.ts';

/** Prefix of a pipeline's raw objects in the lake. */
export const rawPrefix = (pipeline: string): string => `raw/${pipeline}/`;

/** Parquet files are raw objects; whatever is hidden or unfinished by the custom of Hadoop (`_`, `.`) is not. */
export const isRawKey = (key: string): boolean => key.endsWith('.parquet') && !/\/[_.]/.test(key);

/** Throws Configuration for a raw object outside the arrival partitions: when it arrived bounds what it can hold. */
export function refuseUnpartitioned(key: string): void {
  if (/^raw\/[^/]+\/dt=\d{4}-\d{2}-\d{2}\//.test(key)) return;
  throw new RepriseError(
    'Configuration',
    `raw object ${key} stands in no arrival partition`,
    'move it below dt=YYYY-MM-DD/, the date on which it arrived',
  );
}

export { arrivalDate } from '../../ports/arrival.ts';
