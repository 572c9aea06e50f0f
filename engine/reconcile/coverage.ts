// What has been read of the raw lake: for each object its version and the epoch at which each of its event dates was
// published, for each date the epoch of its last whole publish. The root (coverage-root.ts) is one document for each pipeline,
// replaced conditionally; objects are in a document for each arrival date (coverage-shards.ts), opened only when they matter. It never
// claims more than was committed; what it lacks is only read a second time, and all of it can be derived again from plans,
// runs and ledger (rebuild.ts).

import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { changeDocument, type Versioned } from '../ledger/changed-document.ts';
import { CoverageDraft, HELD_OBJECTS_MAX } from './coverage-draft.ts';
import { decodeFormat1 } from './coverage-format-1.ts';
import { type CoverageRoot, isRoot, type ReadRoot } from './coverage-root.ts';
import { CoverageShards, ShardLost } from './coverage-shards.ts';
import type { DayObjects } from './covered-day.ts';

/** How often somebody who looks begins anew because others change what is looked at. */
const LOOKS_MAX = 20;

/** Coverage as it is at one moment. */
export interface CoverageView {
  readonly root: CoverageRoot;
  /** The objects that arrived on the date; the date that was asked for last is held. Throws ShardLost. */
  day(date: string): Promise<DayObjects>;
}

/** Makes a coverage from nothing, or changes one. May be called again, whenever another process was faster. */
export type CoverageWork = (draft: CoverageDraft) => Promise<void>;

/** Of each store the roots that were read last, by their keys: a run asks for its own again and again. */
const HELD = new WeakMap<ObjectStore, Map<string, { readonly version: string; readonly document: ReadRoot }>>();

export class Coverage {
  readonly #control: ObjectStore;
  readonly #key: string;
  readonly #shards: CoverageShards;
  readonly #heldObjectsMax: number;

  /** `heldObjectsMax`: objects of several days that a change holds at a time. */
  constructor(control: ObjectStore, pipeline: string, heldObjectsMax = HELD_OBJECTS_MAX) {
    this.#control = control;
    this.#key = `coverage/${pipeline}.json`;
    this.#shards = new CoverageShards(control, pipeline);
    this.#heldObjectsMax = heldObjectsMax;
  }

  /** Undefined when there is none, or none that can be read: derive it again. */
  async root(): Promise<CoverageRoot | undefined> {
    return (await this.#read()).document?.root;
  }

  /**
   * What the work finds, which begins anew when a day is replaced while it looks. It is given undefined when coverage
   * is missing, or a part of it damaged.
   * @throws StoreUnavailable after so many looks
   */
  async look<T>(work: (view: CoverageView | undefined) => Promise<T>): Promise<T> {
    for (const lost = new LostDays(); ; ) {
      const { document, version } = await this.#read();
      try {
        return await work(document === undefined || lost.areOf(version) ? undefined : this.#view(document));
      } catch (error) {
        lost.note(error, version);
      }
    }
  }

  /**
   * Opens days, changes them, writes the changed ones, and then the root over the one that was read; begins anew when
   * somebody else was faster. Nothing is written when nothing changes.
   * @param derive makes what is to be changed, when there is nothing that can be read; with `anew` in any case
   * @throws StoreUnavailable after so many looks
   */
  async change(
    work: CoverageWork,
    derive: CoverageWork,
    { anew = false }: { readonly anew?: boolean } = {},
  ): Promise<CoverageRoot> {
    const touched = new Set<string>();
    let isDerived = false;
    let seen: Versioned<ReadRoot | undefined> | undefined;
    const attempt = async (document: ReadRoot | undefined): Promise<{ next?: CoverageRoot; done: CoverageRoot }> => {
      const before = anew ? undefined : document;
      isDerived ||= before === undefined;
      const last = seen?.document?.root.sequence ?? (await this.#shards.lastSequence());
      const draft = new CoverageDraft(this.#shards, before, last + 1, this.#heldObjectsMax);
      try {
        if (before === undefined) await derive(draft);
        await work(draft);
        const next = await draft.finish();
        return next === undefined ? { done: (before as ReadRoot).root } : { next, done: next };
      } finally {
        for (const date of draft.touched) touched.add(date);
      }
    };
    for (const lost = new LostDays(); ; ) {
      const read = async (): Promise<Versioned<ReadRoot | undefined>> => {
        seen = await this.#read();
        return lost.areOf(seen.version) ? { version: seen.version, document: undefined } : seen;
      };
      try {
        const changed = await changeDocument(this.#control, this.#key, read, attempt);
        if (isDerived || touched.size > 0) await this.#shards.clean(changed, isDerived ? undefined : touched);
        return changed;
      } catch (error) {
        lost.note(error, seen?.version);
      }
    }
  }

  #view({ root, objects }: ReadRoot): CoverageView {
    let held: { readonly date: string; readonly day: DayObjects } | undefined;
    return {
      root,
      day: async (date) => {
        const known = root.days[date];
        if (known === undefined) return new Map();
        if (held?.date !== date)
          held = { date, day: objects?.get(date) ?? (await this.#shards.read(date, known.shard)) };
        return held.day;
      },
    };
  }

  async #read(): Promise<Versioned<ReadRoot | undefined>> {
    // The version first, as always: the content is read only when it is another than the one that is held.
    const info = await this.#control.head(this.#key);
    if (info === undefined) return { document: undefined, version: undefined };
    const { version } = info;
    const held = HELD.get(this.#control) ?? new Map();
    HELD.set(this.#control, held);
    const known = held.get(this.#key);
    if (known?.version === version) return known;
    const content = await this.#control.read(this.#key);
    const document = content && decode(content);
    // Content that is newer than the version is never looked for under it again.
    if (document === undefined) held.delete(this.#key);
    else held.set(this.#key, { version, document });
    return { document, version };
  }
}

/** Undefined for what cannot be read. */
function decode(content: Uint8Array): ReadRoot | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return isRoot(document) ? { root: document } : decodeFormat1(document);
  } catch {
    return undefined;
  }
}

/** Roots of which a day could not be read. When the same root names it after another look, it is damaged. */
class LostDays {
  #version: string | undefined;
  #looks = 0;

  /** Throws what is another error, and StoreUnavailable after so many looks. `version`: of the root that names the day. */
  note(error: unknown, version: string | undefined): void {
    if (!(error instanceof ShardLost)) throw error;
    if (++this.#looks > LOOKS_MAX)
      throw new RepriseError(
        'StoreUnavailable',
        `${error.message}, and what names it has changed ${LOOKS_MAX} times meanwhile`,
        'run this again',
      );
    this.#version = version;
  }

  areOf(version: string | undefined): boolean {
    return version !== undefined && version === this.#version;
  }
}
