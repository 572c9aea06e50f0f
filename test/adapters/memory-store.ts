// An object store in memory for tests. Contents that came as local files stay files in `folder`, and so does what is
// fetched; everything else is a Map.

import { mkdirSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../model/digest.ts';
import { RepriseError } from '../../model/errors.ts';
import type { NamedContent, ObjectInfo, ObjectStore, WriteCondition } from '../../ports/object-store.ts';
import { checked } from '../../simulator/store.ts';

interface Held {
  readonly info: ObjectInfo;
  content: Uint8Array | undefined;
  /** A local file with the content; never written again. */
  path: string | undefined;
}

export class MemoryStore implements ObjectStore {
  readonly #folder: string;
  readonly #held = new Map<string, Held>();
  #versions = 0;
  #files = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    const keys = [...this.#held.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) {
      const held = this.#held.get(key);
      if (held !== undefined) yield held.info;
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return this.#held.get(checked(key))?.info;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const held = this.#held.get(checked(key));
    if (held === undefined) return undefined;
    held.content ??= new Uint8Array(await readFile(held.path as string));
    return held.content;
  }

  async range(key: string, from: number, length: number): Promise<Uint8Array | undefined> {
    return (await this.read(key))?.subarray(from, from + length);
  }

  async writeNamed(
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    keyOf: (sha256: string) => string,
  ): Promise<NamedContent> {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    const content = new Uint8Array(Buffer.concat(all));
    const sha256 = sha256Hex(content);
    await this.write(keyOf(sha256), content, { if: 'always' });
    return { key: keyOf(sha256), bytes: content.length, sha256 };
  }

  async write(key: string, content: Uint8Array, condition: WriteCondition): Promise<'written' | 'lost'> {
    return this.#put(checked(key), content.length, condition, { content: new Uint8Array(content), path: undefined });
  }

  async writeFile(key: string, localPath: string, condition: WriteCondition): Promise<'written' | 'lost'> {
    checked(key);
    const path = this.#newPath();
    await rename(localPath, path);
    const { length } = await readFile(path);
    const outcome = this.#put(key, length, condition, { content: undefined, path });
    if (outcome === 'lost') await rm(path);
    return outcome;
  }

  async fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }> {
    const held = this.#held.get(checked(key));
    if (held === undefined) throw new RepriseError('ObjectMissing', `there is no object ${key}`, 'plan again');
    if (held.path === undefined) {
      const path = this.#newPath();
      await writeFile(path, held.content as Uint8Array);
      held.path = path;
    }
    return { path: held.path, release: async () => {} };
  }

  async digest(key: string): Promise<string | undefined> {
    if (!this.#held.has(checked(key))) return undefined;
    return sha256Hex(await readFile((await this.fetch(key)).path));
  }

  async remove(key: string): Promise<void> {
    this.#held.delete(checked(key));
  }

  #newPath(): string {
    return join(this.#folder, `object-${++this.#files}`);
  }

  #put(
    key: string,
    bytes: number,
    condition: WriteCondition,
    held: Pick<Held, 'content' | 'path'>,
  ): 'written' | 'lost' {
    const there = this.#held.get(key);
    if (condition.if === 'absent' && there !== undefined) return 'lost';
    if (condition.if === 'version' && there?.info.version !== condition.version) return 'lost';
    this.#held.set(key, { info: { key, bytes, version: `v${++this.#versions}` }, ...held });
    return 'written';
  }
}
