// Every copy of one event that raw holds, found through the catalog's keys: accepted or not, and which one wins by which
// rule. Of a row that several events offer: every copy of every event that offers it.

import type { CompiledPipeline } from '../../model/compile.ts';
import { datesOf, dispatch } from '../../model/dating.ts';
import { isRepriseError } from '../../model/errors.ts';
import { type Evaluation, Evaluator } from '../../model/evaluate.ts';
import { readJson } from '../../model/json.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { versionOf } from '../../model/version.ts';
import type { Catalog, CatalogEntry, CatalogSurvey } from '../../ports/catalog.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { RawReader } from '../../ports/raw-reader.ts';
import type { CatalogProgress } from '../plan/catalog.ts';
import { type LakeSurvey, overSurvey, surveyLake } from '../plan/survey.ts';

export interface CopyDeps {
  readonly lake: ObjectStore;
  readonly catalog: Catalog;
  readonly reader: RawReader;
  readonly deliveryKey: Uint8Array;
}

/** One delivery in raw. */
export interface Copy {
  readonly rawObject: string;
  readonly rawRow: number;
  readonly receivedAtMicros: bigint;
  readonly source: string;
  readonly bodyBytes: number;
  /** To put copies in order; never shown, since it can be searched. */
  readonly bodySha256: string;
  /** The event it tells of. */
  readonly eventId: string;
  readonly evaluation: Evaluation;
  /** The shape its words give it; undefined when they give none. */
  readonly shape: string | undefined;
}

export interface Copies {
  /** `offered`: the key is one of rows that events offer. */
  readonly kind: 'event' | 'offered';
  readonly copies: readonly Copy[];
  /** Objects that cannot be read, which may hold others. */
  readonly unreadable: readonly string[];
}

/** Undefined when no delivery in raw may give a row to the key. Reads objects that the catalog does not know. */
export async function findCopies(
  deps: CopyDeps,
  pipeline: CompiledPipeline,
  key: string,
  onProgress: (progress: CatalogProgress) => void,
): Promise<Copies | undefined> {
  const unreadable: string[] = [];
  const onEntries = (entries: readonly CatalogEntry[]): void => {
    for (const entry of entries) if (entry.unreadable !== undefined) unreadable.push(entry.object.key);
  };
  const look = (): Promise<LakeSurvey> => {
    unreadable.length = 0;
    return surveyLake(deps, pipeline, { only: [], onProgress, onEntries });
  };
  return overSurvey(look, async ({ survey }) => {
    const ofKey = await deliveriesOf(deps, pipeline, survey, [key], (keys) => keys.includes(key));
    const events = new Set(ofKey.map((copy) => copy.eventId));
    if (events.size === 0) return undefined;
    if (events.size === 1 && events.has(key)) return { kind: 'event', copies: ofKey, unreadable };
    // Of each event that offers the row also the copies that do not: one of them may win.
    const copies = await deliveriesOf(deps, pipeline, survey, [...events], ([eventId]) => events.has(eventId ?? ''));
    return { kind: 'offered', copies, unreadable };
  });
}

/** Deliveries that `wanted` by their keys, the event's first, ascending by object and row. */
async function deliveriesOf(
  deps: CopyDeps,
  pipeline: CompiledPipeline,
  survey: CatalogSurvey,
  keys: readonly string[],
  wanted: (keys: readonly string[]) => boolean,
): Promise<Copy[]> {
  const evaluator = new Evaluator(pipeline, deps.deliveryKey);
  const copies: Copy[] = [];
  for (const rawObject of await survey.holding(keys)) {
    const local = await deps.lake.fetch(rawObject);
    try {
      for await (const batch of deps.reader.read(local.path, undefined, LIMITS.bodyBytesMax)) {
        for (const raw of batch) {
          const dates = datesOf(pipeline, raw);
          if (!wanted(dates.keys.map((one) => one.key))) continue;
          copies.push(copyOf(pipeline, evaluator, rawObject, raw, dates.keys[0]?.key ?? ''));
        }
      }
    } catch (error) {
      // It could be read when the catalog was made: whatever is left of it is no copy any more.
      if (!isRepriseError(error) || error.code !== 'UnreadableObject') throw error;
    } finally {
      await local.release();
    }
  }
  return copies;
}

function copyOf(
  pipeline: CompiledPipeline,
  evaluator: Evaluator,
  rawObject: string,
  raw: RawRow,
  eventId: string,
): Copy {
  return {
    rawObject,
    rawRow: raw.row,
    receivedAtMicros: raw.receivedAtMicros,
    source: raw.source ?? '',
    bodyBytes: raw.bodyBytes,
    bodySha256: raw.bodySha256,
    eventId,
    evaluation: evaluator.evaluate(raw),
    shape: shapeOf(pipeline, raw),
  };
}

function shapeOf(pipeline: CompiledPipeline, raw: RawRow): string | undefined {
  const source = pipeline.sources.get(raw.source ?? '');
  const read = raw.body === undefined ? undefined : readJson(raw.body, LIMITS.depthMax);
  if (source === undefined || read === undefined || !read.ok) return undefined;
  const version = versionOf(read.value, source.compiledVersions);
  if ('fault' in version) return undefined;
  const shape = dispatch(source, version.name, read.value);
  return typeof shape === 'string' ? undefined : shape.name;
}
