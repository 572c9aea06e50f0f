// Objects under keys with conditional writes: the raw lake, the stage and the control store. Modelled on S3, so that
// the file adapter and the S3 adapter can keep the same promises.

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** Changes whenever the content changes: ETag on S3; on files a digest, or size and time where writes are compared. */
  readonly version: string;
  /** What an earlier release called this content, by which its plans and coverage know it: size and time. */
  readonly formerVersion?: string;
}

/** Whether the object still has the content that was known by the version. */
export const isVersion = (object: ObjectInfo, version: string): boolean =>
  object.version === version || object.formerVersion === version;

/**
 * Whether two versions that were written down are of the same content. One of an earlier release says nothing of the
 * content but its size, so that this is all that it can be compared by.
 */
export function isSameVersion(one: string, other: string): boolean {
  if (one === other) return true;
  if (FORMER.test(one) === FORMER.test(other)) return false;
  return one.split('-')[0] === other.split('-')[0];
}

/** Bytes and nanoseconds since the epoch. */
const FORMER = /^\d+-\d{1,20}$/;

/** `absent`: only when the key is free (If-None-Match: *). `version`: only over that version (If-Match). */
export type WriteCondition =
  | { readonly if: 'absent' }
  | { readonly if: 'version'; readonly version: string }
  | { readonly if: 'always' };

/** Why something below a prefix is not an object of the store. On S3 a key may be anything, and only `refused_name` occurs. */
export type StoreSkip =
  /** A link to something that is not there. */
  | 'dangling_link'
  /** A link to a folder that holds it. */
  | 'link_loop'
  /** Bytes that are not UTF-8: no key can name them. */
  | 'name_not_utf8'
  /** A name that is not allowed in a key: with a backslash or a control character, or too long. */
  | 'refused_name'
  /** A socket, a pipe or a device. */
  | 'special_file';

/** Something that was passed over when listing: what its key would be, as far as that can be written, and why. */
export interface Skipped<Why extends string = StoreSkip> {
  readonly key: string;
  readonly why: Why;
}

/** Content that was written under its own digest. */
export interface NamedContent {
  readonly key: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export interface ObjectStore {
  /**
   * Every object whose key starts with `prefix`, ascending by key. `onSkipped` hears of whatever else is there, apart
   * from names that begin with a dot.
   */
  list(prefix: string, onSkipped?: (skipped: Skipped) => void): AsyncIterable<ObjectInfo>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Whole content of a small document; undefined when there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** The bytes `[from, from + length)` of an object, fewer where it ends before; undefined when there is none. */
  range(key: string, from: number, length: number): Promise<Uint8Array | undefined>;
  /** Atomic and durable when it returns `written`; `lost` when the condition did not hold. */
  write(key: string, content: Uint8Array, condition: WriteCondition): Promise<'written' | 'lost'>;
  /**
   * Writes content of any length, piece by piece, under the key that its sha256 (hex) names: a document that is known by
   * what it holds. Whatever is there under that key is replaced, since it is the same content, or damaged.
   */
  writeNamed(
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    keyOf: (sha256: string) => string,
  ): Promise<NamedContent>;
  /** Moves a finished local file to the key, atomically; `lost` (and the file removed) when the key was taken. */
  writeFile(key: string, localPath: string, condition: WriteCondition): Promise<'written' | 'lost'>;
  /** A local path through which engines can read the object, valid until `release`. Throws ObjectMissing. */
  fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }>;
  /** sha256 of the content in hex, read piece by piece; undefined when there is none. */
  digest(key: string): Promise<string | undefined>;
  remove(key: string): Promise<void>;
}
