// A lock as a file that says who holds it, taken over from a holder that has died, and from one that cannot be seen from
// here when nothing was heard of it for long enough. It does not wait.
//
// Taking over has to be safe against others who found the same dead holder. Whoever creates `<lock>.<digest>.<n>` may
// replace the very content that has this digest, after looking again. Should that one die as well, n + 1 is next: a
// file of a dead process is never removed by those who wait, so no two ever act on one n.

import { createHash } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { codeOf, unlessMissing } from '../system/file-errors.ts';
import {
  identityName,
  type Liveness,
  livenessOf,
  ownIdentity,
  type ProcessIdentity,
} from '../system/process-identity.ts';

/** What the file holds: the process, a number that makes it unique, and what the taker wants others to read. */
export interface LockHolder extends ProcessIdentity {
  /** Its host, for people. */
  readonly host: string;
  readonly unique: string;
  readonly note: Readonly<Record<string, string>>;
}

export type LockAttempt =
  | { readonly taken: true; release(): Promise<void> }
  | { readonly taken: false; readonly holder: LockHolder; readonly liveness: Liveness };

export interface LockOptions {
  /** How long nothing may be heard of a holder that cannot be seen from here before its lock is taken over. */
  readonly silentMsMax: number;
  /** When it was last heard of, by the clock of the file system; the lock's own time where that is not known. */
  lastHeardMs?(holder: LockHolder): Promise<number | undefined>;
}

let count = 0;

/**
 * Tries once.
 * @param path the lock's file; its folder must be there
 * @param temporaryFolder on the same disk; what a crash leaves in it begins with the identity of its process
 * @throws the file system's errors
 */
export async function tryLock(
  path: string,
  temporaryFolder: string,
  note: Readonly<Record<string, string>>,
  options: LockOptions,
): Promise<LockAttempt> {
  const own: LockHolder = {
    ...ownIdentity(),
    host: hostname(),
    unique: `${identityName(ownIdentity())}.${threadId}.${count++}`,
    note,
  };
  const mine = join(temporaryFolder, `${own.unique}.lock`);
  await writeFile(mine, JSON.stringify(own));
  try {
    for (;;) {
      if (await linked(mine, path)) return { taken: true, release: () => release(path, own) };
      const found = await readHolder(path);
      if (found === undefined) continue;
      const liveness = livenessOf(found.holder);
      if (!(await mayTake(path, mine, found.holder, options))) return { taken: false, holder: found.holder, liveness };
      const outcome = await takeOver(path, mine, found.content, options);
      if (outcome === 'taken') return { taken: true, release: () => release(path, own) };
      if (outcome !== 'again') return { taken: false, holder: outcome, liveness: livenessOf(outcome) };
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** `path`: the file of a lock that the holder has, `mine`: a file just written. */
async function mayTake(path: string, mine: string, holder: LockHolder, options: LockOptions): Promise<boolean> {
  const liveness = livenessOf(holder);
  if (liveness !== 'unknown') return liveness === 'dead';
  const nowMs = (await stat(mine)).mtimeMs;
  const heardMs = (await options.lastHeardMs?.(holder)) ?? (await unlessMissing(() => stat(path)))?.mtimeMs ?? nowMs;
  return nowMs - heardMs > options.silentMsMax;
}

async function takeOver(
  path: string,
  mine: string,
  content: string,
  options: LockOptions,
): Promise<'taken' | 'again' | LockHolder> {
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 16);
  for (let attempt = 1; ; attempt++) {
    const right = `${path}.${digest}.${attempt}`;
    if (!(await linked(mine, right))) {
      const other = await readHolder(right);
      if (other === undefined) return 'again';
      if (!(await mayTake(right, mine, other.holder, options))) return other.holder;
      continue;
    }
    const isSame = (await readHolder(path))?.content === content;
    // A copy is renamed, since renaming one of two names of one file does nothing.
    if (isSame) {
      const copy = `${mine}.copy`;
      await writeFile(copy, await readFile(mine));
      await rename(copy, path);
    }
    for (let done = attempt; done >= 1; done--) await rm(`${path}.${digest}.${done}`, { force: true });
    return isSame ? 'taken' : 'again';
  }
}

/** Removes the lock when it is still ours. */
async function release(path: string, own: LockHolder): Promise<void> {
  if ((await readHolder(path))?.holder.unique === own.unique) await rm(path, { force: true });
}

async function readHolder(path: string): Promise<{ holder: LockHolder; content: string } | undefined> {
  const content = await unlessMissing(() => readFile(path, 'utf8'));
  return content === undefined ? undefined : { holder: parseHolder(content), content };
}

/** A file that is none of ours, or was cut short when the disk was full, belongs to nobody. */
export function parseHolder(content: string): LockHolder {
  try {
    const { pid, started, place, host, unique, note } = JSON.parse(content) as Partial<LockHolder>;
    if (Number.isSafeInteger(pid) && (pid as number) > 0) {
      return {
        pid: pid as number,
        started: typeof started === 'string' ? started : null,
        place: typeof place === 'string' ? place : null,
        host: typeof host === 'string' ? host : 'an unknown host',
        unique: String(unique),
        note: { ...note },
      };
    }
  } catch {
    // Not JSON: falls through to the holder that is never alive.
  }
  return { pid: 2 ** 31 - 1, started: '0', place: ownIdentity().place, host: '', unique: '', note: {} };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}
