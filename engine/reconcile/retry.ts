// Which of what stands in the quarantine today's transforms would accept, and which dates have to be planned whole to have
// it. Reads just the deliveries that are quarantined; changes nothing but the catalog.

import type { CompiledPipeline } from '../../model/compile.ts';
import { datesOf } from '../../model/dating.ts';
import { isRepriseError } from '../../model/errors.ts';
import { Evaluator } from '../../model/evaluate.ts';
import { LIMITS } from '../../model/limits.ts';
import { formatDay } from '../../model/time.ts';
import type { Quarantine, QuarantineFilter, QuarantinePlace } from '../../ports/inspector.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { type CatalogDeps, readObjects } from '../plan/catalog.ts';
import { datesOfEntry } from '../plan/entry-dates.ts';
import { type Window, windowsOver } from '../plan/window.ts';

export interface RetryDeps extends CatalogDeps {
  readonly quarantine: Quarantine;
  readonly deliveryKey: Uint8Array;
  onProgress(objectsDone: number, objects: number): void;
}

export interface Retrial {
  readonly entries: number;
  /** By the reason for which they are quarantined. */
  readonly accepted: Readonly<Record<string, number>>;
  /** Why they are quarantined → why they would be rejected today. */
  readonly rejected: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Entries whose raw object is not in the lake any more, or cannot be read. */
  readonly notRead: number;
  readonly objectsReadable: readonly string[];
  readonly objectsUnreadable: readonly string[];
  /** Whole plans of these bring what is accepted. */
  readonly windows: readonly Window[];
}

/** Bounded by the entries of one object, whatever the quarantine holds. */
export async function tryQuarantined(
  deps: RetryDeps,
  pipeline: CompiledPipeline,
  filter: QuarantineFilter,
): Promise<Retrial> {
  const trial = new Trial();
  const keys = await deps.quarantine.objects(pipeline, filter);
  for (const [done, key] of keys.entries()) {
    deps.onProgress(done, keys.length);
    const places = await deps.quarantine.places(pipeline, filter, key);
    const object = await deps.lake.head(key);
    if (object === undefined) trial.notRead += places.length;
    else await tryObject(deps, pipeline, object, places, trial);
  }
  return trial.result();
}

async function tryObject(
  deps: RetryDeps,
  pipeline: CompiledPipeline,
  object: ObjectInfo,
  places: readonly QuarantinePlace[],
  trial: Trial,
): Promise<void> {
  const rows = new Map(places.filter(({ rawRow }) => rawRow >= 0).map((place) => [place.rawRow, place]));
  if (places.length > rows.size) await tryWholeObject(deps, pipeline, object, trial);
  if (rows.size === 0) return;
  const evaluator = new Evaluator(pipeline, deps.deliveryKey);
  const range = { from: Math.min(...rows.keys()), to: Math.max(...rows.keys()) + 1 };
  const local = await deps.lake.fetch(object.key);
  try {
    for await (const batch of deps.reader.read(local.path, range, LIMITS.bodyBytesMax)) {
      for (const raw of batch) {
        const place = rows.get(raw.row);
        if (place === undefined) continue;
        rows.delete(raw.row);
        const today = evaluator.evaluate(raw);
        if (!today.accepted) trial.reject(place.reason, today.reason);
        else {
          const { day, keys } = datesOf(pipeline, raw);
          const dates = [day, ...keys.map((key) => key.day)].map(formatDay);
          trial.accept(place.reason, place.date === null ? dates : [...dates, place.date]);
        }
      }
    }
  } catch (error) {
    if (!isRepriseError(error) || error.code !== 'UnreadableObject') throw error;
  } finally {
    await local.release();
  }
  trial.notRead += rows.size;
}

/** An object that could not be read may have been mended, or its kind is understood by now. */
async function tryWholeObject(
  deps: RetryDeps,
  pipeline: CompiledPipeline,
  object: ObjectInfo,
  trial: Trial,
): Promise<void> {
  trial.entries++;
  const entry = (await readObjects(deps, pipeline, [object], () => {})).get(object.key);
  if (entry === undefined || entry.unreadable !== undefined) trial.objectsUnreadable.push(object.key);
  else trial.readable(object.key, datesOfEntry(entry));
}

class Trial {
  entries = 0;
  notRead = 0;
  readonly objectsUnreadable: string[] = [];
  readonly #objectsReadable: string[] = [];
  readonly #accepted: Record<string, number> = {};
  readonly #rejected: Record<string, Record<string, number>> = {};
  readonly #dates = new Set<string>();

  accept(reason: string, dates: readonly string[]): void {
    this.entries++;
    this.#accepted[reason] = (this.#accepted[reason] ?? 0) + 1;
    for (const date of dates) this.#dates.add(date);
  }

  reject(reason: string, today: string): void {
    this.entries++;
    const counts = this.#rejected[reason] ?? {};
    counts[today] = (counts[today] ?? 0) + 1;
    this.#rejected[reason] = counts;
  }

  readable(key: string, dates: readonly string[]): void {
    this.#objectsReadable.push(key);
    for (const date of dates) this.#dates.add(date);
  }

  result(): Retrial {
    return {
      entries: this.entries + this.notRead,
      accepted: this.#accepted,
      rejected: this.#rejected,
      notRead: this.notRead,
      objectsReadable: this.#objectsReadable,
      objectsUnreadable: this.objectsUnreadable,
      windows: windowsOver(this.#dates),
    };
  }
}
