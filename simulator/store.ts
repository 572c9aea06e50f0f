// Objects in memory, with the promises of ports/object-store.ts, and the local files that engines would read them
// through. Nothing is ever serialized but what the engine itself serializes.

import { sha256Hex } from '../model/digest.ts';
import { RepriseError } from '../model/errors.ts';
import type { NamedContent, ObjectInfo, ObjectStore, WriteCondition } from '../ports/object-store.ts';

/** Local files by path: whatever a simulated engine wrote there. */
export type Disk = Map<string, unknown>;

interface Held {
  readonly info: ObjectInfo;
  readonly content: unknown;
}

export class SimStore implements ObjectStore {
  readonly #name: string;
  readonly #disk: Disk;
  readonly #held = new Map<string, Held>();
  #versions = 0;

  constructor(name: string, disk: Disk) {
    this.#name = name;
    this.#disk = disk;
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    yield* this.infos(prefix);
  }

  /** What a listing shows at this moment. */
  infos(prefix: string): ObjectInfo[] {
    const infos: ObjectInfo[] = [];
    for (const [key, { info }] of this.#held) if (key.startsWith(prefix)) infos.push(info);
    return infos.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** What an object holds at this moment, for whoever watches. */
  text(key: string): string | undefined {
    const content = this.#held.get(key)?.content as Uint8Array | undefined;
    return content && Buffer.from(content).toString('utf8');
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return this.#held.get(checked(key))?.info;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.#held.get(checked(key))?.content as Uint8Array | undefined;
  }

  async range(key: string, from: number, length: number): Promise<Uint8Array | undefined> {
    const content = await this.read(key);
    return content instanceof Uint8Array ? content.subarray(from, from + length) : content;
  }

  async writeNamed(
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    keyOf: (sha256: string) => string,
  ): Promise<NamedContent> {
    const content = await joined(pieces);
    const sha256 = sha256Hex(content);
    const key = keyOf(sha256);
    this.put(key, content, content.length, { if: 'always' });
    return { key, bytes: content.length, sha256 };
  }

  async write(key: string, content: Uint8Array, condition: WriteCondition): Promise<'written' | 'lost'> {
    return this.put(key, content, content.length, condition);
  }

  async writeFile(key: string, localPath: string, condition: WriteCondition): Promise<'written' | 'lost'> {
    return this.putFile(key, this.take(localPath), condition);
  }

  /** What a local file holds, which is then not there any more. */
  take(localPath: string): unknown {
    if (!this.#disk.has(localPath)) throw new RangeError(`local file ${localPath} is missing`);
    const content = this.#disk.get(localPath);
    this.#disk.delete(localPath);
    return content;
  }

  putFile(key: string, content: unknown, condition: WriteCondition): 'written' | 'lost' {
    return this.put(key, content, content instanceof Uint8Array ? content.length : 1, condition);
  }

  /** Any content: raw objects hold rows. */
  put(key: string, content: unknown, bytes: number, condition: WriteCondition): 'written' | 'lost' {
    checked(key);
    const there = this.#held.get(key);
    if (condition.if === 'absent' && there !== undefined) return 'lost';
    if (condition.if === 'version' && there?.info.version !== condition.version) return 'lost';
    this.#held.set(key, { info: { key, bytes, version: `v${++this.#versions}` }, content });
    return 'written';
  }

  async fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }> {
    const held = this.#held.get(checked(key));
    if (held === undefined) throw new RepriseError('ObjectMissing', `there is no object ${key}`, 'plan again');
    const path = `${this.#name}:${key}@${held.info.version}`;
    this.#disk.set(path, held.content);
    return { path, release: async () => {} };
  }

  async digest(key: string): Promise<string | undefined> {
    const held = this.#held.get(checked(key));
    if (held === undefined) return undefined;
    return sha256Hex(held.content instanceof Uint8Array ? held.content : JSON.stringify(held.content));
  }

  async remove(key: string): Promise<void> {
    this.#held.delete(checked(key));
  }
}

/** Pieces as one. */
async function joined(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return new Uint8Array(Buffer.concat(all));
}

/** Keys that a folder or S3 could not hold apart are refused. */
export function checked(key: string): string {
  const odd = key.split('/').some((part) => part === '' || part.startsWith('.') || /[\p{Cc}\\]/u.test(part));
  if (!odd) return key;
  throw new RepriseError(
    'Usage',
    `${JSON.stringify(key)} is not an object key`,
    'use names with single slashes between',
  );
}
