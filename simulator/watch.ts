// Watches a history from outside: every transaction of the warehouse, at the moment it happens. It knows the whole
// truth, which no process does, and keeps the first thing that does not hold.

import type { CompiledPipeline } from '../engine/model/compile.ts';
import { isRepriseError } from '../ports/errors.ts';
import { checkPublish, checkStanding } from './invariants.ts';
import type { Tables } from './rows.ts';
import type { Applied } from './warehouse.ts';

/** What must hold and does not. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

export class Watch {
  readonly #pipeline: CompiledPipeline;
  readonly #tokens = new Set<string>();
  #first: Violation | undefined;

  constructor(pipeline: CompiledPipeline) {
    this.#pipeline = pipeline;
  }

  /** The first violation so far. */
  get violation(): Violation | undefined {
    return this.#first;
  }

  /** Tokens of all transactions that were applied. */
  get tokens(): ReadonlySet<string> {
    return this.#tokens;
  }

  /** An error that no fault explains. */
  wrong(error: unknown): void {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const place = error instanceof Error && !isRepriseError(error) ? placeOf(error) : '';
    this.note(new Violation(`unexpected ${said}${place}`));
  }

  check(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.note(new Violation(error instanceof Error ? error.message : String(error)));
    }
  }

  applied({ scope, commit, outcome, before, after, fencesBefore, fencesAfter }: Applied): void {
    this.check(() => {
      if (this.#tokens.has(commit.token)) throw new Violation(`token ${commit.token} was applied twice`);
      this.#tokens.add(commit.token);
      for (const [date, { lease }] of fencesAfter) {
        const was = fencesBefore.get(date)?.lease ?? 0;
        if (lease < was) throw new Violation(`the fence of ${date} went back from ${was} to ${lease}`);
      }
      if ('undone' in scope) return;
      const judged = new Set(scope.judgedObjects);
      const { partial, pipeline } = scope;
      checkPublish({ pipeline, partial, judged, repeated: false, outcome, before, after });
    });
    this.standing(after);
  }

  standing(tables: Tables): void {
    this.check(() => checkStanding(this.#pipeline, tables));
  }

  note(violation: Violation): void {
    this.#first ??= violation;
  }
}

const placeOf = (error: Error): string => {
  const place = /([\w-]+\.[jt]s:\d+)/.exec(error.stack?.split('\n').slice(1).join('\n') ?? '')?.[1];
  return place === undefined ? '' : ` at ${place}`;
};
