// How processes that cannot see each other, because they run on other machines or in other containers, hear of each
// other: whoever has a home open renews a file in its scratch folder. All times are those of the file system that holds
// the home, so that the clocks of the machines need not agree.

import { writeFileSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from './file-errors.ts';
import { identityName, identityOfName, livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const HEARD_EVERY_MS = 10_000;
/** A lock of an unknown process may be taken over when nothing was heard of it for so long. */
export const SILENT_LOCK_MS = 60_000;
/** What an unknown process left may be removed when nothing was heard of it for so long. */
export const SILENT_SCRATCH_MS = 600_000;

const ALIVE = 'alive';

/** Renews the sign in a scratch folder until it is stopped. A folder that is gone is not made again. */
export function beatIn(folder: string): { stop(): void } {
  const beat = (): void => {
    try {
      writeFileSync(join(folder, ALIVE), '');
    } catch {
      // Gone, or full: others then judge by the last sign.
    }
  };
  beat();
  const timer = setInterval(beat, HEARD_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** When a process was last heard of by its scratch folders in the home; undefined when it has none. */
export async function lastHeardMs(home: string, identity: ProcessIdentity): Promise<number | undefined> {
  const folder = join(home, 'scratch');
  const own = `${identityName(identity)}.`;
  let heardMs: number | undefined;
  for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
    if (!name.startsWith(own)) continue;
    const sign =
      (await unlessMissing(() => stat(join(folder, name, ALIVE)))) ??
      (await unlessMissing(() => stat(join(folder, name))));
    if (sign !== undefined) heardMs = Math.max(heardMs ?? 0, sign.mtimeMs);
  }
  return heardMs;
}

/** Now, as the file system of the folder, which is there, dates its files. */
export async function fileSystemNowMs(folder: string): Promise<number> {
  const path = join(folder, `${identityName(ownIdentity())}.now-${process.hrtime.bigint()}`);
  try {
    await writeFile(path, '');
    return (await stat(path)).mtimeMs;
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Whether a file or folder in the home, whose name begins with an identity, belongs to a process that has ended; or to
 * one that is unknown and was not heard of for `SILENT_SCRATCH_MS`.
 */
export async function isAbandoned(home: string, path: string, name: string, nowMs: number): Promise<boolean> {
  const owner = identityOfName(name);
  if (owner === undefined) return false;
  const liveness = livenessOf(owner);
  if (liveness !== 'unknown') return liveness === 'dead';
  const heardMs = (await lastHeardMs(home, owner)) ?? (await unlessMissing(() => stat(path)))?.mtimeMs ?? nowMs;
  return nowMs - heardMs > SILENT_SCRATCH_MS;
}
