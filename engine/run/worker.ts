// Who executes a run. A record that says `running` is only what was written last: a process that died wrote nothing more.

import { LEASE_MS, type LeaseDeps, Leases } from '../ledger/leases.ts';
import type { RunAbout, RunRecord } from './run-record.ts';

export interface Worker {
  readonly by: string;
  readonly holder: string;
  /** When its lease ends unless it is renewed; undefined before it has one. */
  readonly leaseUntil: string | undefined;
}

/** What a process writes into the record of a run that it begins. */
export const aboutWorker = (deps: LeaseDeps): RunAbout => ({
  by: deps.author.by,
  holder: deps.holder,
  begunAtMs: deps.clock.nowMs(),
});

/**
 * The other process that executes the run: it holds a lease that lasts, or has just begun; and it is not known to be
 * dead. Undefined for a run that is not recorded as running, and for one that was interrupted.
 */
export async function workerOf(deps: LeaseDeps, run: RunRecord): Promise<Worker | undefined> {
  if (run.state !== 'running') return undefined;
  const nowMs = deps.clock.nowMs();
  const lease = await new Leases(deps, run.pipeline).workerOf(run.runId);
  if (lease !== undefined)
    return { by: lease.by, holder: lease.holder, leaseUntil: new Date(lease.expiresAtMs).toISOString() };
  const { by, holder, begunAtMs } = run;
  if (by === undefined || holder === undefined || begunAtMs === undefined) return undefined;
  // Before it has a lease it is believed for as long as a lease lasts.
  if (holder === deps.holder || begunAtMs + LEASE_MS <= nowMs || (await deps.isDead(holder))) return undefined;
  return { by, holder, leaseUntil: undefined };
}
