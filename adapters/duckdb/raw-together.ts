// Reads many small raw objects by one query. An object is given only once all of its rows are there; of those that are
// not small, or that something is the matter with, nothing is said: reading them one by one says what it is.

import { readFileSync } from 'node:fs';
import { type EmptyFooter, footerBytes, type ParquetFooter, parseFooter } from '../../lib/parquet/footer.ts';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import { checkPagesOf } from '../../lib/parquet/page-checks.ts';
import { needsPlainCopy } from '../../lib/parquet/plain-copy.ts';
import { UnreadableFile } from '../../lib/parquet/unreadable.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { WholeObject } from '../../ports/raw-reader.ts';
import type { Duck } from './instance.ts';
import { leave, placedRows, prepareScan } from './raw-scan.ts';
import { scanParts } from './wide-scan.ts';

export interface SmallObject {
  readonly place: number;
  readonly path: string;
  readonly footer: ParquetFooter;
}

/** Those of the objects that can be read together, by their columns: files of one list have the same. */
export async function smallObjects(paths: readonly string[]): Promise<SmallObject[][]> {
  const bySchema = new Map<string, SmallObject[]>();
  for (const [place, path] of paths.entries()) {
    const footer = await smallFooter(path);
    if (footer === undefined) continue;
    const others = bySchema.get(footer.schema);
    if (others === undefined) bySchema.set(footer.schema, [{ place, path, footer }]);
    else others.push({ place, path, footer });
  }
  return [...bySchema.values()].flatMap((objects) => [...bounded(objects)]);
}

async function smallFooter(path: string): Promise<ParquetFooter | undefined> {
  const content = contentOf(path);
  if (content === undefined || content.length > RAW_READ_LIMITS.smallBytesMax) return undefined;
  try {
    const footer = await footerOf(content);
    if (isEmpty(footer)) return undefined;
    const isSmall =
      footer.rows <= RAW_READ_LIMITS.batchRowsMax && unpackedBytes(footer) <= RAW_READ_LIMITS.smallBytesMax;
    if (!isSmall || footer.rowGroups.some(({ rows }) => rows === 0) || needsPlainCopy(footer)) return undefined;
    // A few bodies in a dictionary may stand for many rows.
    if (scanParts(footer, { from: 0, to: footer.rows }, LIMITS.bodyBytesMax).some((part) => part.wide))
      return undefined;
    await checkPagesOf(content, footer);
    return footer;
  } catch (error) {
    if (error instanceof UnreadableFile) return undefined;
    throw error;
  }
}

/** Synchronous: awaiting each of many small calls takes many times as long. */
function contentOf(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

async function footerOf(content: Uint8Array): Promise<ParquetFooter | EmptyFooter> {
  // Copies: whoever reads numbers in them takes a view of all that is behind.
  const read = async (at: number, length: number): Promise<Uint8Array> =>
    new Uint8Array(content.subarray(at, at + length));
  const bytes = await footerBytes(read, content.length);
  return parseFooter(bytes, content.length - 8 - bytes.length, content.length);
}

const isEmpty = (footer: ParquetFooter | EmptyFooter): footer is EmptyFooter => footer.rows === 0;

const unpackedBytes = ({ rowGroups }: ParquetFooter): number =>
  rowGroups.reduce((sum, { chunks }) => sum + Object.values(chunks).reduce((all, one) => all + one.uncompressed, 0), 0);

/** As many as one query takes. */
function* bounded(objects: readonly SmallObject[]): Generator<SmallObject[], void, undefined> {
  let some: SmallObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    const own = unpackedBytes(object.footer);
    if (some.length > 0 && bytes + own > RAW_READ_LIMITS.batchBytesMax) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(object);
    bytes += own;
  }
  if (some.length > 0) yield some;
}

/** The objects whose rows all came, in their order; ends at the first whose rows did not. Throws what DuckDB says. */
export async function* readTogether(
  duck: Duck,
  objects: readonly SmallObject[],
  bodyBytesMax: number,
): AsyncGenerator<WholeObject, void, undefined> {
  const [first] = objects;
  if (first === undefined) return;
  const paths = objects.map(({ path }) => path);
  const connection = await duck.connect();
  try {
    const scan = await prepareScan(connection, paths, first.footer, bodyBytesMax);
    const result = await connection.stream(scan.sql({ from: 0, to: RAW_READ_LIMITS.batchRowsMax }));
    let at = 0;
    let rows: RawRow[] = [];
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      for (const { file, row } of placedRows(chunk, scan.timeForm)) {
        // Files come in their order, whole, and rows in theirs: whatever is not so is read again, one by one.
        if (file !== at || row.row !== rows.length) return;
        rows.push(row);
        const { place, footer } = objects[at] as SmallObject;
        if (rows.length < footer.rows) continue;
        yield { place, footer: shapeOf(footer), rows };
        rows = [];
        at++;
      }
    }
  } finally {
    leave(connection);
  }
}

const shapeOf = ({ rows, rowGroups }: ParquetFooter): WholeObject['footer'] => ({
  rows,
  rowGroups: rowGroups.map((group) => ({ rows: group.rows, bytes: group.bytes })),
});
