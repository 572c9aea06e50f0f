// Which process something belongs to, so that what a dead one left behind can be told from what a living one holds.
// A process id is used again; together with the time it started it is not.

import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks since boot at which it started; null where the system does not tell. */
  readonly started: string | null;
  /** Where its process id means something: a digest of host, boot and PID namespace. Null when it was not written down. */
  readonly place: string | null;
}

/** `unknown`: of another machine, another boot or another container, whose processes cannot be seen from here. */
export type Liveness = 'alive' | 'dead' | 'unknown';

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: startedOf(process.pid) ?? null, place: placeOf() };
  return own;
}

/** Dead also when its id now belongs to another process. Unknown is not dead: what it holds is left to it for a while. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  if (identity.place !== ownIdentity().place) return 'unknown';
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'dead';
  }
  if (identity.started === null) return 'alive';
  const started = startedOf(identity.pid);
  const isSame = started === undefined ? !hasProc() : started === identity.started;
  return isSame ? 'alive' : 'dead';
}

/** As a part of a file name. */
export const identityName = ({ pid, started, place }: ProcessIdentity): string =>
  `${pid}-${started ?? 'x'}${place === null ? '' : `-${place}`}`;

/** The identity that a file name begins with. */
export function identityOfName(name: string): ProcessIdentity | undefined {
  const parts = /^(\d{1,10})-(\d{1,20}|x)(?:-([0-9a-f]{12}))?(?![0-9a-z])/.exec(name);
  if (parts === null) return undefined;
  return { pid: Number(parts[1]), started: parts[2] === 'x' ? null : (parts[2] as string), place: parts[3] ?? null };
}

/** A process id says something only on the machine, in the boot and in the PID namespace that gave it. */
function placeOf(): string {
  const known = [
    hostname(),
    orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    orNothing(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(known.join('\n')).digest('hex').slice(0, 12);
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
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
