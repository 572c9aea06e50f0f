// A small file system in memory, for tests of full and read-only disks. Only root may mount one: elsewhere these tests
// are skipped, with this reason, and counted as such.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  readOnly(): void;
  unmount(): void;
}

export const WHY_SKIPPED = 'this system lets nobody mount a tmpfs: mount is refused (root may)';

/** Undefined where mounting is refused. */
export function mountSmallDisk(folder: string, name: string, megabytes: number): SmallDisk | undefined {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return {
    path,
    readOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
    unmount: () => {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
