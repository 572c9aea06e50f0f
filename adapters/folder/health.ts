// Looks at a home folder and the machine from outside, without opening or changing anything: for doctor.

import { open, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unlessMissing } from '../system/file-errors.ts';
import { isAbandoned, lastHeardMs } from '../system/heartbeat.ts';
import { identityOfName, type Liveness, livenessOf } from '../system/process-identity.ts';
import { parseHolder } from './lock-file.ts';
import { whoHolds } from './warehouse-lock.ts';

export interface FreeDisk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Of the disk that holds the path, or will hold it. */
export async function freeDisk(path: string): Promise<FreeDisk> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const found = await unlessMissing(() => statfs(folder));
    if (found !== undefined || folder === dirname(folder)) {
      const { bavail = 0, blocks = 0, bsize = 0 } = found ?? {};
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    }
  }
}

export interface Leftover {
  readonly name: string;
  readonly bytes: number;
}

/** Scratch folders of processes that have ended, or are not heard of any more. */
export async function staleScratch(home: string, nowMs: number): Promise<Leftover[]> {
  return scratchOf(home, (path, name) => isAbandoned(home, path, name, nowMs));
}

/** Scratch folders of processes of other machines or containers, and when each was last heard of. */
export async function foreignScratch(home: string): Promise<readonly (Leftover & { readonly heardMs: number })[]> {
  const found = await scratchOf(home, async (_, name) => {
    const owner = identityOfName(name);
    return owner !== undefined && livenessOf(owner) === 'unknown';
  });
  const heard: (Leftover & { heardMs: number })[] = [];
  for (const one of found) {
    const owner = identityOfName(one.name);
    const heardMs = owner === undefined ? undefined : await lastHeardMs(home, owner);
    heard.push({ ...one, heardMs: heardMs ?? 0 });
  }
  return heard;
}

async function scratchOf(home: string, isMeant: (path: string, name: string) => Promise<boolean>): Promise<Leftover[]> {
  const folder = join(home, 'scratch');
  const found: Leftover[] = [];
  for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
    const path = join(folder, name);
    if (await isMeant(path, name)) found.push({ name, bytes: await bytesBelow(path) });
  }
  return found;
}

async function bytesBelow(folder: string): Promise<number> {
  const entries =
    (await unlessMissing(() => readdir(folder, { withFileTypes: true, recursive: true })))?.filter((entry) =>
      entry.isFile(),
    ) ?? [];
  let bytes = 0;
  for (const entry of entries)
    bytes += (await unlessMissing(() => stat(join(entry.parentPath, entry.name))))?.size ?? 0;
  return bytes;
}

export interface WarehouseHolder {
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  readonly since: string;
  /** `dead`: the next command takes the warehouse over. */
  readonly liveness: Liveness;
  /** For a person. */
  readonly who: string;
}

/** Who holds the warehouse of a home; undefined when nobody does. */
export async function warehouseHolder(home: string): Promise<WarehouseHolder | undefined> {
  const content = await unlessMissing(() => readFile(join(home, 'control', 'warehouse.lock'), 'utf8'));
  if (content === undefined) return undefined;
  const holder = parseHolder(content);
  const liveness = livenessOf(holder);
  const { pid, host, note } = holder;
  const who = whoHolds({ holder, liveness });
  return { pid, host, command: note.command ?? 'unknown', since: note.since ?? 'an unknown time', liveness, who };
}

const PARQUET = 'PAR1';

/** Whether the file begins and ends as Parquet does: enough to see one that was cut short, or holds something else. */
export async function isWholeParquet(path: string, bytes: number): Promise<boolean> {
  if (bytes < 3 * PARQUET.length) return false;
  const file = await open(path, 'r');
  try {
    for (const at of [0, bytes - PARQUET.length]) {
      const { buffer } = await file.read(Buffer.alloc(PARQUET.length), 0, PARQUET.length, at);
      if (buffer.toString('latin1') !== PARQUET) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}

/** Bytes of the warehouse file; undefined when there is none yet. */
export async function warehouseBytes(home: string): Promise<number | undefined> {
  return (await unlessMissing(() => stat(join(home, 'warehouse.duckdb'))))?.size;
}
