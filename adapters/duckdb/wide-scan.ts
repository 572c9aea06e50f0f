// Reads a row group whose bodies may be too many bytes to be in memory at once. Bodies come page by page from small
// copies (body-pages.ts), where a page is large in ranges of rows whose bytes are known; the two other columns are read
// beside them from the object itself.

import { rm } from 'node:fs/promises';
import type { DuckDBBlobValue, DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { FooterRowGroup, ParquetFooter } from '../../lib/parquet/footer.ts';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import {
  type BodyPages,
  cutPieces,
  isFlatChunk,
  type Piece,
  readBodyPages,
  writePiece,
} from '../../lib/parquet/text-pages.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RowRange } from '../../ports/raw-reader.ts';
import { takeTurn } from '../system/shared-turn.ts';
import { type Duck, releaseChunk } from './instance.ts';
import { readParquet } from './parquet-path.ts';
import { batches, type RawCells, rawRow } from './raw-row.ts';
import { type RawScan, timeOf } from './raw-scan.ts';
import { unreadable } from './unreadable.ts';

export interface WideScanOptions {
  readonly duck: Duck;
  readonly path: string;
  readonly footer: ParquetFooter;
  readonly scan: RawScan;
  readonly bodyBytesMax: number;
  /** Where a piece goes while it is read. */
  readonly pieceFile: string;
  readonly turn: SharedArrayBuffer;
}

/** Rows of the object that are read in one way. */
export interface ScanPart extends RowRange {
  /** Absent: of one or several row groups that are small enough to be read as they are. */
  readonly wide?: { readonly group: FooterRowGroup; readonly firstRow: number };
}

/** Cuts a range by how its row groups are to be read; neighbours that are small are read together. */
export function scanParts(footer: ParquetFooter, range: RowRange, bodyBytesMax: number): ScanPart[] {
  const parts: ScanPart[] = [];
  let firstRow = 0;
  for (const group of footer.rowGroups) {
    const from = Math.max(firstRow, range.from);
    const to = Math.min(firstRow + group.rows, range.to);
    if (from < to) {
      const last = parts.at(-1);
      if (!footer.columns.body.isNull && !isSmall(group, bodyBytesMax))
        parts.push({ from, to, wide: { group, firstRow } });
      else if (last === undefined || last.wide !== undefined) parts.push({ from, to });
      else parts[parts.length - 1] = { from: last.from, to };
    }
    firstRow += group.rows;
  }
  return parts;
}

/** Whether the bodies of no vector of the row group can be more bytes than a piece. */
function isSmall({ rows, chunks }: FooterRowGroup, bodyBytesMax: number): boolean {
  const { body } = chunks;
  const { bodyPieceBytes } = RAW_READ_LIMITS;
  if (isFlatChunk(body) && body.uncompressed <= bodyPieceBytes) return true;
  const longest = Math.min(body.uncompressed, bodyBytesMax);
  return (
    body.uncompressed <= bodyPieceBytes && Math.min(rows, RAW_READ_LIMITS.batchRowsMax) * longest <= bodyPieceBytes
  );
}

/** The rows of one part of a wide row group, ascending. */
export async function* wideBatches(
  options: WideScanOptions,
  part: ScanPart,
): AsyncGenerator<RawRow[], void, undefined> {
  const { duck, path, footer, scan } = options;
  const { group, firstRow } = part.wide as NonNullable<ScanPart['wide']>;
  const found = await readBodyPages(path, group.chunks.body);
  const source = {
    dictionary: found.dictionary,
    codec: group.chunks.body.codec,
    isOptional: footer.columns.body.isOptional,
  };
  const beside = new NarrowRows(await duck.connect(), scan);
  const connection = await duck.connect();
  try {
    await beside.open(part);
    let first = firstRow;
    for (const piece of cutPieces(found.pages)) {
      const range = { from: Math.max(part.from, first) - first, to: Math.min(part.to, first + piece.rows) - first };
      if (range.from < range.to) {
        const release = await turnFor(options.turn, piece, found);
        try {
          await writePiece(path, options.pieceFile, piece, source);
          let row = first + range.from;
          for await (const chunk of bodyChunks(connection, options, piece, range)) {
            const cells = await beside.take(row, chunk.rowCount);
            yield* batches(rowsOf(chunk, cells, row));
            row += chunk.rowCount;
            releaseChunk(chunk);
          }
        } finally {
          release();
        }
      }
      first += piece.rows;
    }
  } finally {
    for (const one of [connection, beside.connection]) {
      one.interrupt();
      one.closeSync();
    }
    await rm(options.pieceFile, { force: true });
  }
}

async function turnFor(turn: SharedArrayBuffer, piece: Piece, { dictionary }: BodyPages): Promise<() => void> {
  const bytes = piece.uncompressed + (dictionary?.uncompressed ?? 0);
  return bytes > RAW_READ_LIMITS.sharedPageBytesMax ? takeTurn(turn) : () => {};
}

/** Chunks of (body, its bytes, its sha256 where it is not loaded) for rows of the piece. */
async function* bodyChunks(
  connection: DuckDBConnection,
  options: WideScanOptions,
  piece: Piece,
  range: RowRange,
): AsyncGenerator<DuckDBDataChunk, void, undefined> {
  const from = readParquet(options.pieceFile);
  const isSmall = piece.isFlat && piece.uncompressed <= RAW_READ_LIMITS.bodyPieceBytes;
  const steps = isSmall ? [range] : await stepsOf(connection, from, range, options.bodyBytesMax);
  for (const step of steps) {
    const result = await connection.stream(`
      SELECT CASE WHEN octet_length(body) <= ${options.bodyBytesMax} THEN body END,
        octet_length(body),
        CASE WHEN octet_length(body) > ${options.bodyBytesMax} THEN sha256(body) END
      FROM ${from} WHERE file_row_number >= ${step.from} AND file_row_number < ${step.to}`);
    let rows = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      rows += chunk.rowCount;
      yield chunk;
    }
    if (rows !== step.to - step.from) throw unreadable('corrupt');
  }
}

/** Cuts the range by the bytes that are to be loaded. */
async function stepsOf(
  connection: DuckDBConnection,
  from: string,
  range: RowRange,
  bodyBytesMax: number,
): Promise<RowRange[]> {
  const steps: RowRange[] = [];
  const result = await connection.stream(`SELECT coalesce(octet_length(body), 0) FROM ${from}`);
  let row = 0;
  let start = range.from;
  let bytes = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const sizes = chunk.getColumnVector(0);
    for (let place = 0; place < chunk.rowCount; place++, row++) {
      if (row < range.from || row >= range.to) continue;
      const size = Number(sizes.getItem(place));
      const loaded = size > bodyBytesMax ? 0 : size;
      if (row > start && bytes + loaded > RAW_READ_LIMITS.pageStepBytes) {
        steps.push({ from: start, to: row });
        start = row;
        bytes = 0;
      }
      bytes += loaded;
    }
  }
  if (row < range.to) throw unreadable('corrupt');
  return [...steps, { from: start, to: range.to }];
}

function* rowsOf(
  chunk: DuckDBDataChunk,
  cells: readonly Pick<RawCells, 'receivedAt' | 'source'>[],
  first: number,
): Generator<RawRow, void, undefined> {
  const bodies = chunk.getColumnVector(0);
  const sizes = chunk.getColumnVector(1);
  const hashes = chunk.getColumnVector(2);
  for (const [place, beside] of cells.entries()) {
    const longHash = hashes.getItem(place) as string | null;
    yield rawRow(first + place, {
      ...beside,
      body: (bodies.getItem(place) as DuckDBBlobValue | null)?.bytes,
      long: longHash === null ? undefined : { bytes: Number(sizes.getItem(place)), sha256: longHash },
    });
  }
}

/** The two other columns, some rows at a time. */
class NarrowRows {
  readonly connection: DuckDBConnection;
  readonly #scan: RawScan;
  #fetch: () => Promise<DuckDBDataChunk | null> = async () => null;
  #chunk: DuckDBDataChunk | null = null;
  #place = 0;

  constructor(connection: DuckDBConnection, scan: RawScan) {
    this.connection = connection;
    this.#scan = scan;
  }

  async open(range: RowRange): Promise<void> {
    const result = await this.connection.stream(this.#scan.besideSql(range));
    this.#fetch = () => result.fetchChunk();
  }

  /** The next rows; `first` is the one that they must begin with. */
  async take(first: number, rows: number): Promise<Pick<RawCells, 'receivedAt' | 'source'>[]> {
    const taken: Pick<RawCells, 'receivedAt' | 'source'>[] = [];
    while (taken.length < rows) {
      if (this.#chunk === null || this.#place === this.#chunk.rowCount) {
        this.#chunk = await this.#fetch();
        this.#place = 0;
        if (this.#chunk === null || this.#chunk.rowCount === 0) throw unreadable('corrupt');
      }
      const place = this.#place++;
      const row = Number(this.#chunk.getColumnVector(0).getItem(place));
      if (row !== first + taken.length) throw unreadable('corrupt');
      taken.push({
        receivedAt: timeOf(this.#chunk.getColumnVector(1).getItem(place), this.#scan.timeForm),
        source: (this.#chunk.getColumnVector(2).getItem(place) as DuckDBBlobValue | null)?.bytes,
      });
    }
    return taken;
  }
}
