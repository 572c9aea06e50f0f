// One delivery as bytes, for scratch and for digests: received at (8 bytes), lengths of source and body (4 each), all
// little-endian, then source and body.

import { bodyBytes, isWellFormed, type RawDelivery } from '../../ports/raw-writer.ts';
import type { Delivery } from './delivery.ts';
import { LAND_LIMITS } from './limits.ts';

const HEADER_BYTES = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Where a record is put together; grows with the largest. */
let room = new Uint8Array(1024 * 1024);

/** The record is overwritten by the next call. */
export function encodeRecord({ receivedAtMicros, source, body }: Delivery): {
  readonly record: Uint8Array;
  readonly bodyBytes: number;
} {
  // A UTF-16 unit takes at most three bytes.
  const most = HEADER_BYTES + 3 * (source.length + body.length);
  if (most > room.length) room = new Uint8Array(most);
  const sourceBytes = encoder.encodeInto(source, room.subarray(HEADER_BYTES)).written;
  const bodyAt = HEADER_BYTES + sourceBytes;
  const bytes = isWellFormed(body)
    ? encoder.encodeInto(body, room.subarray(bodyAt)).written
    : put(bodyBytes(body), bodyAt);
  const view = new DataView(room.buffer);
  view.setBigInt64(0, receivedAtMicros, true);
  view.setUint32(8, sourceBytes, true);
  view.setUint32(12, bytes, true);
  return { record: room.subarray(0, bodyAt + bytes), bodyBytes: bytes };
}

function put(bytes: Uint8Array, at: number): number {
  room.set(bytes, at);
  return bytes.length;
}

/** Records cut anywhere, back as deliveries, in batches of bounded size. The pieces must stay as they are. */
export async function* decodeRecords(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly RawDelivery[], void, undefined> {
  let rest = new Uint8Array(0);
  let batch: RawDelivery[] = [];
  let batchBytes = 0;
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : appended(rest, piece);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const sourceEnd = at + HEADER_BYTES + view.getUint32(at + 8, true);
      const end = sourceEnd + view.getUint32(at + 12, true);
      if (end > bytes.length) break;
      batch.push({
        receivedAtMicros: view.getBigInt64(at, true),
        source: decoder.decode(bytes.subarray(at + HEADER_BYTES, sourceEnd)),
        body: bytes.subarray(sourceEnd, end),
      });
      batchBytes += end - at;
      at = end;
      if (batch.length === LAND_LIMITS.batchRowsMax || batchBytes >= LAND_LIMITS.batchBytesMax) {
        yield batch;
        batch = [];
        batchBytes = 0;
      }
    }
    rest = bytes.slice(at);
  }
  if (batch.length > 0) yield batch;
}

function appended(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
