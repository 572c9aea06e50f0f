// What is kept of the source of a delivery when the pipeline does not list it. It may be anything, a card number or a
// whole body: columns get swapped. What looks like a name stays, since it says which producer is missing.

import { keyedHash } from './keyed.ts';

/** A name as sources have: it begins with a letter; no more digits than a year has, and never three in a row. */
const NAME = /^(?!.*[0-9]{3})(?!(?:.*[0-9]){5})[a-z][a-z0-9_.-]{0,63}$/;
const KEPT_DIGEST = /^~[0-9a-f]{32}, [0-9]+ bytes$/;

/**
 * The source as tables, stage, messages and documents may have it: listed ones, other spellings of them, and names stay as
 * they came. Anything else becomes a digest with the home's key, equal for equal texts, and its size.
 */
export function keptSource(isListed: (name: string) => boolean, key: Uint8Array, source: string | null): string | null {
  if (source === null || isListed(source) || NAME.test(source)) return source;
  if (source.length <= 64 && isListed(source.trim().toLowerCase())) return source;
  return `~${keyedHash(key, 'source', source)}, ${Buffer.byteLength(source)} bytes`;
}

/** Of a source that was kept, maybe by a version that kept it as it came. */
export const shownSource: typeof keptSource = (isListed, key, source) =>
  source !== null && KEPT_DIGEST.test(source) ? source : keptSource(isListed, key, source);
