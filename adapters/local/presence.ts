// Who acts on this machine and with which code, and whether the process that held something is still there.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Author } from '../../ports/author.ts';
import { packageRoot } from './duckdb/sql.ts';
import { identityName, identityOfName, livenessOf, ownIdentity } from './process-identity.ts';

/** The person who runs the command; the version of what runs, and the commit that is checked out. */
export const localAuthor: Author = {
  by: `${userName()}@${hostname()}`,
  code: [`reprise ${packageVersion()}`, checkedOutCommit()?.slice(0, 12) ?? ''].join(' ').trim(),
  unique: () => randomBytes(12).toString('hex'),
};

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

/** Undefined where the package is no checkout. Source: gitrepository-layout(5). */
function checkedOutCommit(): string | undefined {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(packageRoot(), '.git', name), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const head = read('HEAD');
  const ref = head?.startsWith('ref: ') === true ? head.slice('ref: '.length) : undefined;
  if (ref === undefined) return head;
  const packed = read('packed-refs')
    ?.split('\n')
    .find((line) => line.endsWith(` ${ref}`));
  return read(ref) ?? packed?.split(' ')[0];
}
