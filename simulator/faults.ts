// What goes wrong, and where: each fault waits for the n-th call of a kind that one command makes. A call is where a
// process dies, sleeps, is told nothing, or is heard twice; what a caller is told is all it knows.

import { type ErrorCode, RepriseError } from '../model/errors.ts';
import type { SimProcess } from './scheduler.ts';

export const FAULT_KINDS = [
  'crash_before',
  'crash_after',
  'lost_request',
  'lost_response',
  'doubled',
  'asleep',
  'slow',
  'clock_jump',
  'worker_dies',
  'unreadable',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Calls by what they touch, each with how many of them a command makes at most, about. */
export const FAULT_PLACES = {
  any: { pattern: /./, calls: 130 },
  lookup: { pattern: /^warehouse\.committed/, calls: 4 },
  transaction: { pattern: /^warehouse\.(transact|token)/, calls: 2 },
  ledger: { pattern: /ledger/, calls: 40 },
  lease: { pattern: / leases\//, calls: 8 },
  record: { pattern: /^control\.\w+ runs\//, calls: 35 },
  write: { pattern: /\.write/, calls: 25 },
  read: { pattern: /^reader\.read/, calls: 4 },
} as const;
export type FaultPlace = keyof typeof FAULT_PLACES;

export interface Fault {
  readonly kind: FaultKind;
  readonly place: FaultPlace;
  /** The n-th call there, from 1. */
  readonly call: number;
  /** For sleep, slowness and jumps of the clock. */
  readonly ms: number;
}

/** Calls through a process, with the faults of the command it executes. */
export class Caller {
  readonly process: SimProcess;
  readonly #waiting: { readonly fault: Fault; left: number }[];
  readonly #onFault: (fault: Fault, call: string) => void;

  constructor(process: SimProcess, faults: readonly Fault[], onFault: (fault: Fault, call: string) => void) {
    this.process = process;
    this.#waiting = faults.map((fault) => ({ fault, left: fault.call }));
    this.#onFault = onFault;
  }

  /** `what` is `<port>.<method> <first argument>`. */
  async call<T>(what: string, effect: () => Promise<T>): Promise<T> {
    await this.process.turn();
    const fault = this.#faultAt(what);
    if (fault === undefined) return effect();
    this.#onFault(fault, what);
    switch (fault.kind) {
      case 'crash_before':
        return this.#die();
      case 'crash_after':
        await effect();
        return this.#die();
      case 'lost_request':
        throw unknownOutcome(what);
      case 'lost_response':
        await effect();
        throw unknownOutcome(what);
      case 'doubled':
        await effect();
        return effect();
      case 'asleep':
        this.process.fallAsleep(fault.ms);
        await this.process.turn();
        return effect();
      case 'slow':
        await this.process.turn(fault.ms);
        return effect();
      case 'clock_jump':
        this.process.clockOffsetMs += fault.ms;
        return effect();
      case 'worker_dies':
        throw new RepriseError('StageFailed', 'the worker of a slice ended', 'resume the run');
      case 'unreadable':
        throw new RepriseError('UnreadableObject', 'corrupt', 'replace it by an intact copy');
    }
  }

  #faultAt(what: string): Fault | undefined {
    for (const waiting of this.#waiting) {
      if (!FAULT_PLACES[waiting.fault.place].pattern.test(what)) continue;
      waiting.left--;
      if (waiting.left === 0) return waiting.fault;
    }
    return undefined;
  }

  #die(): Promise<never> {
    this.process.die();
    return new Promise(() => {});
  }
}

/** What a port throws when nobody knows whether it did what it was asked. */
function unknownOutcome(what: string): RepriseError {
  const code: ErrorCode = what.startsWith('warehouse.') ? 'WarehouseFailed' : 'StoreUnavailable';
  return new RepriseError(code, `${what.split(' ')[0]} got no answer`, 'try again');
}
