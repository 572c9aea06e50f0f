// What the pages of a raw object say about themselves, checked before DuckDB reads them: it ignores the checksum of a
// page and that of gzip (zstd's it checks), and of an encoding that it lacks it says only that it failed. Only the three
// raw columns are looked at.

import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createGunzip, gunzipSync } from 'node:zlib';
import {
  type FooterChunk,
  type FooterColumn,
  type ParquetFooter,
  RAW_COLUMNS,
  type RawColumn,
  readExactly,
} from './footer.ts';
import { RAW_READ_LIMITS } from './limits.ts';
import { DATA_PAGE, DATA_PAGE_V2, type PageHeader, readPageHeader } from './page-header.ts';
import { unreadable } from './unreadable.ts';

/** Rows `[from, to)`. */
interface RowRange {
  readonly from: number;
  readonly to: number;
}

const GZIP = 2;
const RLE = 3;

/** Parquet's encodings by number. */
const ENCODINGS = [
  ...['PLAIN', 'GROUP_VAR_INT', 'PLAIN_DICTIONARY', 'RLE', 'BIT_PACKED', 'DELTA_BINARY_PACKED'],
  ...['DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY', 'RLE_DICTIONARY', 'BYTE_STREAM_SPLIT'],
];
/** What DuckDB decodes, for values of a variable length and for times. */
const OF_BYTES = ['PLAIN', 'PLAIN_DICTIONARY', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY', 'RLE_DICTIONARY'];
const OF_TIMES = ['PLAIN', 'PLAIN_DICTIONARY', 'DELTA_BINARY_PACKED', 'RLE_DICTIONARY'];

/**
 * Reads the pages of the raw columns in every row group that holds rows of the range, in pieces of bounded bytes.
 * @throws UnreadableFile when a declared checksum does not fit, counts contradict each other, or DuckDB lacks the encoding
 */
export async function checkPages(path: string, footer: ParquetFooter, range: RowRange): Promise<void> {
  await checkFile(await open(path, 'r'), footer, range);
}

/** The same of an object whose content is at hand. */
export async function checkPagesOf(content: Uint8Array, footer: ParquetFooter): Promise<void> {
  const read: OpenObject['read'] = async (buffer, offset, length, at) => {
    const piece = content.subarray(at, at + length);
    buffer.set(piece, offset);
    return { bytesRead: piece.length };
  };
  await checkFile({ read, close: async () => {} }, footer, { from: 0, to: footer.rows });
}

interface OpenObject {
  read(buffer: Uint8Array, offset: number, length: number, at: number): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

async function checkFile(opened: OpenObject, footer: ParquetFooter, range: RowRange): Promise<void> {
  const file = new Window(opened, footer.at);
  try {
    let first = 0;
    for (const [group, { rows, chunks }] of footer.rowGroups.entries()) {
      const isRead = rows > 0 && first < range.to && first + rows > range.from;
      first += rows;
      if (!isRead) continue;
      for (const name of RAW_COLUMNS) await checkChunk(file, name, footer.columns[name], chunks[name], group);
    }
  } finally {
    await file.close();
  }
}

async function checkChunk(
  file: Window,
  name: RawColumn,
  column: FooterColumn,
  chunk: FooterChunk,
  group: number,
): Promise<void> {
  const end = chunk.start + chunk.compressed;
  let at = chunk.start;
  let values = 0;
  while (values < chunk.values) {
    if (at >= end) throw unreadable('corrupt');
    const { page } = await readPageHeader((from, bytes) => file.read(from, bytes), at, end);
    at += page.headerBytes;
    if (page.compressed > end - at) throw unreadable('corrupt');
    checkEncoding(name, column, page);
    if (page.crc !== undefined && (await checksumOf(file, at, page.compressed)) !== page.crc) {
      throw unreadable(`a page of column ${name} in row group ${group} does not fit its checksum`);
    }
    const levels = page.type === DATA_PAGE_V2 ? page.levels : 0;
    const isPacked = chunk.codec !== 0 && (page.type !== DATA_PAGE_V2 || page.isCompressed) && page.compressed > levels;
    if (!isPacked && page.compressed !== page.uncompressed && page.compressed > levels) throw unreadable('corrupt');
    if (isPacked && chunk.codec === GZIP) {
      const isWhole = await isWholeGzip(file, at + levels, page.compressed - levels, page.uncompressed - levels);
      if (!isWhole) throw unreadable(`a page of column ${name} in row group ${group} does not fit its gzip checksum`);
    }
    at += page.compressed;
    if (page.type === DATA_PAGE || page.type === DATA_PAGE_V2) values += page.values;
  }
  if (values !== chunk.values) throw unreadable('corrupt');
}

function checkEncoding(name: RawColumn, column: FooterColumn, page: PageHeader): void {
  if (page.encoding === undefined) return;
  const encoding = ENCODINGS[page.encoding] ?? `number ${page.encoding}`;
  if (!(column.isTime ? OF_TIMES : OF_BYTES).includes(encoding)) {
    throw unreadable(
      `column ${name} is in the encoding ${encoding}, which cannot be decoded here`,
      'write the object again in another encoding (PLAIN), then replay the dates it was received at',
    );
  }
  if (column.isOptional && page.levelEncoding !== undefined && page.levelEncoding !== RLE) {
    const levels = ENCODINGS[page.levelEncoding] ?? `number ${page.levelEncoding}`;
    throw unreadable(
      `column ${name} has its nulls in the encoding ${levels}, which cannot be decoded here`,
      'write the object again by a current Parquet library, then replay the dates it was received at',
    );
  }
}

async function checksumOf(file: Window, at: number, bytes: number): Promise<number> {
  let sum = 0;
  for await (const piece of file.pieces(at, bytes)) sum = crc32(piece, sum);
  return sum;
}

/** Whether the gzip stream ends in the checksum and the length of what it holds: `expected` bytes. */
async function isWholeGzip(file: Window, at: number, bytes: number, expected: number): Promise<boolean> {
  try {
    if (bytes + expected <= RAW_READ_LIMITS.pageBytesAtOnce) {
      return gunzipSync(await file.read(at, bytes), { maxOutputLength: Math.max(1, expected) }).length === expected;
    }
    let held = 0;
    await pipeline(file.pieces(at, bytes), createGunzip(), async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) {
        held += piece.length;
        if (held > expected) return;
      }
    });
    return held === expected;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE') return false;
    throw error;
  }
}

/** A file read in order. Of a small one, all is read at once; of a large one no more than is asked for, so that pages
 * without a checksum are passed over. */
class Window {
  readonly #file: OpenObject;
  /** Nothing is read from here on. */
  readonly end: number;
  #from = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(file: OpenObject, end: number) {
    this.#file = file;
    this.end = end;
  }

  /** Valid until the next read. */
  async read(at: number, bytes: number): Promise<Uint8Array> {
    const isHeld = at >= this.#from && at + bytes <= this.#from + this.#bytes.length;
    if (!isHeld) {
      const ahead = this.end <= RAW_READ_LIMITS.pieceBytes ? this.end - at : bytes;
      this.#bytes = await readExactly(this.#file, at, Math.max(bytes, ahead));
      this.#from = at;
    }
    return this.#bytes.subarray(at - this.#from, at - this.#from + bytes);
  }

  async *pieces(at: number, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let done = 0; done < bytes; ) {
      const piece = await this.read(at + done, Math.min(RAW_READ_LIMITS.pieceBytes, bytes - done));
      // A copy: whoever is given it may keep it while the next one is read.
      yield Uint8Array.from(piece);
      done += piece.length;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
