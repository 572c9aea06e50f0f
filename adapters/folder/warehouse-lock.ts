// One process at a time owns the warehouse file: DuckDB itself would only fail, or lose what a second instance writes.

import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import { classifyFileError } from '../system/file-errors.ts';
import { lastHeardMs, SILENT_LOCK_MS } from '../system/heartbeat.ts';
import { makeFolder } from '../system/open-homes.ts';
import { identityName, identityOfName, livenessOf, ownIdentity } from '../system/process-identity.ts';
import { type LockAttempt, type LockHolder, tryLock } from './lock-file.ts';

const POLL_MS = 50;
/** How long whoever gives the warehouse back stays away from it while others wait. */
const TURN_MS = 4 * POLL_MS;

export interface AcquireWarehouseOptions {
  /** The home folder. */
  readonly home: string;
  /** What this process does, for whoever waits for it. */
  readonly command: string;
  readonly waitMs: number;
  readonly clock: Clock;
  /** Called once, with a sentence that says who is waited for, when it is held. */
  readonly onWait: (sentence: string) => void;
}

export interface HeldWarehouse {
  release(): Promise<void>;
}

/** When this process may take the warehouse again, having given it back to others who waited. */
let awayUntilMs = 0;

/**
 * Takes the warehouse, also from a process that has died.
 * @throws WarehouseHeld when another process still holds it after `waitMs`
 */
export async function acquireWarehouse(options: AcquireWarehouseOptions): Promise<HeldWarehouse> {
  const { clock, command, waitMs } = options;
  const folder = join(options.home, 'control');
  const deadlineMs = clock.nowMs() + waitMs;
  const waiting = join(folder, '.tmp', `${identityName(ownIdentity())}${WAITING}`);
  let announced = false;
  try {
    await makeFolder(join(folder, '.tmp'));
    if (awayUntilMs > clock.nowMs()) await clock.sleep(awayUntilMs - clock.nowMs());
    for (;;) {
      const note = { command, since: isoTime(clock) };
      const attempt = await tryLock(join(folder, LOCK), join(folder, '.tmp'), note, {
        silentMsMax: SILENT_LOCK_MS,
        lastHeardMs: (holder) => lastHeardMs(options.home, holder),
      });
      if (attempt.taken) {
        const release = async (): Promise<void> => {
          await attempt.release();
          if (await othersWait(folder)) awayUntilMs = clock.nowMs() + TURN_MS;
        };
        return { release };
      }
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs <= 0) throw held(attempt, waitMs, join(folder, LOCK));
      if (!announced) await writeFile(waiting, '');
      if (!announced) options.onWait(`waiting for the warehouse: ${whoHolds(attempt)}`);
      announced = true;
      await clock.sleep(Math.min(POLL_MS, leftMs));
    }
  } catch (error) {
    throw classifyFileError(error, 'taking the warehouse lock');
  } finally {
    if (announced) await rm(waiting, { force: true });
  }
}

const LOCK = 'warehouse.lock';
const WAITING = '.waiting';

/** Whether another process that lives waits for the warehouse. */
async function othersWait(folder: string): Promise<boolean> {
  const own = identityName(ownIdentity());
  return (await readdir(join(folder, '.tmp'))).some((name) => {
    const identity = name.endsWith(WAITING) ? identityOfName(name) : undefined;
    return identity !== undefined && identityName(identity) !== own && livenessOf(identity) === 'alive';
  });
}

type Refused = Extract<LockAttempt, { taken: false }>;

function held(attempt: Refused, waitMs: number, path: string): RepriseError {
  const { holder, liveness } = attempt;
  return new RepriseError(
    'WarehouseHeld',
    `the warehouse is in use: ${whoHolds(attempt)}; waited ${waitMs / 1000} s`,
    liveness === 'unknown'
      ? `wait: it is taken over when nothing was heard of that process for ${SILENT_LOCK_MS / 1000} s; when you know that it has ended: rm ${path}`
      : `wait until it has ended, or end process ${holder.pid}, then run this again`,
  );
}

/** For a person: the process, what it does and since when, and whether it can be seen from here. */
export function whoHolds({ holder, liveness }: { readonly holder: LockHolder; readonly liveness: string }): string {
  const { pid, host, note } = holder;
  const where = liveness === 'unknown' ? ` on ${host}, another machine, boot or container,` : '';
  const unseen = liveness === 'unknown' ? '; whether it still lives cannot be seen from here' : '';
  return `process ${pid}${where} runs \`${note.command ?? 'reprise'}\` since ${note.since ?? 'an unknown time'}${unseen}`;
}
