// LZ4 as Hadoop frames it (old Spark's `lz4`, Parquet's deprecated codec LZ4), decompressed without trusting it: every
// copy is held against the bytes that are there, and what comes out is as long as was said or is refused.
// Sources: the LZ4 block format; Hadoop's BlockDecompressorStream; Parquet's Compression.md on LZ4.

/** The bytes are no LZ4, or not of the length that was said. */
export class Lz4Fault extends Error {}

/** A page of the deprecated codec: Hadoop's frames, or as some writers have it, one block without any. */
export function decompressHadoopLz4(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  if (!framesInto(input, output) && blockInto(input, output, 0) !== length)
    throw new Lz4Fault('not of the length said');
  return output;
}

/**
 * Frames, each `decompressed length, (compressed length, block)…`, lengths as four bytes, the highest first. False when
 * the bytes are no frames.
 */
function framesInto(input: Uint8Array, output: Uint8Array): boolean {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let from = 0;
  let to = 0;
  while (from < input.length) {
    if (from + 4 > input.length) return false;
    const frameEnd = to + view.getUint32(from);
    if (frameEnd > output.length) return false;
    from += 4;
    while (to < frameEnd) {
      if (from + 4 > input.length) return false;
      const size = view.getUint32(from);
      from += 4;
      if (size === 0 || from + size > input.length) return false;
      const written = blockInto(input.subarray(from, from + size), output.subarray(0, frameEnd), to);
      if (written === undefined) return false;
      from += size;
      to += written;
    }
  }
  return to === output.length;
}

/** Decompresses one block to `output` from `start` on, and gives how many bytes that were; undefined for no block. */
function blockInto(input: Uint8Array, output: Uint8Array, start: number): number | undefined {
  let from = 0;
  let to = start;
  const more = (base: number): number | undefined => {
    let length = base;
    for (let byte = 255; base === 15 && byte === 255; length += byte) {
      byte = input[from++] ?? Number.NaN;
      if (Number.isNaN(byte)) return undefined;
    }
    return length;
  };
  while (from < input.length) {
    const token = input[from++] as number;
    const literals = more(token >> 4);
    if (literals === undefined || from + literals > input.length || to + literals > output.length) return undefined;
    output.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence has no match.
    if (from === input.length) return to - start;
    const distance = (input[from] as number) | ((input[from + 1] ?? 0) << 8);
    from += 2;
    const extra = more(token & 15);
    if (extra === undefined || distance === 0 || distance > to - start || to + extra + 4 > output.length)
      return undefined;
    // Byte by byte: a match may reach into what it writes itself.
    for (const end = to + extra + 4; to < end; to++) output[to] = output[to - distance] as number;
  }
  return undefined;
}
