// What coverage means, as pure functions over one document that holds every object: the model that the sharded coverage is
// held against. It is how coverage was kept before, but for one thing: an object that never had a date stays known.

import type { WholeCause } from '../../engine/reconcile/coverage-root.ts';
import type { ObjectCoverage, PublishedAt, PublishedObject } from '../../engine/reconcile/covered-day.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import { isSameVersion, isVersion, type ObjectInfo } from '../../ports/object-store.ts';

export interface CoverageModel {
  readonly wholeEpochs: Readonly<Record<string, number>>;
  readonly wholeNeeded: Readonly<Record<string, WholeCause>>;
  readonly objects: Readonly<Record<string, ObjectCoverage>>;
  readonly lastToken?: string;
}

export const NOTHING_COVERED: CoverageModel = { wholeEpochs: {}, wholeNeeded: {}, objects: {} };

export interface ModelPublication extends PublishedAt {
  readonly whole: ReadonlySet<string>;
  readonly objects: readonly PublishedObject[];
}

export function cover(document: CoverageModel, publication: ModelPublication): CoverageModel {
  const { epoch, partial, offers, dates, whole } = publication;
  const wholeEpochs = { ...document.wholeEpochs };
  const wholeNeeded = { ...document.wholeNeeded };
  const objects = { ...document.objects };
  for (const object of publication.objects) {
    const before = objects[object.key];
    const known = before !== undefined && isSameVersion(before.version, object.version) ? before : undefined;
    if (before !== undefined && known === undefined)
      for (const date of publishedDates(before)) wholeNeeded[date] = 'changed';
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
    const isTaken = Object.keys(left).length < Object.keys(object.published).length;
    if (!isTaken || Object.keys(left).length > 0) objects[key] = { ...object, published: left };
    else delete objects[key];
  }
  for (const date of whole) {
    wholeEpochs[date] = Math.max(wholeEpochs[date] ?? 0, epoch);
    delete wholeNeeded[date];
  }
  return { ...document, wholeEpochs, wholeNeeded, objects };
}

const withoutDates = (object: ObjectCoverage, dates: ReadonlySet<string>): ObjectCoverage['published'] =>
  Object.fromEntries(Object.entries(object.published).filter(([date, epoch]) => epoch === 0 || !dates.has(date)));

/** As a reconcile brings coverage up to the lake. `catalogued`: what the catalog says of an object. */
export function upToLake(
  document: CoverageModel,
  listed: readonly ObjectInfo[],
  catalogued: (object: ObjectInfo) => PublishedObject,
): CoverageModel {
  const there = new Set(listed.map(({ key }) => key));
  const fresh = listed.filter((object) => !isVersion(object, document.objects[object.key]?.version ?? ''));
  return learn(
    dropGone(renamed(document, listed), (key) => there.has(key)),
    fresh.map(catalogued),
  );
}

function renamed(document: CoverageModel, listed: readonly ObjectInfo[]): CoverageModel {
  const objects = { ...document.objects };
  for (const object of listed) {
    const known = objects[object.key];
    if (known === undefined || known.version === object.version || !isVersion(object, known.version)) continue;
    objects[object.key] = { ...known, version: object.version };
  }
  return { ...document, objects };
}

const learn = (document: CoverageModel, objects: readonly PublishedObject[]): CoverageModel =>
  cover(document, { epoch: 0, partial: false, offers: false, dates: new Set(), whole: new Set(), objects });

function dropGone(document: CoverageModel, isThere: (key: string) => boolean): CoverageModel {
  const gone = Object.entries(document.objects).filter(([key]) => !isThere(key));
  const objects = Object.fromEntries(Object.entries(document.objects).filter(([key]) => isThere(key)));
  const held = new Set(Object.values(objects).flatMap(({ published }) => Object.keys(published)));
  const wholeNeeded = { ...document.wholeNeeded };
  for (const date of gone.flatMap(([, object]) => publishedDates(object)))
    if (held.has(date)) wholeNeeded[date] = 'gone';
  return { ...document, wholeNeeded, objects };
}

export function checked(document: CoverageModel, keys: readonly string[], takesBack: readonly string[]): CoverageModel {
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

export function forget(document: CoverageModel, dates: readonly string[]): CoverageModel {
  const objects = Object.entries(document.objects).map(([key, object]): [string, ObjectCoverage] => {
    const published = { ...object.published };
    for (const date of dates) if (date in published) published[date] = 0;
    return [key, { ...object, published }];
  });
  return { ...withoutWhole(document, dates), objects: Object.fromEntries(objects) };
}

export function lose(document: CoverageModel, dates: readonly string[]): CoverageModel {
  if (dates.every((date) => document.wholeNeeded[date] === 'lost')) return document;
  const wholeNeeded = { ...document.wholeNeeded };
  for (const date of dates) wholeNeeded[date] = 'lost';
  return { ...forget(document, dates), wholeNeeded };
}

export function withoutWhole(document: CoverageModel, dates: readonly string[]): CoverageModel {
  const wholeEpochs = { ...document.wholeEpochs };
  for (const date of dates) delete wholeEpochs[date];
  return { ...document, wholeEpochs };
}

const publishedDates = (object: ObjectCoverage): string[] =>
  object.unreadable === undefined ? Object.keys(object.published).filter((date) => object.published[date] !== 0) : [];
