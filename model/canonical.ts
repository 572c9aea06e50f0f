// The canonical text of a row, and its hash. SQL computes the same one from the stored columns, so that a row can be
// proved equal to what was computed here. How a value becomes text is for its column's type to say, not for this file.

import { createHash } from 'node:crypto';

/**
 * A value as canonical text: `-` for null, else the length in UTF-8 bytes, `:` and the text. No two rows share a
 * concatenation. In DuckDB: `coalesce(strlen(x) || ':' || x, '-')`.
 */
export function canonicalValue(text: string | null): string {
  return text === null ? '-' : `${Buffer.byteLength(text, 'utf8')}:${text}`;
}

/**
 * The hash of a row: sha256, in lower-case hex, over the UTF-8 of its canonical values with nothing between them.
 * @param texts the text of each column in column order, null for null; well-formed UTF-16, as readJson gives it
 */
export function rowHash(texts: readonly (string | null)[]): string {
  let row = '';
  for (const text of texts) row += canonicalValue(text);
  return createHash('sha256').update(row, 'utf8').digest('hex');
}
