// What the control store says at one moment, read from outside: no process is asked, and no call is made.

import type { LedgerEntry } from '../engine/ledger/entry.ts';
import type { Plan } from '../engine/plan/plan-document.ts';
import type { RunRecord } from '../engine/run/run-record.ts';
import type { SimStore } from './store.ts';

export class Records {
  readonly #control: SimStore;

  constructor(control: SimStore) {
    this.#control = control;
  }

  /** Entries of the ledger, oldest first. */
  entries(): LedgerEntry[] {
    return this.#control.infos('ledger/').map(({ key }) => this.#read<LedgerEntry>(key));
  }

  planOf(runId: string): Plan {
    const { planId } = this.#read<RunRecord>(`runs/${runId}/run.json`);
    return this.#read<Plan>(`plans/${planId}.json`);
  }

  #read<T>(key: string): T {
    return JSON.parse(this.#control.text(key) ?? 'null') as T;
  }
}
