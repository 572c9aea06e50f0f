// Who acts on this machine and with which code, and whether the process that held something is still there.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import type { Author } from '../../ports/author.ts';
import { identityName, identityOfName, livenessOf, ownIdentity } from './process-identity.ts';
import { programDigest } from './program-digest.ts';

const GIT_MS_MAX = 5_000;

/** The person who runs the command; the version of what runs, the commit, and the digest of the files themselves. */
export const localAuthor: Author = {
  by: `${userName()}@${hostname()}`,
  get code() {
    code ??= [`reprise ${packageVersion()}`, checkedOutCommit() ?? '', `files ${programDigest().slice(0, 16)}`]
      .filter((part) => part !== '')
      .join(' ');
    return code;
  },
  unique: () => randomBytes(12).toString('hex'),
};

/** Found out once, by whoever writes the first entry. */
let code: string | undefined;

/** This process: `<host>/<process id>-<start>-<place>`. */
export const holderName = (): string => `${hostname()}/${identityName(ownIdentity())}`;

/** True only for a process that has ended and ran where this one runs; of other machines and containers nothing is known. */
export async function isHolderDead(holder: string): Promise<boolean> {
  const identity = identityOfName(holder.slice(holder.indexOf('/') + 1));
  return identity !== undefined && livenessOf(identity) === 'dead';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user id has no name on this machine.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * Undefined where the package is not a checkout. `-dirty` when files that are checked in were changed since.
 * Source: git-describe(1).
 */
function checkedOutCommit(): string | undefined {
  if (!existsSync(join(packageRoot(), '.git'))) return undefined;
  try {
    const described = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
    return execFileSync('git', ['-C', packageRoot(), ...described], {
      encoding: 'utf8',
      timeout: GIT_MS_MAX,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // Without git the digest of the files says which code it is.
    return undefined;
  }
}
