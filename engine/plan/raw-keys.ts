// Where a pipeline's raw objects are, and what their keys tell: the date of arrival.

import { parseDay } from '../../model/time.ts';
import type { Skipped, StoreSkip } from '../../ports/object-store.ts';

/** Prefix of a pipeline's raw objects in the lake. */
export const rawPrefix = (pipeline: string): string => `raw/${pipeline}/`;

/** Why something below a pipeline's prefix is not read. */
export type RawSkip =
  | StoreSkip
  /** Hidden or unfinished by the custom of Hadoop and others: a name that begins with `_` or `.`. */
  | 'hidden'
  /** A Delta table's log. What it has removed is still there as Parquet, and is read. */
  | 'delta_log'
  | 'not_parquet'
  /** Parquet that no `dt=YYYY-MM-DD/` holds: when it arrived bounds what it can hold. */
  | 'outside_partitions'
  | 'impossible_date';

export type SkippedRaw = Skipped<RawSkip>;

/** Whether the skipped entry may well be deliveries that somebody takes for read. */
export const mayBeDeliveries = ({ why }: SkippedRaw): boolean => why !== 'hidden' && why !== 'not_parquet';

const PARQUET_NAME = /\.(?:parquet|parq)$/i;
const PARTITION = /^raw\/[^/]+\/dt=(\d{4}-\d{2}-\d{2})\//;
const HIDDEN = /^(raw\/[^/]+\/(?:.*?\/)?([_.][^/]*))(?:\/|$)/;

/** What a key says of its object: that it is raw, that its first bytes have to tell, or why it is skipped. */
export function rawByKey(key: string): 'raw' | 'by content' | SkippedRaw {
  const [, hidden, name] = HIDDEN.exec(key) ?? [];
  if (hidden !== undefined) return { key: hidden, why: name === '_delta_log' ? 'delta_log' : 'hidden' };
  const isNamed = PARQUET_NAME.test(key);
  if (!isNamed && /\.[^/]*$/.test(key)) return { key, why: 'not_parquet' };
  const date = PARTITION.exec(key)?.[1];
  if (date !== undefined && parseDay(date) === undefined) return { key, why: 'impossible_date' };
  if (!isNamed) return 'by content';
  return date === undefined ? { key, why: 'outside_partitions' } : 'raw';
}

/** What begins as a Parquet file does, of an object whose name does not say what it is. */
export function rawByContent(key: string, start: Uint8Array | undefined): 'raw' | SkippedRaw {
  const isParquet = MAGIC.every((byte, place) => start?.[place] === byte);
  if (!isParquet) return { key, why: 'not_parquet' };
  return PARTITION.test(key) ? 'raw' : { key, why: 'outside_partitions' };
}

/** `PAR1` */
const MAGIC = [0x50, 0x41, 0x52, 0x31];
export const MAGIC_BYTES = MAGIC.length;

export { arrivalDate } from '../../ports/arrival.ts';
