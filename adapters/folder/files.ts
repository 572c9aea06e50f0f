// An object store over a folder. Writes go to a temporary file below `.tmp`, reach the disk, and then appear under
// their key at once; the folder `.tmp` and whatever else begins with a dot is no object. It caches nothing, so that
// any number of processes can share the folder.

import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { chmod, link, open, readdir, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { RepriseError } from '../../model/errors.ts';
import type { NamedContent, ObjectInfo, ObjectStore, Skipped, WriteCondition } from '../../ports/object-store.ts';
import { classifyFileError, codeOf, unlessMissing } from '../system/file-errors.ts';
import { isAbandoned } from '../system/heartbeat.ts';
import { makeFolder } from '../system/open-homes.ts';
import { identityName, ownIdentity } from '../system/process-identity.ts';
import { entriesOf, type Folder, type FolderEntry, isKey, refuseLinks } from './folder-entries.ts';
import { tryLock } from './lock-file.ts';
import { VersionCache } from './version-cache.ts';

const TEMPORARY = '.tmp';
const DIGEST_PIECE_BYTES = 1 << 20;
const OWNER_READS_WRITES = 0o600;
const OTHERS_READ = 0o044;
const LOCK_POLL_MS = 2;
/** Locks are held for single system calls. */
const LOCK_WAIT_MS_MAX = 30_000;
/** After so long a lock of a process that cannot be seen from here is taken over. */
const LOCK_SILENT_MS = 20_000;

let temporaryCount = 0;

export interface FileStoreOptions {
  /**
   * Gives objects the version of their content, made with the key, and keeps what it found in the folder. Otherwise a version is the size
   * and the time of the last write, which is another for every write, whatever it wrote: what compare-and-swap needs.
   */
  readonly contentVersions?: { readonly folder: string; readonly key: Uint8Array };
  /** Permissions that new folders get, and their objects as far as files have them; this user's alone when absent. */
  readonly sharedMode?: number | undefined;
}

/** The folder is made by the first write. */
export function openFileStore(root: string, options: FileStoreOptions = {}): ObjectStore {
  return new FileStore(root, options);
}

/** Removes temporary files that processes left in a store of the home which have ended, or are not heard of any more. */
export async function cleanFileStore(home: string, root: string, nowMs: number): Promise<void> {
  const folder = join(root, TEMPORARY);
  for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
    const path = join(folder, name);
    if (await isAbandoned(home, path, name, nowMs)) await rm(path, { force: true, recursive: true });
  }
}

class FileStore implements ObjectStore {
  readonly #root: string;
  readonly #versions: VersionCache | undefined;
  readonly #sharedMode: number | undefined;

  constructor(root: string, { contentVersions, sharedMode }: FileStoreOptions) {
    this.#sharedMode = sharedMode;
    this.#root = root;
    this.#versions =
      contentVersions === undefined ? undefined : new VersionCache(contentVersions.folder, contentVersions.key);
  }

  async *list(
    prefix: string,
    onSkipped: (skipped: Skipped) => void = () => {},
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    const slash = prefix.lastIndexOf('/') + 1;
    const key = prefix.slice(0, slash);
    if (key !== '') checkKey(`${key}x`);
    yield* this.#listFolder({ key, path: join(this.#root, key), through: [] }, prefix.slice(slash), onSkipped);
    this.#versions?.save(prefix);
  }

  async *#listFolder(
    folder: Folder,
    namePrefix: string,
    onSkipped: (skipped: Skipped) => void,
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    const listed = await this.#io(`listing ${folder.key}`, () =>
      unlessMissing(async () => entriesOf(folder, namePrefix).map((entry) => this.#withInfo(entry))),
    );
    for (const found of listed ?? []) {
      if (found === undefined) continue;
      if ('bytes' in found) yield found;
      else if (found.is === 'folder') yield* this.#listFolder(found.folder, '', onSkipped);
      else onSkipped({ key: found.key, why: found.why });
    }
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#io(`looking up ${key}`, async () => this.#infoOf(key, this.#path(key)));
  }

  read(key: string): Promise<Uint8Array | undefined> {
    return this.#io(`reading ${key}`, async () => {
      const content = await unlessMissing(() => readFile(this.#path(key)));
      return content === undefined ? undefined : new Uint8Array(content.buffer, content.byteOffset, content.length);
    });
  }

  range(key: string, from: number, length: number): Promise<Uint8Array | undefined> {
    return this.#io(`reading ${key}`, () =>
      unlessMissing(async () => {
        // Synchronous, as listing is.
        const file = openSync(this.#path(key), 'r');
        try {
          const buffer = new Uint8Array(length);
          let found = 0;
          for (let more = -1; found < length && more !== 0; found += more)
            more = readSync(file, buffer, found, length - found, from + found);
          const bytes = buffer.subarray(0, found);
          return bytes;
        } finally {
          closeSync(file);
        }
      }),
    );
  }

  write(key: string, content: Uint8Array, condition: WriteCondition): Promise<'written' | 'lost'> {
    return this.#io(`writing ${key}`, async () => {
      const path = this.#path(key);
      if (this.#isLost(condition, key, path)) return 'lost';
      const temporary = await this.#temporary();
      try {
        const file = await open(temporary, 'wx');
        try {
          await file.writeFile(content);
          await file.sync();
        } finally {
          await file.close();
        }
        return await this.#publish(key, temporary, condition);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  writeFile(key: string, localPath: string, condition: WriteCondition): Promise<'written' | 'lost'> {
    return this.#io(`writing ${key}`, async () => {
      this.#path(key);
      const temporary = await this.#temporary();
      try {
        await moveTo(localPath, temporary);
        const file = await open(temporary, 'r+');
        try {
          await file.sync();
        } finally {
          await file.close();
        }
        return await this.#publish(key, temporary, condition);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async writeNamed(
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    keyOf: (sha256: string) => string,
  ): Promise<NamedContent> {
    const temporary = await this.#io('writing a document', () => this.#temporary());
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const file = await this.#io('writing a document', () => open(temporary, 'wx'));
      try {
        for await (const piece of pieces) {
          hash.update(piece);
          bytes += piece.length;
          await this.#io('writing a document', () => file.writeFile(piece));
        }
        await this.#io('writing a document', () => file.sync());
      } finally {
        await file.close();
      }
      const sha256 = hash.digest('hex');
      const key = keyOf(sha256);
      await this.#io(`writing ${key}`, () => this.#publish(key, temporary, { if: 'always' }));
      return { key, bytes, sha256 };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }> {
    return this.#io(`fetching ${key}`, async () => {
      const path = this.#path(key);
      if (!isThere(path)) {
        throw new RepriseError('ObjectMissing', `${key} is not there any more`, 'plan again');
      }
      return { path, release: async () => {} };
    });
  }

  digest(key: string): Promise<string | undefined> {
    return this.#io(`reading ${key}`, () =>
      unlessMissing(async () => {
        const hash = createHash('sha256');
        await pipeline(createReadStream(this.#path(key), { highWaterMark: DIGEST_PIECE_BYTES }), hash);
        return hash.digest('hex');
      }),
    );
  }

  remove(key: string): Promise<void> {
    return this.#io(`removing ${key}`, async () => {
      const path = this.#path(key);
      if (!isThere(path)) return;
      await this.#locked(key, async () => {
        await unlessMissing(() => unlink(path));
        await unlessMissing(() => syncFolder(dirname(path)));
      });
    });
  }

  /** An object's own info; undefined when it vanished in between. */
  #withInfo(entry: FolderEntry): ObjectInfo | Exclude<FolderEntry, { is: 'object' }> | undefined {
    return entry.is === 'object' ? this.#infoOf(entry.key, entry.path) : entry;
  }

  #infoOf(key: string, path: string): ObjectInfo | undefined {
    const facts = factsOf(path);
    if (facts?.isFile() !== true) return undefined;
    const bytes = Number(facts.size);
    const written = `${facts.size}-${facts.mtimeNs}`;
    if (this.#versions === undefined) return { key, bytes, version: written };
    const version = this.#versions.versionOf(key, path, facts);
    // A file that cannot be opened is named by whoever reads it; until then its time has to do.
    return version === undefined ? { key, bytes, version: written } : { key, bytes, version, formerVersion: written };
  }

  /** Whether the condition does not hold now; only under the lock, or by a link, is that the last word. */
  #isLost(condition: WriteCondition, key: string, path: string): boolean {
    if (condition.if === 'always') return false;
    if (condition.if === 'absent') return isThere(path);
    return this.#infoOf(key, path)?.version !== condition.version;
  }

  /** Gives the finished temporary file its key. */
  async #publish(key: string, temporary: string, condition: WriteCondition): Promise<'written' | 'lost'> {
    const path = this.#path(key);
    refuseLinks(this.#root, key);
    await makeDurableFolder(dirname(path), this.#sharedMode);
    if (this.#sharedMode !== undefined) await chmod(temporary, OWNER_READS_WRITES | (this.#sharedMode & OTHERS_READ));
    if (condition.if === 'absent') {
      try {
        await link(temporary, path);
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return 'lost';
        throw error;
      }
    } else {
      const outcome = await this.#locked(key, async () => {
        if (this.#isLost(condition, key, path)) return 'lost';
        await makeDistinct(temporary, path);
        await rename(temporary, path);
        return 'written';
      });
      if (outcome === 'lost') return 'lost';
    }
    await syncFolder(dirname(path));
    return 'written';
  }

  /** One at a time for a key, across processes. */
  async #locked<T>(key: string, work: () => Promise<T>): Promise<T> {
    const folder = join(this.#root, TEMPORARY);
    await makeFolder(folder);
    const lock = join(folder, `lock-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`);
    const deadlineMs = performance.now() + LOCK_WAIT_MS_MAX;
    for (;;) {
      const attempt = await tryLock(lock, folder, {}, { silentMsMax: LOCK_SILENT_MS });
      if (attempt.taken) {
        try {
          return await work();
        } finally {
          await attempt.release();
        }
      }
      if (performance.now() > deadlineMs) {
        throw new RepriseError(
          'StoreUnavailable',
          `${key} is being written by process ${attempt.holder.pid} on ${attempt.holder.host} for more than ${LOCK_WAIT_MS_MAX / 1000} s`,
          `end process ${attempt.holder.pid} on ${attempt.holder.host}, then run this again`,
        );
      }
      await delay(LOCK_POLL_MS);
    }
  }

  async #temporary(): Promise<string> {
    const folder = join(this.#root, TEMPORARY);
    await makeFolder(folder);
    return join(folder, `${identityName(ownIdentity())}.${threadId}.${temporaryCount++}`);
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }

  async #io<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw classifyFileError(error, what);
    }
  }
}

/** Keys are relative paths of named segments; none begins with a dot, which is where temporary files are. */
function checkKey(key: string): void {
  if (isKey(key)) return;
  throw new RepriseError(
    'Usage',
    `${JSON.stringify(key)} is not an object key`,
    'use names joined by /, none of them empty, beginning with a dot, or with a backslash or a control character in it',
  );
}

/** The file's facts; undefined when nothing is there. Synchronous, as listing is. */
function factsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

const isThere = (path: string): boolean => factsOf(path)?.isFile() === true;

/** Writes within one tick of the file system's clock could have one version: each is dated after the one it replaces. */
async function makeDistinct(temporary: string, path: string): Promise<void> {
  const before = await unlessMissing(() => stat(path, { bigint: true }));
  const after = await stat(temporary, { bigint: true });
  if (before === undefined || before.mtimeNs < after.mtimeNs) return;
  const laterMs = Number(before.mtimeNs / 1_000_000n) + 2;
  await utimes(temporary, laterMs / 1000, laterMs / 1000);
}

/** Copies where the two are on different disks. */
async function moveTo(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    await pipeline(createReadStream(from), createWriteStream(to, { flags: 'wx' }));
    await unlink(from);
  }
}

/** Makes the folder and those above it, all of them safe on the disk. */
async function makeDurableFolder(folder: string, mode: number | undefined): Promise<void> {
  const first = await makeFolder(folder);
  if (first === undefined) return;
  let above = dirname(first);
  await syncFolder(above);
  for (const name of relative(above, folder).split(sep)) {
    above = join(above, name);
    if (mode !== undefined) await chmod(above, mode);
    await syncFolder(above);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
