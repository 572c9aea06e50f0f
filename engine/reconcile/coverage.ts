// What has been read of the raw lake: for each object its version and the epoch at which each of its event dates was
// published, for each date the epoch of its last whole publish. One document for each pipeline in the control store,
// replaced conditionally. It never claims more than was committed; what it lacks is only read a second time, and all of
// it can be derived again from plans, runs and ledger (rebuild.ts).

import type { CatalogEntry } from '../../ports/catalog.ts';
import { isSameVersion, isVersion, type ObjectInfo, type ObjectStore } from '../../ports/object-store.ts';
import { changeDocument, type Versioned } from '../ledger/changed-document.ts';
import { datesOfEntry } from '../plan/entry-dates.ts';
import { arrivalDate } from '../plan/raw-keys.ts';

export interface ObjectCoverage {
  readonly version: string;
  /** Every event date of the object, with the epoch at which it was last published from it; 0: not yet. */
  readonly published: Readonly<Record<string, number>>;
  /** Why it cannot be read; its one date is then that of its arrival. */
  readonly unreadable?: string;
  /** Published in part; whether something has to be taken back for it was not looked at yet. */
  readonly unchecked?: true;
}

/** Why a date has to be published whole although all its objects were read. */
export type WholeCause = 'changed' | 'gone' | 'takes_back' | 'lost';

export interface CoverageDocument {
  readonly format: 1;
  /** Epoch of the last whole publish of each date. */
  readonly wholeEpochs: Readonly<Record<string, number>>;
  readonly wholeNeeded: Readonly<Record<string, WholeCause>>;
  readonly objects: Readonly<Record<string, ObjectCoverage>>;
  /** Of the last transaction; absent when it is not known. */
  readonly lastToken?: string;
}

export const NOTHING_COVERED: CoverageDocument = { format: 1, wholeEpochs: {}, wholeNeeded: {}, objects: {} };

/** What a run has committed. */
export interface Publication {
  readonly epoch: number;
  readonly partial: boolean;
  /** The pipeline has rows that events offer: a part of them may have to be taken back. */
  readonly offers: boolean;
  /** Dates whose group is committed and that were not held. */
  readonly dates: ReadonlySet<string>;
  /** Of these, the ones that were published whole. */
  readonly whole: ReadonlySet<string>;
  readonly objects: readonly {
    readonly key: string;
    readonly version: string;
    readonly dates: readonly string[];
    readonly unreadable?: string;
  }[];
}

/** The document after the publication. */
export function cover(document: CoverageDocument, publication: Publication): CoverageDocument {
  const { epoch, partial, offers, dates, whole } = publication;
  const wholeEpochs = { ...document.wholeEpochs };
  const wholeNeeded = { ...document.wholeNeeded };
  const objects = { ...document.objects };
  for (const object of publication.objects) {
    const before = objects[object.key];
    const known = before !== undefined && isSameVersion(before.version, object.version) ? before : undefined;
    if (before !== undefined && known === undefined)
      for (const date of publishedDates(before)) wholeNeeded[date] = 'changed';
    // Of an object that cannot be read the entry in the quarantine is what a plan publishes, whatever its window.
    const own = object.unreadable === undefined ? object.dates : [arrivalDate(object.key)];
    const published = own.map((date): [string, number] => {
      const now = object.unreadable !== undefined || dates.has(date) ? epoch : 0;
      return [date, Math.max(known?.published[date] ?? 0, now)];
    });
    const isUnchecked = known?.unchecked === true || (partial && offers);
    objects[object.key] = {
      version: object.version,
      published: Object.fromEntries(published),
      ...(object.unreadable === undefined ? {} : { unreadable: object.unreadable }),
      ...(isUnchecked ? { unchecked: true } : {}),
    };
  }
  const read = new Set(publication.objects.map(({ key }) => key));
  for (const [key, object] of Object.entries(objects)) {
    if (read.has(key)) continue;
    const left = withoutDates(object, whole);
    if (Object.keys(left).length > 0) objects[key] = { ...object, published: left };
    else delete objects[key];
  }
  for (const date of whole) {
    wholeEpochs[date] = Math.max(wholeEpochs[date] ?? 0, epoch);
    delete wholeNeeded[date];
  }
  return { ...document, wholeEpochs, wholeNeeded, objects };
}

/**
 * A whole plan reads every object that holds its dates: what was published from another one at these dates was replaced by
 * what the others hold, as a compaction does.
 */
const withoutDates = (object: ObjectCoverage, dates: ReadonlySet<string>): ObjectCoverage['published'] =>
  Object.fromEntries(Object.entries(object.published).filter(([date, epoch]) => epoch === 0 || !dates.has(date)));

/** The document with the versions that objects have today, where it knows them by those of an earlier release. */
export function renamed(document: CoverageDocument, listed: readonly ObjectInfo[]): CoverageDocument {
  const objects = { ...document.objects };
  let isSame = true;
  for (const object of listed) {
    const known = objects[object.key];
    if (known === undefined || known.version === object.version || !isVersion(object, known.version)) continue;
    objects[object.key] = { ...known, version: object.version };
    isSame = false;
  }
  return isSame ? document : { ...document, objects };
}

/** The document with what the catalog knows of objects that are new, or have another version than the one that was read. */
export function learn(document: CoverageDocument, entries: readonly CatalogEntry[]): CoverageDocument {
  const nothing: Publication = {
    epoch: 0,
    partial: false,
    offers: false,
    dates: new Set(),
    whole: new Set(),
    objects: entries.map((entry) => ({
      key: entry.object.key,
      version: entry.object.version,
      dates: datesOfEntry(entry),
      ...(entry.unreadable === undefined ? {} : { unreadable: entry.unreadable }),
    })),
  };
  return entries.length === 0 ? document : cover(document, nothing);
}

/**
 * The document without the objects that are not in the lake any more. Dates that were published from them are to be
 * published whole where other objects still hold them; where none does, raw has expired, and the rows stay.
 */
export function dropGone(document: CoverageDocument, isThere: (key: string) => boolean): CoverageDocument {
  const gone = Object.entries(document.objects).filter(([key]) => !isThere(key));
  if (gone.length === 0) return document;
  const objects = Object.fromEntries(Object.entries(document.objects).filter(([key]) => isThere(key)));
  const held = new Set(Object.values(objects).flatMap(({ published }) => Object.keys(published)));
  const wholeNeeded = { ...document.wholeNeeded };
  for (const date of gone.flatMap(([, object]) => publishedDates(object)))
    if (held.has(date)) wholeNeeded[date] = 'gone';
  return { ...document, wholeNeeded, objects };
}

/** The document after the objects were looked at for what has to be taken back, and at which dates. */
export function checked(
  document: CoverageDocument,
  keys: readonly string[],
  takesBack: readonly string[],
): CoverageDocument {
  const objects = { ...document.objects };
  for (const key of keys) {
    const object = objects[key];
    if (object === undefined) continue;
    const { unchecked: _, ...rest } = object;
    objects[key] = rest;
  }
  const wholeNeeded = { ...document.wholeNeeded };
  for (const date of takesBack) wholeNeeded[date] ??= 'takes_back';
  return { ...document, wholeNeeded, objects };
}

/** The document when the dates are as if nothing had been published there. */
export function forget(document: CoverageDocument, dates: readonly string[]): CoverageDocument {
  const objects = Object.entries(document.objects).map(([key, object]): [string, ObjectCoverage] => {
    const published = { ...object.published };
    for (const date of dates) if (date in published) published[date] = 0;
    return [key, { ...object, published }];
  });
  return { ...withoutWhole(document, dates), objects: Object.fromEntries(objects) };
}

/** The document when the warehouse has lost what was published at the dates. */
export function lose(document: CoverageDocument, dates: readonly string[]): CoverageDocument {
  if (dates.every((date) => document.wholeNeeded[date] === 'lost')) return document;
  const wholeNeeded = { ...document.wholeNeeded };
  for (const date of dates) wholeNeeded[date] = 'lost';
  return { ...forget(document, dates), wholeNeeded };
}

/** The document when the dates are not known to be whole. */
export function withoutWhole(document: CoverageDocument, dates: readonly string[]): CoverageDocument {
  const wholeEpochs = { ...document.wholeEpochs };
  for (const date of dates) delete wholeEpochs[date];
  return { ...document, wholeEpochs };
}

const publishedDates = (object: ObjectCoverage): string[] =>
  object.unreadable === undefined ? Object.keys(object.published).filter((date) => object.published[date] !== 0) : [];

/** Of each store the documents that were read last, by their keys: a run asks for its own again and again. */
const HELD = new WeakMap<ObjectStore, Map<string, { readonly version: string; readonly document: CoverageDocument }>>();

export class Coverage {
  readonly #control: ObjectStore;
  readonly #key: string;

  constructor(control: ObjectStore, pipeline: string) {
    this.#control = control;
    this.#key = `coverage/${pipeline}.json`;
  }

  /** Undefined when there is none, or none that can be read: derive it again. */
  async read(): Promise<CoverageDocument | undefined> {
    return (await this.#read()).document;
  }

  /**
   * Reads, changes, writes over what was read; begins anew when somebody else was faster. Nothing is written when the
   * change gives back the document it was given.
   * @param absent what to change when there is no document
   */
  async change(
    work: (document: CoverageDocument) => CoverageDocument | Promise<CoverageDocument>,
    absent: () => Promise<CoverageDocument>,
  ): Promise<CoverageDocument> {
    return changeDocument(
      this.#control,
      this.#key,
      () => this.#read(),
      async (document) => {
        const before = document ?? (await absent());
        const next = await work(before);
        return document !== undefined && next === before ? { done: next } : { next, done: next };
      },
    );
  }

  async #read(): Promise<Versioned<CoverageDocument | undefined>> {
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

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null;

function decode(content: Uint8Array): CoverageDocument | undefined {
  try {
    const document = JSON.parse(Buffer.from(content).toString('utf8')) as CoverageDocument;
    const { format, wholeNeeded, objects } = document;
    return format === 1 && isRecord(wholeNeeded) && isRecord(objects) ? document : undefined;
  } catch {
    return undefined;
  }
}
