// Death at any call: once armed, a counter runs down over every call to a store or to DuckDB, and the call at which it
// reaches zero throws, before its effect or after it. From then on everything throws, until the process is born anew.

import type { Duck } from '../../adapters/duckdb/instance.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

export class Crash extends Error {
  constructor() {
    super('the process died');
    this.name = 'Crash';
  }
}

export class Mortality {
  #callsLeft = Number.POSITIVE_INFINITY;
  #afterEffect = false;
  #dead = false;

  arm(calls: number, afterEffect: boolean): void {
    this.#callsLeft = calls;
    this.#afterEffect = afterEffect;
  }

  revive(): void {
    this.#dead = false;
    this.#callsLeft = Number.POSITIVE_INFINITY;
  }

  async call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Crash();
    if (--this.#callsLeft > 0) return work();
    this.#dead = true;
    if (this.#afterEffect) await work();
    throw new Crash();
  }
}

export function mortalDuck(duck: Duck, mortality: Mortality): Duck {
  return {
    run: (statement) => mortality.call(() => duck.run(statement)),
    rows: (statement) => mortality.call(() => duck.rows(statement)),
    connect: () => duck.connect(),
    stream: (statement) => duck.stream(statement),
    close: () => duck.close(),
  };
}

export function mortalStore(store: ObjectStore, mortality: Mortality): ObjectStore {
  return {
    list: (prefix, onSkipped) => store.list(prefix, onSkipped),
    range: (key, from, length) => mortality.call(() => store.range(key, from, length)),
    writeNamed: (pieces, keyOf) => mortality.call(() => store.writeNamed(pieces, keyOf)),
    head: (key) => mortality.call(() => store.head(key)),
    read: (key) => mortality.call(() => store.read(key)),
    write: (key, content, condition) => mortality.call(() => store.write(key, content, condition)),
    writeFile: (key, path, condition) => mortality.call(() => store.writeFile(key, path, condition)),
    fetch: (key) => mortality.call(() => store.fetch(key)),
    digest: (key) => mortality.call(() => store.digest(key)),
    remove: (key) => mortality.call(() => store.remove(key)),
  };
}

/** Leaves out what decides nothing and costs most: files of changes, and looking again at tables that never change. */
export function frugalDuck(duck: Duck): Duck {
  const known = new Map<string, Awaited<ReturnType<Duck['rows']>>>();
  return {
    ...duck,
    run: async (statement) => {
      if (/^COPY .*\.(decided|before|causes)\.parquet'/s.test(statement)) return;
      if (/^CREATE (SCHEMA|TABLE) IF NOT EXISTS/.test(statement)) return;
      await duck.run(statement);
    },
    rows: async (statement) => {
      if (!/FROM duckdb_(columns|tables)\(\)/.test(statement)) return duck.rows(statement);
      const rows = known.get(statement) ?? (await duck.rows(statement));
      known.set(statement, rows);
      return rows;
    },
  };
}
