// The append-only record of plans, runs and decisions of a pipeline: numbered entries in the control store, each with
// the hash of the one before it, and a head that says how far the chain goes. Written with conditional create and
// conditional replace alone. After a lost race or an unknown outcome an append reads back: it may find its own entry.

import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { Author } from '../../ports/author.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Anchor } from '../../ports/warehouse.ts';
import type { Window } from '../plan/window.ts';
import { anchorOf, entryKey, headKey, type LedgerEntry, type LedgerEvent, parseEntry, readHead } from './entry.ts';
import { type Inspection, inspectLedger, readEntries } from './inspect.ts';

export interface LedgerDeps {
  readonly control: ObjectStore;
  readonly clock: Clock;
  readonly author: Author;
}

/** How far the chain goes: the last entry, with its sha256. */
type Last = Anchor;

/** How often an append whose outcome is unknown looks again before it gives up. */
const LOOKS_MAX = 5;

export interface Activation {
  readonly check?: (entries: readonly LedgerEntry[]) => void;
  /** Lifts what undos have retired: of all dates, or of some, or what one undo retired. */
  readonly allow?: { readonly reason: string; readonly windows?: readonly Window[]; readonly undo?: string };
}

export class Ledger {
  readonly #control: ObjectStore;
  readonly #clock: Clock;
  readonly #author: Author;
  readonly #pipeline: string;

  constructor(deps: LedgerDeps, pipeline: string) {
    this.#control = deps.control;
    this.#clock = deps.clock;
    this.#author = deps.author;
    this.#pipeline = pipeline;
  }

  /** Every entry, oldest first. Throws LedgerBroken when the chain is. */
  entries(): Promise<readonly LedgerEntry[]> {
    return readEntries(this.#control, this.#pipeline);
  }

  /** The last entry; undefined when there is none. */
  last(): Promise<Anchor | undefined> {
    return this.#last();
  }

  /** Says in the chain that its faults are known. The head follows, wherever it was. */
  async accept(event: Extract<LedgerEvent, { kind: 'ledger_accepted' }>): Promise<Anchor> {
    const { last } = await inspectLedger(this.#control, this.#pipeline);
    const entry = (await this.#appendTo(async () => ({ last, event }))) as LedgerEntry;
    const anchor = anchorOf(entry);
    await this.#control.write(headKey(this.#pipeline), Buffer.from(canonicalJson(anchor)), { if: 'always' });
    return anchor;
  }

  /** Reads the whole chain and says everything that is wrong with it. */
  inspect(): Promise<Inspection> {
    return inspectLedger(this.#control, this.#pipeline);
  }

  /** Appends after whatever is last; another writer that was faster is followed, not overwritten. */
  async append(event: LedgerEvent): Promise<LedgerEntry> {
    return (await this.#appendTo(async () => ({ last: await this.#last(), event }))) as LedgerEntry;
  }

  /** `look` says what is last and what follows it, undefined for nothing; asked again after a lost race. */
  async #appendTo(
    look: () => Promise<{ readonly last: Last | undefined; readonly event: LedgerEvent | undefined }>,
  ): Promise<LedgerEntry | undefined> {
    const unique = this.#author.unique();
    let looks = 0;
    for (;;) {
      const { last, event } = await look();
      if (event === undefined) return undefined;
      const entry: LedgerEntry = {
        ...event,
        sequence: (last?.sequence ?? 0) + 1,
        at: isoTime(this.#clock),
        by: this.#author.by,
        code: this.#author.code,
        unique,
        previous: last?.hash ?? '',
      };
      const text = canonicalJson(entry);
      try {
        if ((await this.#control.write(this.#keyOf(entry.sequence), Buffer.from(text), { if: 'absent' })) === 'written')
          return await this.#appended(entry, sha256Hex(text));
      } catch (error) {
        if (!isRepriseError(error) || error.retry === 'terminal' || ++looks > LOOKS_MAX) throw error;
      }
      // Lost, or nobody knows: it may be our own entry that stands there.
      const standing = await this.#read(entry.sequence);
      if (standing?.entry?.unique === unique) return this.#appended(standing.entry, standing.hash);
    }
  }

  /**
   * The epoch of the transforms: raised at each activation of another digest, also of an older one, and whenever they may
   * publish again where an undo had retired them. `check` is asked with all entries first, and may throw.
   */
  async activate(transformDigest: string, { check, allow }: Activation = {}): Promise<number> {
    let epoch = 0;
    await this.#appendTo(async () => {
      const entries = await this.entries();
      const active = entries.findLast((entry) => entry.kind === 'epoch_activated');
      check?.(entries);
      const greatest = Math.max(active?.epoch ?? 0, ...acceptedEpochs(entries));
      const isActive =
        active?.transformDigest === transformDigest &&
        active.epoch === greatest &&
        (allow === undefined || !isRetired(entries, transformDigest));
      epoch = isActive ? greatest : greatest + 1;
      const event = {
        kind: 'epoch_activated',
        epoch,
        transformDigest,
        ...allow,
      } as const;
      const end = entries.at(-1);
      const last = end && { sequence: end.sequence, hash: sha256Hex(canonicalJson(end)) };
      return { last, event: isActive ? undefined : event };
    });
    return epoch;
  }

  /** The head may lag behind: whoever dies before it is moved, or gets no answer, leaves that to the next. */
  async #appended(entry: LedgerEntry, hash: string): Promise<LedgerEntry> {
    try {
      await this.#moveHead(entry, hash);
    } catch (error) {
      if (!isRepriseError(error) || error.retry === 'terminal') throw error;
    }
    return entry;
  }

  async #moveHead(entry: LedgerEntry, hash: string): Promise<void> {
    for (let attempt = 0; attempt < LOOKS_MAX; attempt++) {
      const standing = await this.#control.head(headKey(this.#pipeline));
      const head = standing === undefined ? undefined : await this.#head();
      if (head !== undefined && head.sequence >= entry.sequence) return;
      const content = Buffer.from(canonicalJson({ sequence: entry.sequence, hash } satisfies Last));
      const written = await this.#control.write(
        headKey(this.#pipeline),
        content,
        standing === undefined ? { if: 'absent' } : { if: 'version', version: standing.version },
      );
      if (written === 'written') return;
    }
  }

  async #last(): Promise<Last | undefined> {
    const head = await this.#head();
    let found = head === undefined ? undefined : await this.#read(head.sequence);
    let sequence = found === undefined ? 0 : (head as Last).sequence;
    for (;;) {
      const next = await this.#read(sequence + 1);
      if (next === undefined) return found === undefined ? undefined : { sequence, hash: found.hash };
      found = next;
      sequence++;
    }
  }

  async #read(sequence: number): Promise<{ hash: string; entry: LedgerEntry | undefined } | undefined> {
    const content = await this.#control.read(this.#keyOf(sequence));
    if (content === undefined) return undefined;
    const text = Buffer.from(content).toString('utf8');
    return { hash: sha256Hex(text), entry: parseEntry(text) };
  }

  #head(): Promise<Last | undefined> {
    return readHead(this.#control, this.#pipeline);
  }

  #keyOf(sequence: number): string {
    return entryKey(this.#pipeline, sequence);
  }
}

/** Epochs that a warehouse knew when entries of the ledger had been lost: they are not given again. */
const acceptedEpochs = (entries: readonly LedgerEntry[]): number[] =>
  entries.flatMap((entry) => (entry.kind === 'ledger_accepted' ? [entry.epoch] : []));

/** The epochs in which the transforms were in force, oldest first. */
export const epochsOf = (entries: readonly LedgerEntry[], transformDigest: string): number[] =>
  entries.flatMap((entry) =>
    entry.kind === 'epoch_activated' && entry.transformDigest === transformDigest ? [entry.epoch] : [],
  );

/** Whether an undo has retired the transforms somewhere since all was allowed again. */
function isRetired(entries: readonly LedgerEntry[], transformDigest: string): boolean {
  const last = entries.findLast(
    (entry) =>
      (entry.kind === 'transforms_retired' ||
        (entry.kind === 'epoch_activated' &&
          entry.reason !== undefined &&
          entry.windows === undefined &&
          entry.undo === undefined)) &&
      entry.transformDigest === transformDigest,
  );
  return last?.kind === 'transforms_retired';
}
