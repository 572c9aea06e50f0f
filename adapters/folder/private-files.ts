// Who may read what this program writes: nobody but its user. Rows, stage and scratch hold what bodies say, so that no
// file may depend on the umask of whoever typed the command. It changes nothing that others wrote.

import type { Stats } from 'node:fs';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { unlessMissing } from '../system/file-errors.ts';

const OF_OTHERS = 0o077;
const WRITE_OF_OTHERS = 0o022;
const SHARED_FOLDER = 0o7777;

/** Whatever this process creates from here on, DuckDB's files included, is its user's alone. */
export function createPrivately(): void {
  // Of the whole process: a worker thread may not set it, and has what the main thread set.
  if (!isMainThread) return;
  const before = process.umask(OF_OTHERS);
  if ((before & ~OF_OTHERS) !== 0) process.umask(before | OF_OTHERS);
}

export interface Exposure {
  readonly path: string;
  /** Permission bits, and whose it is. */
  readonly mode: number;
  readonly isOurs: boolean;
}

/** What only this program writes, relative to the home. */
const OURS_ALONE = ['control', 'stage', 'scratch', 'warehouse.duckdb', 'warehouse.duckdb.wal'];

/** Takes from others what earlier releases, or a wide umask, gave them. What cannot be changed is left: doctor names it. */
export async function tightenHome(home: string): Promise<void> {
  const shared = (await sharedMode(home)) !== undefined;
  for (const name of shared ? OURS_ALONE : ['', ...OURS_ALONE]) {
    const path = join(home, name);
    const found = await unlessMissing(() => lstat(path));
    if (found === undefined || !isExposed(found) || !isOurs(found)) continue;
    await chmod(path, found.mode & ~OF_OTHERS & 0o7777).catch(() => {});
  }
}

/**
 * The permissions that the lake's owner gave to whoever else writes there; undefined when nobody else does. Folders that
 * landing makes in a shared lake get them too, so that the others can go on writing.
 */
export async function sharedMode(home: string): Promise<number | undefined> {
  for (const folder of ['lake/raw', 'lake']) {
    const found = await unlessMissing(() => lstat(join(home, folder)));
    if (found?.isDirectory() !== true) continue;
    if (!isOurs(found) || (found.mode & WRITE_OF_OTHERS) !== 0) return found.mode & SHARED_FOLDER;
  }
  return undefined;
}

/** What others may reach: of the home and what is in it, down to the folders of the lake's pipelines, and their objects. */
export async function exposures(home: string, entriesMax: number): Promise<{ found: Exposure[]; isAll: boolean }> {
  const found: Exposure[] = [];
  let looked = 0;
  const look = async (path: string): Promise<void> => {
    if (++looked > entriesMax) return;
    const facts = await unlessMissing(() => lstat(path));
    if (facts === undefined || facts.isSymbolicLink()) return;
    const isClosed = facts.isDirectory() && !isExposed(facts);
    if (isExposed(facts)) found.push({ path, mode: facts.mode & 0o777, isOurs: isOurs(facts) });
    // Nobody gets past a folder that is closed, whatever is in it.
    if (isClosed || !facts.isDirectory()) return;
    for (const name of (await unlessMissing(() => readdir(path))) ?? []) await look(join(path, name));
  };
  await look(home);
  return { found, isAll: looked <= entriesMax };
}

const isExposed = ({ mode }: Stats): boolean => (mode & OF_OTHERS) !== 0;
const isOurs = ({ uid }: Stats): boolean => process.getuid === undefined || uid === process.getuid();
