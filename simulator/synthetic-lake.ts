// A lake of any number of raw objects that are listed and have no content: what planning and reconciling cost when the
// catalog already knows every object. All that it says of an object is derived from the object's key, so that nothing is
// held. Whatever would read or change an object fails.

import { sha256Hex } from '../model/digest.ts';
import { formatDay, parseDay } from '../model/time.ts';
import type { NamedContent, ObjectInfo, ObjectStore } from '../ports/object-store.ts';

export interface SyntheticLakeOptions {
  readonly pipeline: string;
  readonly objects: number;
  /** Days on which objects arrived, one after another. */
  readonly days: number;
  /** The first of them, YYYY-MM-DD. */
  readonly firstDate: string;
}

export interface SyntheticObject {
  readonly info: ObjectInfo;
  /** Place of its arrival day among those of the lake. */
  readonly day: number;
  /** Place of it among those that arrived on the day. */
  readonly place: number;
}

const HOURS = 24;
const PLACE_DIGITS = 5;
const BYTES_MIN = 24_000_000;
const BYTES_SPREAD = 16_000_000;

export class SyntheticLake implements ObjectStore {
  readonly days: number;
  readonly #prefix: string;
  readonly #objects: number;
  readonly #firstDay: number;

  /** @throws RangeError for more objects on one day than their names have room for */
  constructor({ pipeline, objects, days, firstDate }: SyntheticLakeOptions) {
    const perDayMax = 10 ** PLACE_DIGITS;
    if (objects > days * perDayMax)
      throw new RangeError(`${objects} objects in ${days} days are more than ${perDayMax} a day`);
    this.days = days;
    this.#prefix = `raw/${pipeline}/`;
    this.#objects = objects;
    this.#firstDay = parseDay(firstDate) as number;
  }

  /** Of the day at that place, YYYY-MM-DD; a place below 0 is before the lake begins. */
  dateOf(day: number): string {
    return formatDay(this.#firstDay + day);
  }

  /** How many objects arrived on the day: as many as on any other, to within one. */
  objectsOn(day: number): number {
    return Math.floor(((day + 1) * this.#objects) / this.days) - Math.floor((day * this.#objects) / this.days);
  }

  /** What arrived on the day, ascending by key. */
  *arrivedOn(day: number): Generator<SyntheticObject, void, undefined> {
    for (let place = 0; place < this.objectsOn(day); place++)
      yield { info: infoOf(this.#keyOf(day, place)), day, place };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    for (let day = 0; day < this.days; day++) {
      const folder = `${this.#prefix}dt=${this.dateOf(day)}/`;
      if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) continue;
      for (let place = 0; place < this.objectsOn(day); place++) {
        const key = this.#keyOf(day, place);
        if (key.startsWith(prefix)) yield infoOf(key);
      }
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const [, date = '', place = ''] = /\/dt=(\d{4}-\d{2}-\d{2})\/.*-(\d+)\.parquet$/.exec(key) ?? [];
    const day = (parseDay(date) ?? Number.NaN) - this.#firstDay;
    const isThere = day >= 0 && day < this.days && Number(place) < this.objectsOn(day);
    return isThere && key === this.#keyOf(day, Number(place)) ? infoOf(key) : undefined;
  }

  read(key: string): Promise<Uint8Array | undefined> {
    return refuse('read', key);
  }

  range(key: string): Promise<Uint8Array | undefined> {
    return refuse('range', key);
  }

  write(key: string): Promise<'written' | 'lost'> {
    return refuse('write', key);
  }

  writeNamed(): Promise<NamedContent> {
    return refuse('writeNamed', 'content');
  }

  writeFile(key: string): Promise<'written' | 'lost'> {
    return refuse('writeFile', key);
  }

  fetch(key: string): Promise<{ readonly path: string; release(): Promise<void> }> {
    return refuse('fetch', key);
  }

  digest(key: string): Promise<string | undefined> {
    return refuse('digest', key);
  }

  remove(key: string): Promise<void> {
    return refuse('remove', key);
  }

  #keyOf(day: number, place: number): string {
    const hour = String(Math.floor((place * HOURS) / this.objectsOn(day))).padStart(2, '0');
    const part = String(place).padStart(PLACE_DIGITS, '0');
    return `${this.#prefix}dt=${this.dateOf(day)}/hour=${hour}/part-${part}.parquet`;
  }
}

/** Versions are what a store of content would give: 64 hex digits. */
function infoOf(key: string): ObjectInfo {
  const version = sha256Hex(key);
  return { key, bytes: BYTES_MIN + (Number.parseInt(version.slice(0, 8), 16) % BYTES_SPREAD), version };
}

/** No error of the engine's own, which it might take for an object that is damaged or gone. */
async function refuse(request: string, key: string): Promise<never> {
  throw new Error(`a synthetic lake has no content and does not change: ${request} of ${key}`);
}
