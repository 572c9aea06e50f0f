// An object store that counts what it is asked, as S3 would bill it, and the bytes that were read, by kind of request and by
// key. Tests and benches hold the costs of the engine with it; what it counts does not depend on the machine.

import type { NamedContent, ObjectInfo, ObjectStore, Skipped, WriteCondition } from '../ports/object-store.ts';

/** The requests of an object store. */
export type RequestKind = Exclude<keyof ObjectStore, symbol>;

/** Which keys, and prefixes of listings: those that begin so, or those of which it is true. */
export type KeySelection = string | ((key: string) => boolean);

/** A listing is billed for each started thousand of keys. */
const KEYS_OF_A_LISTING = 1000;

interface Count {
  requests: number;
  bytesRead: number;
}

export class CountingStore implements ObjectStore {
  readonly #store: ObjectStore;
  /** By kind, and within it by key; of a listing by its prefix. */
  readonly #counts = new Map<RequestKind, Map<string, Count>>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** How many requests were made. */
  requests(selection: KeySelection = ''): number {
    return Object.values(this.requestsByKind(selection)).reduce((sum, requests) => sum + requests, 0);
  }

  /** The same by kind; kinds without requests are absent. */
  requestsByKind(selection: KeySelection = ''): Partial<Record<RequestKind, number>> {
    const found: Partial<Record<RequestKind, number>> = {};
    for (const [kind, , { requests }] of this.#countsOf(selection)) found[kind] = (found[kind] ?? 0) + requests;
    return found;
  }

  /** Bytes that were read, in part or as a whole; a fetch and a digest read the whole object. */
  bytesRead(selection: KeySelection = ''): number {
    let bytes = 0;
    for (const [, , { bytesRead }] of this.#countsOf(selection)) bytes += bytesRead;
    return bytes;
  }

  /** Begins anew. */
  reset(): void {
    this.#counts.clear();
  }

  async *list(prefix: string, onSkipped?: (skipped: Skipped) => void): AsyncGenerator<ObjectInfo, void, undefined> {
    this.#count('list', prefix);
    let keys = 0;
    for await (const info of this.#store.list(prefix, onSkipped)) {
      if (keys > 0 && keys % KEYS_OF_A_LISTING === 0) this.#count('list', prefix);
      keys++;
      yield info;
    }
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    this.#count('head', key);
    return this.#store.head(key);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    this.#count('read', key);
    const content = await this.#store.read(key);
    this.#countBytes('read', key, content?.length);
    return content;
  }

  async range(key: string, from: number, length: number): Promise<Uint8Array | undefined> {
    this.#count('range', key);
    const content = await this.#store.range(key, from, length);
    this.#countBytes('range', key, content?.length);
    return content;
  }

  write(key: string, content: Uint8Array, condition: WriteCondition): Promise<'written' | 'lost'> {
    this.#count('write', key);
    return this.#store.write(key, content, condition);
  }

  /** Counted when it succeeds: before that its key is not known. */
  async writeNamed(
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    keyOf: (sha256: string) => string,
  ): Promise<NamedContent> {
    const written = await this.#store.writeNamed(pieces, keyOf);
    this.#count('writeNamed', written.key);
    return written;
  }

  writeFile(key: string, localPath: string, condition: WriteCondition): Promise<'written' | 'lost'> {
    this.#count('writeFile', key);
    return this.#store.writeFile(key, localPath, condition);
  }

  async fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }> {
    this.#count('fetch', key);
    const fetched = await this.#store.fetch(key);
    this.#countBytes('fetch', key, (await this.#store.head(key))?.bytes);
    return fetched;
  }

  async digest(key: string): Promise<string | undefined> {
    this.#count('digest', key);
    const digest = await this.#store.digest(key);
    this.#countBytes('digest', key, (await this.#store.head(key))?.bytes);
    return digest;
  }

  remove(key: string): Promise<void> {
    this.#count('remove', key);
    return this.#store.remove(key);
  }

  #count(kind: RequestKind, key: string): void {
    this.#countOf(kind, key).requests++;
  }

  #countBytes(kind: RequestKind, key: string, bytes = 0): void {
    this.#countOf(kind, key).bytesRead += bytes;
  }

  #countOf(kind: RequestKind, key: string): Count {
    const ofKind = this.#counts.get(kind) ?? new Map<string, Count>();
    this.#counts.set(kind, ofKind);
    const count = ofKind.get(key) ?? { requests: 0, bytesRead: 0 };
    ofKind.set(key, count);
    return count;
  }

  *#countsOf(selection: KeySelection): Generator<[kind: RequestKind, key: string, count: Count], void, undefined> {
    const isSelected = typeof selection === 'string' ? (key: string) => key.startsWith(selection) : selection;
    for (const [kind, keys] of this.#counts)
      for (const [key, count] of keys) if (isSelected(key)) yield [kind, key, count];
  }
}
