// Which code runs: a digest of the program's own files, as they are on the disk. A commit says what was checked out, not what
// was built from it or changed since.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';

/** What a command may load, apart from pipelines, which have digests of their own. */
const PARTS = [
  'dist/adapters',
  'dist/cli',
  'dist/engine',
  'dist/lib',
  'dist/model',
  'dist/ports',
  'dist/profiles',
  'dist/tasks',
  'sql',
  'state-machines',
] as const;

/** sha256 over the names and contents of all files, in the order of their names. */
export function programDigest(root = packageRoot()): string {
  const hash = createHash('sha256');
  for (const part of PARTS) {
    if (!existsSync(join(root, part))) continue;
    const names = readdirSync(join(root, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const path of names) {
      const content = readFileSync(path);
      hash.update(`${path.slice(root.length)}\n${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex');
}
