// What the tests of ledger and leases share: writers with names of their own on one control store, a clock that is set by
// hand, a store that loses responses.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../../adapters/folder/files.ts';
import type { LeaseDeps } from '../../engine/ledger/leases.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { MemoryStore } from '../adapters/memory-store.ts';

export class HandClock implements Clock {
  ms = Date.parse('2026-06-01T00:00:00Z');
  nowMs(): number {
    return this.ms;
  }
  async sleep(ms: number): Promise<void> {
    this.ms += ms;
  }
}

export class World {
  readonly clock = new HandClock();
  readonly dead = new Set<string>();
  readonly control: ObjectStore;
  #uniques = 0;

  constructor(control: ObjectStore) {
    this.control = control;
  }

  /** A process of its own, on the store or on one that behaves worse. */
  process(name: string, control: ObjectStore = this.control): LeaseDeps {
    return {
      control,
      clock: this.clock,
      author: { by: `${name}@test`, code: 'test', unique: () => `${name}-${++this.#uniques}` },
      holder: name,
      isDead: async (holder) => this.dead.has(holder),
    };
  }
}

export const STORES: Readonly<Record<string, (folder: string) => ObjectStore>> = {
  memory: (folder) => new MemoryStore(folder),
  files: (folder) => openFileStore(folder),
};

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'reprise-control-store-'));

/** Every write fails whose number `fails` is true of: before its effect, or after it as a lost response does. */
export function unsure(store: ObjectStore, fails: (write: number) => 'before' | 'after' | undefined): ObjectStore {
  let writes = 0;
  return {
    list: (prefix, onSkipped) => store.list(prefix, onSkipped),
    range: (key, from, length) => store.range(key, from, length),
    writeNamed: (pieces, keyOf) => store.writeNamed(pieces, keyOf),
    head: (key) => store.head(key),
    read: (key) => store.read(key),
    fetch: (key) => store.fetch(key),
    digest: (key) => store.digest(key),
    remove: (key) => store.remove(key),
    writeFile: (key, path, condition) => store.writeFile(key, path, condition),
    write: async (key, content, condition) => {
      const when = fails(++writes);
      const away = new RepriseError('StoreUnavailable', `write ${writes} got no answer`, 'try again');
      if (when === 'before') throw away;
      const outcome = await store.write(key, content, condition);
      if (when === 'after') throw away;
      return outcome;
    },
  };
}
