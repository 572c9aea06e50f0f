// One row of a raw object, made of the cells as whoever decoded the Parquet gives them.

import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { parseTimeText } from '../../model/time.ts';
import { unreadable } from './unreadable.ts';

/** 0001-01-01 to 9999-12-31, as event times. */
const MICROS_MIN = -62_135_596_800_000_000n;
const MICROS_MAX = 253_402_300_799_999_999n;

const EMPTY = new Uint8Array(0);

export interface RawCells {
  /** Microseconds, or a text time of the event contract. */
  readonly receivedAt: bigint | Uint8Array | null | undefined;
  readonly source: Uint8Array | null | undefined;
  readonly body: Uint8Array | null | undefined;
  /** Of a body over the limit, which is not loaded: its size and its sha256. */
  readonly long: { readonly bytes: number; readonly sha256: string } | undefined;
}

/** @throws UnreadableObject when the time is none */
export function rawRow(row: number, cells: RawCells): RawRow {
  const receivedAtMicros = microsOf(cells.receivedAt);
  if (receivedAtMicros === undefined) throw unreadable(`received_at of row ${row} is not a time`);
  const body = cells.body ?? EMPTY;
  const { long } = cells;
  return {
    row,
    receivedAtMicros,
    source: cells.source == null ? null : text(cells.source),
    body: long === undefined && isUtf8(body) ? text(body) : undefined,
    bodyBytes: long?.bytes ?? body.length,
    bodySha256: long?.sha256 ?? hash('sha256', body, 'hex'),
  };
}

/** Rows in batches of bounded bytes and number. */
export function* batches(rows: Iterable<RawRow>): Generator<RawRow[], void, undefined> {
  let batch: RawRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    batch.push(row);
    bytes += row.body === undefined ? 0 : row.bodyBytes;
    if (bytes < RAW_READ_LIMITS.batchBytesMax && batch.length < RAW_READ_LIMITS.batchRowsMax) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

export function microsOfNanos(nanos: bigint): bigint {
  return (nanos - (((nanos % 1000n) + 1000n) % 1000n)) / 1000n;
}

function microsOf(held: RawCells['receivedAt']): bigint | undefined {
  if (held == null) return undefined;
  if (typeof held !== 'bigint') return isUtf8(held) ? parseTimeText(text(held)) : undefined;
  return held >= MICROS_MIN && held <= MICROS_MAX ? held : undefined;
}

/** UTF-8 as it stands: a byte order mark is kept, bytes that are no UTF-8 become U+FFFD. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
