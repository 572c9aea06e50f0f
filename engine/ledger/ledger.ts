// The append-only record of plans, runs and decisions of a pipeline: numbered entries in the control store, each with
// the hash of the one before it.

import { type Clock, isoTime } from '../../ports/clock.ts';
import { RepriseError } from '../../ports/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { canonicalJson, sha256Hex } from '../model/digest.ts';

export type LedgerEvent =
  | { readonly kind: 'plan_made'; readonly planId: string; readonly reason: string }
  | { readonly kind: 'epoch_activated'; readonly epoch: number; readonly transformDigest: string }
  | { readonly kind: 'run_started'; readonly runId: string; readonly planId: string; readonly attempt: number }
  | { readonly kind: 'group_published'; readonly runId: string; readonly group: number; readonly token: string }
  | { readonly kind: 'run_finished'; readonly runId: string; readonly state: string };

export type LedgerEntry = LedgerEvent & {
  readonly sequence: number;
  readonly at: string;
  /** sha256 of the entry before, as it stands; empty for the first. */
  readonly previous: string;
};

export class Ledger {
  readonly #control: ObjectStore;
  readonly #clock: Clock;
  readonly #prefix: string;

  constructor(control: ObjectStore, clock: Clock, pipeline: string) {
    this.#control = control;
    this.#clock = clock;
    this.#prefix = `ledger/${pipeline}/`;
  }

  /** Every entry, oldest first. Throws Internal when the chain is broken. */
  async entries(): Promise<LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    let previous = '';
    for await (const object of this.#control.list(this.#prefix)) {
      const text = Buffer.from((await this.#control.read(object.key)) ?? []).toString('utf8');
      const entry = JSON.parse(text) as LedgerEntry;
      if (entry.previous !== previous) {
        throw new RepriseError(
          'Internal',
          `ledger entry ${object.key} does not follow the one before it`,
          'the ledger was changed by hand: restore control/ledger from a backup',
        );
      }
      previous = sha256Hex(text);
      entries.push(entry);
    }
    return entries;
  }

  /** Appends after whatever is last; another writer that was faster is followed, not overwritten. */
  async append(event: LedgerEvent): Promise<LedgerEntry> {
    for (;;) {
      const keys: string[] = [];
      for await (const object of this.#control.list(this.#prefix)) keys.push(object.key);
      const last = keys.at(-1);
      const content = last === undefined ? undefined : await this.#control.read(last);
      const sequence = keys.length + 1;
      const entry: LedgerEntry = {
        ...event,
        sequence,
        at: isoTime(this.#clock),
        previous: content === undefined ? '' : sha256Hex(Buffer.from(content).toString('utf8')),
      };
      const key = `${this.#prefix}${String(sequence).padStart(8, '0')}.json`;
      if ((await this.#control.write(key, Buffer.from(canonicalJson(entry)), { if: 'absent' })) === 'written')
        return entry;
    }
  }

  /** The epoch of the transforms: raised at each activation of another digest, also of an older one. */
  async activate(transformDigest: string): Promise<number> {
    const epochs = (await this.entries()).filter((entry) => entry.kind === 'epoch_activated');
    const last = epochs.at(-1);
    if (last?.transformDigest === transformDigest) return last.epoch;
    const entry = { kind: 'epoch_activated', epoch: (last?.epoch ?? 0) + 1, transformDigest } as const;
    await this.append(entry);
    return entry.epoch;
  }
}
