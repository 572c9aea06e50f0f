// Which deliveries of an object count for a window although they are dated outside of it: those of events that have another
// copy in it. The plan names these events for each object, and whatever else is outside is dropped as soon as it is dated.

import type { CompiledPipeline } from '../../model/compile.ts';
import { datesOf } from '../../model/dating.ts';
import { keyHash } from '../../model/keyed.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { parseDay } from '../../model/time.ts';
import { endDay, type Window } from './window.ts';

/** Hashes as base64 of 8 bytes each, little-endian. */
export const encodedEvents = (hashes: readonly bigint[]): string =>
  Buffer.from(BigUint64Array.from(hashes).buffer).toString('base64');

/** What `encodedEvents` gave. */
export function decodedEvents(text: string): ReadonlySet<bigint> {
  const bytes = Buffer.from(text, 'base64');
  const hashes = new Set<bigint>();
  for (let at = 0; at + 8 <= bytes.length; at += 8) hashes.add(bytes.readBigUInt64LE(at));
  return hashes;
}

/**
 * Whether a delivery counts for the window: it is dated there, may give a row there, or is a copy of one of the events.
 * @param secret what events are hashed with, of sealKey
 */
export function countsFor(
  pipeline: CompiledPipeline,
  window: Window,
  events: ReadonlySet<bigint>,
  secret: string,
): (raw: RawRow) => boolean {
  const [fromDay, toDay] = [parseDay(window.from) as number, endDay(window)];
  const isIn = (day: number): boolean => day >= fromDay && day < toDay;
  return (raw) => {
    const { day, keys } = datesOf(pipeline, raw);
    if (isIn(day) || keys.some((one) => isIn(one.day))) return true;
    if (events.size === 0) return false;
    return [...new Set(keys.map(({ eventKey }) => eventKey))].some((key) => events.has(keyHash(secret, key)));
  };
}
