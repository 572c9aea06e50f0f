// The documents that hold the objects of a coverage, one for each arrival date, under
// `coverage/<pipeline>/dt=<arrival>/<sequence>-<sha256>.json`. They are never changed: what changes a day writes another one,
// and names it in the root. `sequence` is the number of the root that a document first belongs to; that number is used by one
// root only, so that whoever is slower never takes away what a root names.

import { sha256Hex } from '../../model/digest.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { CoverageRoot } from './coverage-root.ts';
import { type DayObjects, decodeDay, encodeDay, type ObjectCoverage } from './covered-day.ts';

/** A document that a root names is gone, or not what its name says: it was replaced meanwhile, or is damaged. */
export class ShardLost extends Error {
  readonly key: string;
  readonly isMissing: boolean;

  constructor(key: string, isMissing: boolean) {
    super(`control/${key} is ${isMissing ? 'missing' : 'not what its name says'}`);
    this.key = key;
    this.isMissing = isMissing;
  }
}

export class CoverageShards {
  readonly #control: ObjectStore;
  readonly #folder: string;

  constructor(control: ObjectStore, pipeline: string) {
    this.#control = control;
    this.#folder = `coverage/${pipeline}/`;
  }

  /** Throws ShardLost. */
  async read(date: string, shard: string): Promise<Map<string, ObjectCoverage>> {
    const key = this.#keyOf(date, shard);
    const content = await this.#control.read(key);
    if (content === undefined) throw new ShardLost(key, true);
    if (sha256Hex(content) !== digestOf(shard)) throw new ShardLost(key, false);
    return decodeDay(Buffer.from(content).toString('utf8'));
  }

  /** Gives the name under which the day is kept: `before` when that holds the same already. */
  async write(date: string, sequence: number, day: DayObjects, before: string | undefined): Promise<string> {
    const content = Buffer.from(encodeDay(day));
    const digest = sha256Hex(content);
    if (before !== undefined && digestOf(before) === digest) return before;
    const shard = `${sequence}-${digest}`;
    await this.#control.writeNamed([content], () => this.#keyOf(date, shard));
    return shard;
  }

  /** The greatest number that any document has; 0 for none. */
  async lastSequence(): Promise<number> {
    let last = 0;
    for await (const { key } of this.#control.list(this.#folder)) last = Math.max(last, placeOf(key).sequence);
    return last;
  }

  /**
   * Removes what the root has replaced, and what writers left behind that were slower or died. Later ones belong to writers
   * at work. What cannot be removed now is removed when the day changes next.
   * @param dates undefined: all there are
   */
  async clean(root: CoverageRoot, dates: Iterable<string> | undefined): Promise<void> {
    const prefixes = dates === undefined ? [this.#folder] : [...dates].map((date) => `${this.#folder}dt=${date}/`);
    try {
      for (const prefix of prefixes) {
        const listed: string[] = [];
        for await (const { key } of this.#control.list(prefix)) listed.push(key);
        for (const key of listed) {
          const { date, shard, sequence } = placeOf(key);
          if (sequence <= root.sequence && root.days[date]?.shard !== shard) await this.#control.remove(key);
        }
      }
    } catch (error) {
      if (!isRepriseError(error)) throw error;
    }
  }

  #keyOf(date: string, shard: string): string {
    return `${this.#folder}dt=${date}/${shard}.json`;
  }
}

const digestOf = (shard: string): string => shard.slice(shard.indexOf('-') + 1);

/** Whatever else is there belongs to nobody. */
function placeOf(key: string): { readonly date: string; readonly shard: string; readonly sequence: number } {
  const [, date = '', shard = ''] = /\/dt=([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
  return { date, shard, sequence: Number.parseInt(shard, 10) || 0 };
}
