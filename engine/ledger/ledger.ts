// The append-only record of plans, runs and decisions of a pipeline: numbered entries in the control store, each with
// the hash of the one before it, and a head that says how far the chain goes. Written with conditional create and
// conditional replace alone. After a lost race or an unknown outcome an append reads back: it may find its own entry.

import type { Author } from '../../ports/author.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import { isRepriseError, RepriseError } from '../../ports/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { canonicalJson, sha256Hex } from '../model/digest.ts';
import type { Window } from '../plan/window.ts';
import type { SchemaChange } from '../schema/compare.ts';

export type LedgerEvent =
  | { readonly kind: 'plan_made'; readonly planId: string; readonly reason: string }
  | {
      readonly kind: 'epoch_activated';
      readonly epoch: number;
      readonly transformDigest: string;
      /** Why transforms may publish again where an undo retired them. */
      readonly reason?: string;
      /** Where: without, at all dates. */
      readonly windows?: readonly Window[];
      /** Only what this undo retired. */
      readonly undo?: string;
    }
  | {
      readonly kind: 'transforms_retired';
      readonly transformDigest: string;
      /** The undo. */
      readonly runId: string;
      /** The dates that it took back; older versions retired transforms everywhere. */
      readonly windows?: readonly Window[];
    }
  | { readonly kind: 'schema_applied'; readonly columns: number; readonly changes: readonly SchemaChange[] }
  | {
      readonly kind: 'run_started';
      readonly runId: string;
      readonly planId: string;
      readonly attempt: number;
      readonly reason: string;
      /** The run that it takes back. */
      readonly undoes?: string;
    }
  | {
      readonly kind: 'lease_taken';
      readonly runId: string;
      readonly from: string;
      readonly to: string;
      readonly fence: number;
      /** The run whose lease had ended, or whose process had died. */
      readonly takenFrom: readonly string[];
    }
  | { readonly kind: 'lease_released'; readonly runId: string; readonly fence: number }
  | { readonly kind: 'approved'; readonly runId: string; readonly reason: string }
  | { readonly kind: 'rejected'; readonly runId: string; readonly reason: string }
  | { readonly kind: 'cancel_asked'; readonly runId: string; readonly reason: string }
  | { readonly kind: 'pause_asked'; readonly runId: string; readonly reason: string }
  | { readonly kind: 'group_published'; readonly runId: string; readonly group: number; readonly token: string }
  | { readonly kind: 'run_finished'; readonly runId: string; readonly state: string };

export type LedgerEntry = LedgerEvent & {
  readonly sequence: number;
  readonly at: string;
  readonly by: string;
  readonly code: string;
  /** Tells the writer that an entry is its own. */
  readonly unique: string;
  /** sha256 of the entry before, as it stands; empty for the first. */
  readonly previous: string;
};

/** What is wrong with a chain. */
export interface LedgerFault {
  readonly sequence: number;
  readonly fault: 'changed' | 'missing' | 'misplaced' | 'not_readable';
  readonly detail: string;
}

export interface LedgerDeps {
  readonly control: ObjectStore;
  readonly clock: Clock;
  readonly author: Author;
}

interface Last {
  readonly sequence: number;
  /** sha256 of the entry as it stands. */
  readonly hash: string;
}

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
  async entries(): Promise<LedgerEntry[]> {
    const { entries, faults } = await this.inspect();
    const first = faults[0];
    if (first !== undefined) {
      throw new RepriseError(
        'LedgerBroken',
        `ledger entry ${first.sequence} is ${first.fault.replace('_', ' ')}: ${first.detail}`,
        'the ledger was changed from outside: reprise ledger verify names everything; restore control/ledger from a backup',
      );
    }
    return entries;
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
      const isActive =
        active?.transformDigest === transformDigest && (allow === undefined || !isRetired(entries, transformDigest));
      epoch = (active?.epoch ?? 0) + (isActive ? 0 : 1);
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
    return { hash: sha256Hex(text), entry: parse(text) };
  }

  #head(): Promise<Last | undefined> {
    return readHead(this.#control, this.#pipeline);
  }

  #keyOf(sequence: number): string {
    return `${entryPrefix(this.#pipeline)}${String(sequence).padStart(8, '0')}.json`;
  }
}

export interface Inspection {
  readonly entries: LedgerEntry[];
  readonly faults: readonly LedgerFault[];
}

/** Reads the whole chain of a pipeline and says everything that is wrong with it. */
export async function inspectLedger(control: ObjectStore, pipeline: string): Promise<Inspection> {
  const entries: LedgerEntry[] = [];
  const faults: LedgerFault[] = [];
  const head = await readHead(control, pipeline);
  let previous: string | undefined = '';
  let sequence = 0;
  let headHash: string | undefined;
  for await (const object of control.list(entryPrefix(pipeline))) {
    const named = Number(/(\d+)\.json$/.exec(object.key)?.[1] ?? Number.NaN);
    const text = Buffer.from((await control.read(object.key)) ?? []).toString('utf8');
    sequence++;
    for (; sequence < named; sequence++) {
      faults.push({ sequence, fault: 'missing', detail: 'there is no such entry' });
      previous = undefined;
    }
    const entry = parse(text);
    if (entry === undefined) {
      faults.push({ sequence, fault: 'not_readable', detail: 'it is no JSON of an entry' });
    } else {
      if (entry.sequence !== named)
        faults.push({ sequence, fault: 'misplaced', detail: `it says it is entry ${entry.sequence}` });
      else if (previous !== undefined && entry.previous !== previous)
        faults.push({
          sequence,
          fault: 'changed',
          detail: 'it does not follow the entry before it: one of the two was changed',
        });
      entries.push(entry);
    }
    previous = sha256Hex(text);
    if (head?.sequence === named) headHash = previous;
  }
  if (head !== undefined && head.sequence > sequence) {
    faults.push({ sequence: sequence + 1, fault: 'missing', detail: `the head says that there are ${head.sequence}` });
  } else if (head !== undefined && headHash !== undefined && headHash !== head.hash) {
    faults.push({ sequence: head.sequence, fault: 'changed', detail: 'it is not the entry that the head names' });
  }
  return { entries, faults };
}

const entryPrefix = (pipeline: string): string => `ledger/${pipeline}/`;
const headKey = (pipeline: string): string => `ledger-heads/${pipeline}.json`;

async function readHead(control: ObjectStore, pipeline: string): Promise<Last | undefined> {
  const content = await control.read(headKey(pipeline));
  return content === undefined ? undefined : (parse(Buffer.from(content).toString('utf8')) as Last | undefined);
}

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

function parse(text: string): LedgerEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as LedgerEntry) : undefined;
  } catch {
    return undefined;
  }
}
