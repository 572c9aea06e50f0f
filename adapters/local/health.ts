// Looks at a home folder and the machine from outside, without opening or changing anything: for doctor.

import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unlessMissing } from './file-errors.ts';
import { identityOfName, isAlive } from './process-identity.ts';

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

/** Scratch folders of processes that have ended. */
export async function staleScratch(home: string): Promise<Leftover[]> {
  const folder = join(home, 'scratch');
  const stale: Leftover[] = [];
  for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
    const owner = identityOfName(name);
    if (owner !== undefined && !isAlive(owner)) stale.push({ name, bytes: await bytesBelow(join(folder, name)) });
  }
  return stale;
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
  readonly command: string;
  readonly since: string;
  /** False: it has died, and the next command takes the warehouse over. */
  readonly alive: boolean;
}

/** Who holds the warehouse of a home; undefined when nobody does. */
export async function warehouseHolder(home: string): Promise<WarehouseHolder | undefined> {
  const content = await unlessMissing(() => readFile(join(home, 'control', 'warehouse.lock'), 'utf8'));
  if (content === undefined) return undefined;
  const unknown = { pid: 0, command: 'unknown', since: 'an unknown time', alive: false };
  try {
    const holder = JSON.parse(content) as { pid?: unknown; started?: unknown; note?: Record<string, string> };
    if (!Number.isSafeInteger(holder.pid) || (holder.pid as number) <= 0) return unknown;
    const pid = holder.pid as number;
    const started = typeof holder.started === 'string' ? holder.started : null;
    return {
      pid,
      command: String(holder.note?.command ?? unknown.command),
      since: String(holder.note?.since ?? unknown.since),
      alive: isAlive({ pid, started }),
    };
  } catch {
    return unknown;
  }
}

/** Bytes of the warehouse file; undefined when there is none yet. */
export async function warehouseBytes(home: string): Promise<number | undefined> {
  return (await unlessMissing(() => stat(join(home, 'warehouse.duckdb'))))?.size;
}
