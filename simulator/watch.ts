// Watches a history from outside: every transaction of the warehouse, at the moment it happens. It knows the whole
// truth, which no process does, and keeps the first thing that does not hold.

import { datesIn } from '../engine/plan/window.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { isRepriseError } from '../model/errors.ts';
import type { GroupOutcome, UndoOutcome, UndoScope } from '../ports/warehouse.ts';
import { checkGoneRaw, checkPublish, checkStanding, checkUndo } from './invariants.ts';
import type { Records } from './records.ts';
import type { Row, Tables } from './rows.ts';
import type { SimScope } from './scope.ts';
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
  /** Transactions since the tables were last changed otherwise. */
  readonly #applied: { readonly runId: string; readonly before: Tables }[] = [];
  readonly #goneRightly = new Set<string>();
  /** The digest of the transforms by which each date was last published whole, if nothing was undone there since. */
  readonly #wholeBy = new Map<string, string>();
  /** Undos that left something alone. */
  readonly #leftAlone = new Set<string>();
  /** The dates that each undo changed. */
  readonly #undone = new Map<string, Set<string>>();
  readonly #records: Records;
  #first: Violation | undefined;

  constructor(pipeline: CompiledPipeline, records: Records) {
    this.#pipeline = pipeline;
    this.#records = records;
  }

  /** The first violation so far. */
  get violation(): Violation | undefined {
    return this.#first;
  }

  /** Tokens of all transactions that were applied. */
  get tokens(): ReadonlySet<string> {
    return this.#tokens;
  }

  /** Somebody who may do so took the row away, or the event that offered it: an undo, or a run that read its object. */
  isRightlyGone(table: string, row: Row): boolean {
    return this.#goneRightly.has(`${table} ${row.event_id}`) || this.#goneRightly.has(`events ${row._offered_by}`);
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

  applied({ scope, stagedEvents, commit, outcome, before, after, fencesBefore, fencesAfter }: Applied): void {
    this.check(() => {
      if (this.#tokens.has(commit.token)) throw new Violation(`token ${commit.token} was applied twice`);
      this.#tokens.add(commit.token);
      for (const [date, { lease }] of fencesAfter) {
        const was = fencesBefore.get(date)?.lease ?? 0;
        if (lease < was) throw new Violation(`the fence of ${date} went back from ${was} to ${lease}`);
      }
      this.#applied.push({ runId: scope.runId, before });
      if ('undone' in scope) {
        checkUndo(scope, before, after);
        const undone = this.#undone.get(scope.runId) ?? new Set();
        this.#undone.set(scope.runId, undone);
        for (const date of changedDates(before, after)) {
          this.#wholeBy.delete(date);
          undone.add(date);
        }
        this.#noteGone(before, after, () => true);
        this.#checkTakenBack(scope, outcome as UndoOutcome, after);
        return;
      }
      const judged = scope.judgedObjects;
      this.#noteGone(before, after, (row) => judged.has(row._raw_object ?? ''));
      const { partial, pipeline } = scope;
      checkPublish({ pipeline, partial, judged, repeated: false, outcome, before, after });
      checkGoneRaw(scope, stagedEvents, outcome, before, after);
      this.#checkHeld(scope, outcome);
      this.#checkRetired(scope, outcome);
    });
    this.standing(after);
  }

  /** A partial plan adds to the dates that were last published whole by its own transforms, and to no others. */
  #checkHeld({ dates, partial, pipeline }: SimScope, { group, heldDates }: GroupOutcome): void {
    const here = dates.filter((one) => one.group === group);
    for (const { date, whole } of here) {
      const isOurs = this.#wholeBy.get(date) === pipeline.transformDigest;
      if (partial && heldDates.includes(date) === isOurs)
        throw new Violation(
          `${date} was ${isOurs ? 'held from' : 'open to'} a partial plan of ${isOurs ? 'its own' : 'other'} transforms`,
        );
      if (!partial && whole) this.#wholeBy.set(date, pipeline.transformDigest);
    }
  }

  /** No replay brings back what was undone, by the transforms that had made it, unless somebody has allowed that. */
  #checkRetired({ dates, pipeline: { transformDigest } }: SimScope, { group }: GroupOutcome): void {
    const undone = new Map<string, string>();
    for (const entry of this.#records.entries()) {
      if (entry.kind === 'transforms_retired' && entry.transformDigest === transformDigest)
        for (const date of this.#undone.get(entry.runId) ?? []) undone.set(date, entry.runId);
      if (entry.kind !== 'epoch_activated' || entry.transformDigest !== transformDigest) continue;
      const { reason, windows, undo } = entry;
      const isLifted = ([date, by]: [string, string]): boolean =>
        (undo === undefined || by === undo) &&
        (windows === undefined || windows.some(({ from, to }) => date >= from && date < to));
      if (reason !== undefined) for (const one of [...undone].filter(isLifted)) undone.delete(one[0]);
    }
    const [again] = dates.filter((one) => one.group === group && undone.has(one.date));
    if (again !== undefined)
      throw new Violation(`what ${undone.get(again.date)} undid at ${again.date} was brought back`);
  }

  /** A run was refused because of an undo: one that had changed some of its dates. */
  refusedAsRetired(runId: string): void {
    const { dates, transformDigest } = this.#records.planOf(runId).body;
    const undone = [...this.#undone].filter(
      ([undo]) => this.#records.planOf(undo).body.transformDigest === transformDigest,
    );
    if (!dates.some(({ date }) => undone.some(([, some]) => some.has(date))))
      this.note(new Violation(`${runId} was refused although nothing was undone at its dates`));
  }

  /** What undos have retired is what they changed. */
  checkRetirements(): void {
    for (const entry of this.#records.entries()) {
      if (entry.kind !== 'transforms_retired') continue;
      const retired = (entry.windows ?? []).flatMap(datesIn);
      const undone = [...(this.#undone.get(entry.runId) ?? [])].sort();
      if (retired.join() !== undone.join())
        throw new Violation(`${entry.runId} undid [${undone}], and retired transforms at [${retired}]`);
    }
  }

  /** Somebody else than a run changed the tables. */
  disturbed(): void {
    this.#applied.length = 0;
    this.#leftAlone.clear();
  }

  #noteGone(before: Tables, after: Tables, mayGo: (row: Row) => boolean): void {
    for (const [table, rows] of before) {
      const left = new Set(after.get(table));
      for (const row of rows) if (!left.has(row) && mayGo(row)) this.#goneRightly.add(`${table} ${row.event_id}`);
    }
  }

  /** With nothing else in between, a run and its undo leave the tables as they were. */
  #checkTakenBack({ runId, undone }: UndoScope, { leftAlone }: UndoOutcome, after: Tables): void {
    if (leftAlone.length > 0) this.#leftAlone.add(runId);
    const first = this.#applied.findIndex((one) => one.runId === undone.runId);
    const since = this.#applied.slice(first).map((one) => one.runId);
    const taken = since.filter((one) => one === runId).length;
    const isOnly = since.every((one, place) => one === (place < since.length - taken ? undone.runId : runId));
    if (first < 0 || !isOnly || taken * 2 !== since.length || this.#leftAlone.has(runId)) return;
    // Of the undone run's groups some may have been published before what is known here.
    if ([...this.#tokens].filter((token) => token.startsWith(`${undone.runId}/`)).length !== taken) return;
    const was = this.#applied[first]?.before as Tables;
    for (const [name, rows] of after)
      if (textOf(rows) !== textOf(was.get(name) ?? []))
        throw new Violation(`the undo of a run left ${name} otherwise than before`);
  }

  standing(tables: Tables): void {
    this.check(() => checkStanding(this.#pipeline, tables));
  }

  note(violation: Violation): void {
    this.#first ??= violation;
  }
}

function changedDates(before: Tables, after: Tables): Set<string> {
  const dates = new Set<string>();
  for (const [table, rows] of before) {
    const now = after.get(table) ?? [];
    const [was, is] = [new Set(rows), new Set(now)];
    for (const row of [...rows.filter((one) => !is.has(one)), ...now.filter((one) => !was.has(one))])
      if (typeof row.event_date === 'string') dates.add(row.event_date);
  }
  return dates;
}

const textOf = (rows: readonly Row[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n');

const placeOf = (error: Error): string => {
  const place = /([\w-]+\.[jt]s:\d+)/.exec(error.stack?.split('\n').slice(1).join('\n') ?? '')?.[1];
  return place === undefined ? '' : ` at ${place}`;
};
