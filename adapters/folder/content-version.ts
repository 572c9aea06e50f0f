// The version of a raw object in a folder: what its content says, not when it was written, so that a copy of a lake has
// the versions of the original and an object that was replaced within one tick has another. Does not write.

import { createHmac } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const KB = 1024;

export const CONTENT_VERSION_LIMITS = {
  /** Objects up to this size are read whole. */
  wholeBytesMax: 1024 * KB,
  /** Of a larger one: its footer, and this many samples spread over it. */
  samples: 64,
  sampleBytes: 4 * KB,
  /** Of a longer footer only the end is read. */
  footerBytesMax: 64 * 1024 * KB,
} as const;

/** Parquet ends with the footer's length (32 bits) and its magic. */
const TAIL_BYTES = 8;

/**
 * `<bytes>-<digest>`: over all of a small object; of a large one over its footer (which names every page's place and
 * size, and the statistics) and samples. `identity` is that of the file that was read; undefined when somebody wrote to it
 * meanwhile, which gives a version that the finished object will not have. Throws what the file system says.
 *
 * The digest has a key, since versions go into plans and coverage, and a plain one of a small object, or of a footer with
 * the least and the greatest body, can be searched for what is not known of a body.
 */
export function contentVersion(
  path: string,
  key: Uint8Array,
): { readonly version: string; readonly identity: string | undefined } {
  const file = openSync(path, 'r');
  try {
    const before = fstatSync(file, { bigint: true });
    const bytes = Number(before.size);
    const digest = createHmac('sha256', key).update('version of a raw object\n');
    const add = (from: number, length: number): void => {
      const buffer = Buffer.allocUnsafe(length);
      const read = length === 0 ? 0 : readSync(file, buffer, 0, length, from);
      digest.update(buffer.subarray(0, read));
    };
    const { wholeBytesMax, samples, sampleBytes } = CONTENT_VERSION_LIMITS;
    if (bytes <= wholeBytesMax) add(0, bytes);
    else {
      const step = Math.floor((bytes - sampleBytes) / (samples - 1));
      for (let sample = 0; sample < samples; sample++) add(sample * step, sampleBytes);
      const footer = footerBytes(file, bytes);
      add(bytes - footer, footer);
    }
    const identity = fileIdentity(before);
    const isWhole = fileIdentity(fstatSync(file, { bigint: true })) === identity;
    return {
      version: `${bytes}-${digest.digest('hex').slice(0, 32)}`,
      identity: isWhole ? identity : undefined,
    };
  } finally {
    closeSync(file);
  }
}

/** The footer with its length and magic; or a sample's length where the length it states cannot be a footer's. */
function footerBytes(file: number, bytes: number): number {
  const tail = Buffer.alloc(TAIL_BYTES);
  readSync(file, tail, 0, TAIL_BYTES, bytes - TAIL_BYTES);
  const { footerBytesMax, sampleBytes } = CONTENT_VERSION_LIMITS;
  if (tail.subarray(4).toString('latin1') !== 'PAR1') return sampleBytes;
  return Math.min(tail.readUInt32LE(0) + TAIL_BYTES, bytes, footerBytesMax);
}

interface FileFacts {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
  readonly dev: bigint;
}

/** The same as long as nobody wrote to the file or put another in its place: the system sets ctime, nobody else can. */
export const fileIdentity = ({ size, mtimeNs, ctimeNs, ino, dev }: FileFacts): string =>
  `${size}-${mtimeNs}-${ctimeNs}-${ino}-${dev}`;
