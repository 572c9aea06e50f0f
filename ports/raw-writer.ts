// Writing raw objects: deliveries in a given order as one Parquet file. Only landing and erasure write raw.

export interface RawDelivery {
  readonly receivedAtMicros: bigint;
  readonly source: string;
  /** Text, or its bytes as `bodyBytes` gives them. */
  readonly body: string | Uint8Array;
}

export interface RawWriter {
  /**
   * Writes the deliveries to a new file at `path`: columns `received_at` (timestamp in microseconds), `source` and
   * `body` (text, or binary when one of them is no valid UTF-8). The same deliveries give the same bytes.
   */
  write(path: string, deliveries: AsyncIterable<readonly RawDelivery[]>): Promise<void>;
}

const HALF_PAIR = /\p{Surrogate}/u;

/** Whether UTF-8 can hold the text: it has no half of a surrogate pair. */
export const isWellFormed = (text: string): boolean => !HALF_PAIR.test(text);

const encoder = new TextEncoder();

/**
 * A body as the bytes that raw keeps: UTF-8. Half a surrogate pair, which UTF-8 cannot hold, is written as the three
 * bytes it would have, so that whoever reads it sees that it is no valid text, instead of a text that was never sent.
 */
export function bodyBytes(body: string): Uint8Array {
  if (isWellFormed(body)) return encoder.encode(body);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const point of body) {
    const code = point.codePointAt(0) as number;
    const isHalf = code >= 0xd800 && code <= 0xdfff;
    const part = isHalf
      ? Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
      : encoder.encode(point);
    parts.push(part);
    length += part.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
