// A coverage while it is changed: days are opened when they are asked for, and written when others need the room, or at the
// end. Nobody sees any of it until the root names it.

import { canonicalJson } from '../../model/digest.ts';
import type { CoverageDay, CoverageRoot, ReadRoot, WholeCause } from './coverage-root.ts';
import type { CoverageShards } from './coverage-shards.ts';
import { type DaySummary, type ObjectCoverage, summaryOf } from './covered-day.ts';

/** Objects that are held at a time, unless one day alone has more. */
export const HELD_OBJECTS_MAX = 20_000;

interface OpenDay {
  readonly objects: Map<string, ObjectCoverage>;
  isChanged: boolean;
  /** Absent after a change, until somebody asks. */
  summary: DaySummary | undefined;
}

export class CoverageDraft {
  readonly wholeEpochs: Record<string, number>;
  readonly wholeNeeded: Record<string, WholeCause>;
  lastToken: string | undefined;
  /** Arrival dates of which a document was written, or is not needed any more. */
  readonly touched = new Set<string>();
  readonly #shards: CoverageShards;
  /** What need not be written when nothing has changed. */
  readonly #before: CoverageRoot | undefined;
  readonly #sequence: number;
  readonly #heldObjectsMax: number;
  /** As they are written. */
  readonly #days: Map<string, CoverageDay>;
  /** The one that was asked for last is the last. */
  readonly #open = new Map<string, OpenDay>();

  /** `before`: what is changed; absent for what begins with nothing. `sequence`: number of the root that this becomes. */
  constructor(shards: CoverageShards, before: ReadRoot | undefined, sequence: number, heldObjectsMax: number) {
    const root = before?.root;
    this.wholeEpochs = { ...root?.wholeEpochs };
    this.wholeNeeded = { ...root?.wholeNeeded };
    this.lastToken = root?.lastToken;
    this.#shards = shards;
    this.#before = before?.objects === undefined ? root : undefined;
    this.#sequence = sequence;
    this.#heldObjectsMax = heldObjectsMax;
    this.#days = new Map(before?.objects === undefined ? Object.entries(root?.days ?? {}) : []);
    for (const [date, objects] of before?.objects ?? [])
      this.#open.set(date, { objects: new Map(objects), isChanged: true, summary: undefined });
  }

  /** Arrival dates of which something is known, ascending. */
  dates(): string[] {
    const dates = new Set(this.#days.keys());
    for (const [date, { objects }] of this.#open) {
      if (objects.size > 0) dates.add(date);
      else dates.delete(date);
    }
    return [...dates].sort();
  }

  /** Undefined for a date of which nothing is known. */
  summary(date: string): DaySummary | undefined {
    const open = this.#open.get(date);
    if (open === undefined) return this.#days.get(date);
    if (open.objects.size === 0) return undefined;
    open.summary ??= summaryOf(open.objects);
    return open.summary;
  }

  /** The objects of the date, to be changed before another date is asked for. Throws ShardLost. */
  async edit(date: string): Promise<Map<string, ObjectCoverage>> {
    const known = this.#open.get(date);
    const written = this.#days.get(date);
    const objects =
      known?.objects ??
      (written === undefined ? new Map<string, ObjectCoverage>() : await this.#shards.read(date, written.shard));
    this.#open.delete(date);
    this.#open.set(date, { objects, isChanged: true, summary: undefined });
    await this.#makeRoom();
    return objects;
  }

  /** The root that says what was changed; undefined when that is nothing. */
  async finish(): Promise<CoverageRoot | undefined> {
    for (const [date, day] of this.#open) await this.#write(date, day);
    const root: CoverageRoot = {
      format: 2,
      sequence: this.#sequence,
      wholeEpochs: this.wholeEpochs,
      wholeNeeded: this.wholeNeeded,
      days: Object.fromEntries([...this.#days].sort(([a], [b]) => (a < b ? -1 : 1))),
      ...(this.lastToken === undefined ? {} : { lastToken: this.lastToken }),
    };
    return this.#before !== undefined && isSame(this.#before, root) ? undefined : root;
  }

  async #makeRoom(): Promise<void> {
    let held = 0;
    for (const { objects } of this.#open.values()) held += objects.size;
    for (const [date, day] of this.#open) {
      if (held <= this.#heldObjectsMax || this.#open.size === 1) return;
      await this.#write(date, day);
      this.#open.delete(date);
      held -= day.objects.size;
    }
  }

  async #write(date: string, day: OpenDay): Promise<void> {
    if (!day.isChanged) return;
    day.isChanged = false;
    const before = this.#days.get(date)?.shard;
    const summary = this.summary(date);
    if (summary === undefined) {
      if (before !== undefined) this.touched.add(date);
      this.#days.delete(date);
      return;
    }
    const shard = await this.#shards.write(date, this.#sequence, day.objects, before);
    if (shard !== before) this.touched.add(date);
    this.#days.set(date, { shard, ...summary });
  }
}

const isSame = (one: CoverageRoot, other: CoverageRoot): boolean =>
  canonicalJson({ ...one, sequence: 0 }) === canonicalJson({ ...other, sequence: 0 });
