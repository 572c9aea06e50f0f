// Folders outside the home. Scratch for a home that may only be read: rows must not lie on a disk outside the home, so it
// lies in memory, and ends with the process, however that ends. What has no home and holds nobody's rows (code to be
// loaded, the demo's made-up events) lies among the system's temporary files. Leftovers of both go with the next command.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import { unlessMissing } from './file-errors.ts';
import { identityName, identityOfName, livenessOf, ownIdentity } from './process-identity.ts';

/** Kept in memory by Linux. Source: shm_overview(7). */
const MEMORY = '/dev/shm';
const OURS = 'reprise-';

/** A folder that only this user may enter. Throws HomeReadOnly where the system has no such place. */
export async function openMemoryScratch(home: string): Promise<{ readonly folder: string; close(): Promise<void> }> {
  if (!existsSync(MEMORY)) {
    throw new RepriseError(
      'HomeReadOnly',
      `the home ${home} cannot be written, and this system has no ${MEMORY} for what is kept while reading it`,
      'make the home writable, or copy it',
    );
  }
  await removeAbandoned();
  const folder = join(MEMORY, `${OURS}${identityName(ownIdentity())}.${randomUUID()}`);
  // There before the folder is. Its input ends when this process does, also by SIGKILL.
  const remover = spawn('sh', ['-c', 'cat > /dev/null; rm -rf -- "$1"', 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without one the next command removes what is left.
  remover.on('error', () => {});
  remover.unref();
  (remover.stdin as unknown as { unref?(): void }).unref?.();
  await mkdir(folder, { mode: 0o700 });
  return { folder, close: () => rm(folder, { recursive: true, force: true }) };
}

/** Removes what processes left there that have ended, whatever their home was. */
export async function removeAbandoned(): Promise<void> {
  for (const folder of new Set([MEMORY, tmpdir()])) {
    for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
      const owner = name.startsWith(OURS) ? identityOfName(name.slice(OURS.length)) : undefined;
      if (owner === undefined || livenessOf(owner) !== 'dead') continue;
      // Another user's cannot be removed: that user's next command does.
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** A new folder among the system's temporary files, of this process; the caller removes it. */
export async function openTemporaryFolder(what: string): Promise<string> {
  await removeAbandoned();
  return mkdtemp(join(tmpdir(), `${OURS}${identityName(ownIdentity())}.${what}-`));
}
