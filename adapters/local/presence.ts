// Who acts on this machine, and whether the process that held something is still there.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Author } from '../../ports/author.ts';
import { packageRoot } from './duckdb/sql.ts';
import { identityName, identityOfName, isAlive, ownIdentity } from './process-identity.ts';

/** The person who runs the command, and the version of what runs. */
export const localAuthor: Author = {
  by: `${userName()}@${hostname()}`,
  code: `reprise ${(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version}`,
  unique: () => randomBytes(12).toString('hex'),
};

/** This process: `<host>/<process id>-<start>`. */
export const holderName = (): string => `${hostname()}/${identityName(ownIdentity())}`;

/** True only for a process of this machine that has ended; of another machine nothing is known. */
export async function isHolderDead(holder: string): Promise<boolean> {
  const [host, name] = holder.split('/');
  const identity = host === hostname() ? identityOfName(name ?? '') : undefined;
  return identity !== undefined && !isAlive(identity);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user id has no name on this machine.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
