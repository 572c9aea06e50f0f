/**
 * The functions Step Functions adds to JSONata, and those it, or a repeatable run, replaces: `$eval` is refused, `$random`
 * and `$shuffle` draw from the seed, `$now` and `$millis` read the injected clock. JSONata maps an undefined argument to
 * an undefined result; so do these.
 */
import { createHash } from 'node:crypto';
import jsonata from 'jsonata';
import { rangeMembersMax } from './limits.ts';
import { type Random, seededRandom } from './random.ts';

const hashAlgorithms: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

const formatTime = jsonata('$fromMillis($at_ms, $picture, $timezone)');

/** Bound anew for every evaluation: `random` is the scope's, `nowMs` the instant the evaluation began. */
export function stepFunctions(random: Random, nowMs: number): Record<string, (...args: never[]) => unknown> {
  return {
    partition,
    range,
    hash,
    parse: (text: unknown) => (text === undefined ? undefined : JSON.parse(asText('$parse', text))),
    uuid: () => random.uuid(),
    random: (seed: unknown) => (seed === undefined ? random.next() : seededRandom(`random/${String(seed)}`).next()),
    shuffle: (members: unknown) => shuffle(members, random),
    millis: () => nowMs,
    now: (picture: unknown, timezone: unknown) => formatTime.evaluate(undefined, { at_ms: nowMs, picture, timezone }),
    eval: () => {
      throw new Error('$eval is not supported by Step Functions');
    },
  };
}

/** $partition([1,2,3], 2) is [[1,2],[3]]. A lone value is a list of one: JSONata has collapsed it on the way. */
function partition(members: unknown, size: unknown): unknown {
  if (members === undefined) return undefined;
  if (!Number.isSafeInteger(size) || (size as number) < 1) {
    throw new Error(`$partition needs a whole chunk size of at least 1, got ${String(size)}`);
  }
  const list = Array.isArray(members) ? members : [members];
  const chunks: unknown[] = [];
  for (let start = 0; start < list.length; start += size as number) {
    chunks.push(list.slice(start, start + (size as number)));
  }
  return chunks;
}

/** $range(1, 9, 2) is [1,3,5,7,9]: both ends belong, as in States.ArrayRange. */
function range(first: unknown, last: unknown, step: unknown): unknown {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  if (![first, last, step].every((bound) => Number.isSafeInteger(bound)) || step === 0) {
    throw new Error('$range needs three whole numbers, the last of which is not 0');
  }
  const [from, to, by] = [first as number, last as number, step as number];
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  if (length > rangeMembersMax) throw new Error(`$range of ${length} members exceeds ${rangeMembersMax}`);
  return Array.from({ length }, (_, index) => from + index * by);
}

function hash(text: unknown, algorithm: unknown): unknown {
  if (text === undefined) return undefined;
  const digest = hashAlgorithms[String(algorithm)];
  if (digest === undefined) {
    throw new Error(`$hash knows ${Object.keys(hashAlgorithms).join(', ')}, not ${String(algorithm)}`);
  }
  return createHash(digest).update(asText('$hash', text), 'utf8').digest('hex');
}

function shuffle(members: unknown, random: Random): unknown {
  if (members === undefined) return undefined;
  const list = Array.isArray(members) ? [...members] : [members];
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.next() * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}

function asText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${name} needs a string, got ${typeof value}`);
  return value;
}
