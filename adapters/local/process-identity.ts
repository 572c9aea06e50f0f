// Which process something belongs to, so that what a dead one left behind can be told from what a living one holds.
// A process id is used again; together with the time it started it is not.

import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks since boot at which it started; null where the system does not tell. */
  readonly started: string | null;
}

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: startedOf(process.pid) ?? null };
  return own;
}

/** False when the process has ended, or when its id now belongs to another one. */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (identity.started === null) return true;
  const started = startedOf(identity.pid);
  return started === undefined ? !hasProc() : started === identity.started;
}

/** As a part of a file name. */
export const identityName = ({ pid, started }: ProcessIdentity): string => `${pid}-${started ?? 'x'}`;

/** The identity that a file name begins with. */
export function identityOfName(name: string): ProcessIdentity | undefined {
  const parts = /^(\d{1,10})-(\d{1,20}|x)(?![0-9a-z])/.exec(name);
  if (parts === null) return undefined;
  return { pid: Number(parts[1]), started: parts[2] === 'x' ? null : (parts[2] as string) };
}

/** Undefined when there is no such process, when it has ended and only waits for its parent, or without /proc. */
function startedOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; what follows the last one are the state and numbers.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function hasProc(): boolean {
  return startedOf(process.pid) !== undefined;
}
