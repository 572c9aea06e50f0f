// Versions of raw objects that were worked out before, kept beside the lake, so that looking at a lake again only asks for
// each file's facts. A cache: what it lacks, or cannot be read of it, is worked out again, and what cannot be written of it
// is left.

import { createHash } from 'node:crypto';
import { type BigIntStats, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { codeOf } from '../system/file-errors.ts';
import { contentVersion, fileIdentity } from './content-version.ts';

/** A file whose ctime is younger may be written to again within the same tick: its version is not kept. */
const SETTLED_MS = 2000;
/** Versions held in memory at a time. */
const HELD_MAX = 10_000;
/** Folders of a key that one document covers: `raw/<pipeline>/dt=…`. */
const SHARD_DEPTH = 3;
const FORMAT = 2;

interface Known {
  readonly identity: string;
  readonly version: string;
}

interface Shard {
  /** By the rest of the key. */
  readonly versions: Map<string, Known>;
  /** Keys that somebody asked for. */
  readonly seen: Set<string>;
  isChanged: boolean;
}

export class VersionCache {
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #shards = new Map<string, Shard>();
  #held = 0;

  /** `folder`: where the documents are. `key`: what versions are made with. */
  constructor(folder: string, key: Uint8Array) {
    this.#folder = folder;
    this.#key = key;
  }

  /**
   * The version of the object's content; undefined when its file is gone, or cannot be read.
   * @throws what says nothing of the file: that no more files may be open
   */
  versionOf(key: string, path: string, facts: BigIntStats): string | undefined {
    const { shard, rest } = this.#shardOf(key);
    const known = shard.versions.get(rest);
    shard.seen.add(rest);
    if (known?.identity === fileIdentity(facts)) return known.version;
    const found = readVersion(path, this.#key);
    if (found?.identity !== undefined && Date.now() - Number(facts.ctimeMs) > SETTLED_MS) {
      if (known === undefined) this.#held++;
      shard.versions.set(rest, { identity: found.identity, version: found.version });
      shard.isChanged = true;
    }
    return found?.version;
  }

  /** Keeps what is new for the next command. `prefix`: all objects below it were asked for, others of it are gone. */
  save(prefix?: string): void {
    for (const [name, shard] of this.#shards) {
      if (prefix !== undefined && `${name}/`.startsWith(prefix)) {
        for (const rest of shard.versions.keys()) if (!shard.seen.has(rest)) shard.versions.delete(rest);
      }
      this.#write(name, shard);
    }
  }

  #shardOf(key: string): { shard: Shard; rest: string } {
    const folders = key.split('/');
    const depth = Math.min(SHARD_DEPTH, folders.length - 1);
    const name = folders.slice(0, depth).join('/');
    const rest = folders.slice(depth).join('/');
    let shard = this.#shards.get(name);
    if (shard === undefined) {
      if (this.#held > HELD_MAX) this.#forget();
      shard = { versions: this.#read(name), seen: new Set(), isChanged: false };
      this.#held += shard.versions.size;
      this.#shards.set(name, shard);
    }
    return { shard, rest };
  }

  #forget(): void {
    this.save();
    this.#shards.clear();
    this.#held = 0;
  }

  #path(name: string): string {
    return join(this.#folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`);
  }

  #read(name: string): Shard['versions'] {
    try {
      const document = JSON.parse(readFileSync(this.#path(name), 'utf8')) as {
        format: number;
        shard: string;
        versions: Record<string, Known>;
      };
      return new Map(document.format === FORMAT && document.shard === name ? Object.entries(document.versions) : []);
    } catch {
      return new Map();
    }
  }

  #write(name: string, shard: Shard): void {
    if (!shard.isChanged) return;
    shard.isChanged = false;
    const path = this.#path(name);
    const temporary = `${path}.${process.pid}.${threadId}`;
    try {
      // Never the folders above it: a home that was removed is not made again.
      if (!existsSync(this.#folder)) mkdirSync(this.#folder, { mode: 0o700 });
      const document = { format: FORMAT, shard: name, versions: Object.fromEntries(shard.versions) };
      writeFileSync(temporary, JSON.stringify(document), { mode: 0o600 });
      renameSync(temporary, path);
    } catch {
      try {
        rmSync(temporary, { force: true });
      } catch {
        // Left for whoever can.
      }
    }
  }
}

function readVersion(path: string, key: Uint8Array): ReturnType<typeof contentVersion> | undefined {
  try {
    return contentVersion(path, key);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EMFILE' || code === 'ENFILE') throw error;
    return undefined;
  }
}
