// Leases: which run may publish to which dates of a pipeline. One document for each pipeline, replaced conditionally,
// holds all of them, so that overlap is decided in one place. A lease gives its holder a fence, a number that only
// grows; the warehouse refuses a fence older than the last it has seen, so that a holder which lost its lease without
// knowing writes nothing. Clocks decide how long the dead are waited for, never who is right.

import { RepriseError } from '../../model/errors.ts';
import type { Author } from '../../ports/author.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Window } from '../plan/window.ts';
import { changeDocument, readVersioned, type Versioned } from './changed-document.ts';
import { derivableDocument } from './document.ts';
import { inspectLedger } from './inspect.ts';

export interface Lease extends Window {
  readonly runId: string;
  readonly fence: number;
  readonly by: string;
  /** Where the holder runs, so that others who run there can see whether it is still there. */
  readonly holder: string;
  readonly expiresAtMs: number;
  /** Tells the writer that a lease is its own. */
  readonly unique: string;
}

export interface LeaseDeps {
  readonly control: ObjectStore;
  readonly clock: Clock;
  readonly author: Author;
  /** This process, as `isDead` knows it. */
  readonly holder: string;
  /** True only for a holder that is certainly gone: it is taken over before its lease ends. */
  isDead(holder: string): Promise<boolean>;
}

interface LeaseDocument {
  /** The greatest fence ever given. */
  readonly fence: number;
  readonly leases: readonly Lease[];
}

/** How long a holder that says nothing is waited for. */
export const LEASE_MS = 60_000;
const RENEW_SHARE = 3;

export class Leases {
  readonly #deps: LeaseDeps;
  readonly #pipeline: string;
  readonly #key: string;

  constructor(deps: LeaseDeps, pipeline: string) {
    this.#deps = deps;
    this.#pipeline = pipeline;
    this.#key = `leases/${pipeline}.json`;
  }

  /** Those that stand, expired ones too. */
  async all(): Promise<readonly Lease[]> {
    return (await this.#read()).document.leases;
  }

  /** Who executes the run: another process, whose lease lasts and which is not known to be dead. */
  async workerOf(runId: string): Promise<Lease | undefined> {
    const { clock, holder, isDead } = this.#deps;
    for (const lease of await this.all()) {
      if (lease.runId !== runId || lease.holder === holder || lease.expiresAtMs <= clock.nowMs()) continue;
      if (!(await isDead(lease.holder))) return lease;
    }
    return undefined;
  }

  /** Who works at some of the dates: a lease that lasts, of a holder that is not known to be dead. */
  async holderOf(window: Window): Promise<Lease | undefined> {
    const { clock, isDead } = this.#deps;
    for (const lease of (await this.all()).filter(overlaps(window)))
      if (lease.expiresAtMs > clock.nowMs() && !(await isDead(lease.holder))) return lease;
    return undefined;
  }

  /**
   * Takes the dates for a run, from itself too: an earlier attempt loses them. The fence is greater than `fenceMin`.
   * Throws LeaseHeld while another process holds some of them.
   */
  async take(
    runId: string,
    window: Window,
    fenceMin = 0,
  ): Promise<{ readonly lease: Lease; readonly takenFrom: readonly string[] }> {
    const { author, clock, holder } = this.#deps;
    const unique = author.unique();
    const lease = await this.#change(async (document) => {
      const standing = document.leases.filter(overlaps(window));
      const own = standing.find((one) => one.unique === unique);
      if (own !== undefined) return { done: { lease: own, takenFrom: [] } };
      for (const other of standing) if (!(await this.#mayTake(other, runId))) throw held(other, clock.nowMs());
      const taken: Lease = {
        ...window,
        runId,
        fence: Math.max(document.fence, fenceMin) + 1,
        by: author.by,
        holder,
        expiresAtMs: clock.nowMs() + LEASE_MS,
        unique,
      };
      return {
        next: { fence: taken.fence, leases: [...document.leases.filter((one) => !standing.includes(one)), taken] },
        done: { lease: taken, takenFrom: standing.map((one) => one.runId) },
      };
    });
    return lease;
  }

  /** Says that the holder lives. Throws LeaseLost when another has the lease. */
  async renew(runId: string, fence: number): Promise<void> {
    const { clock } = this.#deps;
    await this.#change(async (document) => {
      const own = document.leases.find((one) => one.runId === runId && one.fence === fence);
      if (own === undefined) throw lost(runId, fence, document);
      if (own.expiresAtMs - clock.nowMs() > LEASE_MS - LEASE_MS / RENEW_SHARE) return { done: undefined };
      const renewed = { ...own, expiresAtMs: clock.nowMs() + LEASE_MS };
      return {
        next: { ...document, leases: document.leases.map((one) => (one === own ? renewed : one)) },
        done: undefined,
      };
    });
  }

  /** Gives the dates back; nothing happens when another has taken them. */
  async release(runId: string, fence: number): Promise<void> {
    await this.#change(async (document) => {
      const leases = document.leases.filter((one) => one.runId !== runId || one.fence !== fence);
      return leases.length === document.leases.length
        ? { done: undefined }
        : { next: { ...document, leases }, done: undefined };
    });
  }

  async #mayTake(other: Lease, runId: string): Promise<boolean> {
    const { clock, holder, isDead } = this.#deps;
    if (other.expiresAtMs <= clock.nowMs()) return true;
    if (other.runId === runId && other.holder === holder) return true;
    return isDead(other.holder);
  }

  #change<T>(work: (document: LeaseDocument) => Promise<{ next?: LeaseDocument; done: T }>): Promise<T> {
    return changeDocument(this.#deps.control, this.#key, () => this.#read(), work);
  }

  async #read(): Promise<Versioned<LeaseDocument>> {
    const { document: content, version } = await readVersioned(this.#deps.control, this.#key);
    const known = content && derivableDocument<LeaseDocument>(this.#key, content);
    const isWhole = typeof known?.fence === 'number' && Array.isArray(known.leases);
    return { document: isWhole ? known : await this.#derived(), version };
  }

  /**
   * Where the document is lost, the ledger has the greatest fence. Who holds what is forgotten: a holder that lives loses
   * its lease at its next beat, and the fence keeps it from writing.
   */
  async #derived(): Promise<LeaseDocument> {
    const { entries } = await inspectLedger(this.#deps.control, this.#pipeline);
    const fences = entries.map((entry) => (entry.kind === 'lease_taken' ? entry.fence : 0));
    return { fence: Math.max(0, ...fences), leases: [] };
  }
}

const overlaps =
  (window: Window) =>
  (one: Lease): boolean =>
    one.from < window.to && window.from < one.to;

const until = (lease: Lease): string => new Date(lease.expiresAtMs).toISOString();

function held(lease: Lease, nowMs: number): RepriseError {
  const seconds = Math.ceil((lease.expiresAtMs - nowMs) / 1000);
  return new RepriseError(
    'LeaseHeld',
    `run ${lease.runId} of ${lease.by} holds [${lease.from}, ${lease.to}) until ${until(lease)} (${seconds} s from now, longer while it lives)`,
    `wait until it has ended (reprise watch ${lease.runId}), or end it: reprise cancel ${lease.runId}`,
  );
}

function lost(runId: string, fence: number, document: LeaseDocument): RepriseError {
  const newer = document.leases.filter((one) => one.fence > fence).map((one) => one.runId);
  return new RepriseError(
    'LeaseLost',
    `run ${runId} no longer has its lease ${fence}${newer.length > 0 ? `: ${newer.join(', ')} took over` : ''}`,
    'see who works there: reprise status; then run again',
  );
}
