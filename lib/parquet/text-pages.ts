// The pages of one row group's bodies, and copies of some of them as small Parquet files of that one column: DuckDB holds
// all pages of a vector at once, so that a large row group is read page by page. The pages are copied as they are.

import { type FileHandle, open } from 'node:fs/promises';
import { type FooterChunk, readExactly } from './footer.ts';
import { RAW_READ_LIMITS } from './limits.ts';
import { DATA_PAGE, DATA_PAGE_V2, readPageHeader } from './page-header.ts';
import { size } from './shown-size.ts';
import { STRUCT } from './thrift.ts';
import { binaryField, integerField, listField, structField, thriftStruct } from './thrift-write.ts';
import { unreadable } from './unreadable.ts';

const COPY_BYTES = 1024 * 1024;
const PLAIN = 0;
const DICTIONARIES = [2, 8];
/** What declares no more bytes than its values have: no dictionary, nothing shared with the value before. */
const FLAT_ENCODINGS = [0, 3, 4, 6];

export interface BodyPage {
  readonly at: number;
  /** With its header. */
  readonly bytes: number;
  readonly uncompressed: number;
  readonly values: number;
  readonly encoding: number;
}

export interface BodyPages {
  readonly dictionary: BodyPage | undefined;
  readonly pages: readonly BodyPage[];
}

/** Some pages that follow one another. */
export interface Piece {
  readonly pages: readonly BodyPage[];
  readonly rows: number;
  readonly uncompressed: number;
  /** Its values take no more bytes than it declares. */
  readonly isFlat: boolean;
}

/** Whether the values of the chunk may take no more bytes than it declares. */
export const isFlatChunk = (chunk: FooterChunk): boolean =>
  chunk.encodings.length > 0 && chunk.encodings.every((encoding) => FLAT_ENCODINGS.includes(encoding));

/** Reads the headers of the chunk's pages. Throws UnreadableFile. */
export async function readBodyPages(path: string, chunk: FooterChunk): Promise<BodyPages> {
  const file = await open(path, 'r');
  try {
    const end = chunk.start + chunk.compressed;
    const pages: BodyPage[] = [];
    let dictionary: BodyPage | undefined;
    let values = 0;
    const read = (at: number, bytes: number): Promise<Uint8Array> => readExactly(file, at, bytes);
    for (let at = chunk.start; values < chunk.values && at < end; ) {
      const { page: header } = await readPageHeader(read, at, end);
      const { uncompressed, encoding = PLAIN, type } = header;
      const page = { at, bytes: header.headerBytes + header.compressed, uncompressed, values: header.values, encoding };
      if (page.bytes > end - at) throw unreadable('corrupt');
      refuseLarge(uncompressed);
      if (header.isDictionary) dictionary = page;
      else if (type === DATA_PAGE || type === DATA_PAGE_V2) {
        pages.push(page);
        values += page.values;
      }
      at += page.bytes;
    }
    if (values !== chunk.values) throw unreadable('corrupt');
    return { dictionary, pages };
  } finally {
    await file.close();
  }
}

function refuseLarge(bytes: number): void {
  if (bytes <= RAW_READ_LIMITS.pageBytesMax) return;
  throw unreadable(`a page of ${size(bytes)}, limit ${size(RAW_READ_LIMITS.pageBytesMax)}`);
}

/** Cuts pages into pieces of bounded bytes; a larger page is a piece of its own. */
export function cutPieces(pages: readonly BodyPage[]): Piece[] {
  const pieces: Piece[] = [];
  for (const page of pages) {
    if (page.values === 0) continue;
    const last = pieces.at(-1);
    const isFlat = FLAT_ENCODINGS.includes(page.encoding);
    if (last !== undefined && last.uncompressed + page.uncompressed <= RAW_READ_LIMITS.bodyPieceBytes) {
      pieces[pieces.length - 1] = {
        pages: [...last.pages, page],
        rows: last.rows + page.values,
        uncompressed: last.uncompressed + page.uncompressed,
        isFlat: last.isFlat && isFlat,
      };
    } else pieces.push({ pages: [page], rows: page.values, uncompressed: page.uncompressed, isFlat });
  }
  return pieces;
}

/** Writes the piece as a file of one column, `body`, of bytes. */
export async function writePiece(
  path: string,
  copy: string,
  piece: Piece,
  { dictionary, codec, isOptional }: { dictionary: BodyPage | undefined; codec: number; isOptional: boolean },
): Promise<void> {
  const needsDictionary = piece.pages.some((page) => DICTIONARIES.includes(page.encoding));
  if (needsDictionary && dictionary === undefined) throw unreadable('corrupt');
  const pages = needsDictionary && dictionary !== undefined ? [dictionary, ...piece.pages] : piece.pages;
  const from = await open(path, 'r');
  const to = await open(copy, 'w');
  try {
    await to.write(Buffer.from('PAR1', 'latin1'));
    const places: number[] = [];
    let end = 4;
    for (const page of pages) {
      places.push(end);
      end += await copyBytes(from, page.at, page.bytes, to);
    }
    const footer = footerOf({
      rows: piece.rows,
      codec,
      isOptional,
      encodings: [...new Set(pages.map((page) => page.encoding)), PLAIN],
      bytes: end - 4,
      uncompressed: pages.reduce((sum, page) => sum + page.uncompressed, 0),
      data: places[needsDictionary ? 1 : 0] as number,
      dictionary: needsDictionary ? 4 : undefined,
    });
    const tail = Buffer.alloc(8, 'PAR1');
    tail.writeUInt32LE(footer.length, 0);
    tail.write('PAR1', 4, 'latin1');
    await to.write(Buffer.concat([footer, tail]));
  } finally {
    await from.close();
    await to.close();
  }
}

async function copyBytes(from: FileHandle, at: number, bytes: number, to: FileHandle): Promise<number> {
  for (let done = 0; done < bytes; ) {
    const piece = await readExactly(from, at + done, Math.min(COPY_BYTES, bytes - done));
    await to.write(piece);
    done += piece.length;
  }
  return bytes;
}

/** FileMetaData of parquet.thrift for one row group of one column. */
function footerOf(file: {
  readonly rows: number;
  readonly codec: number;
  readonly isOptional: boolean;
  readonly encodings: readonly number[];
  readonly bytes: number;
  readonly uncompressed: number;
  readonly data: number;
  readonly dictionary: number | undefined;
}): Uint8Array {
  const I32 = 5;
  const I64 = 6;
  const BYTE_ARRAY = 6;
  const root = thriftStruct([binaryField(4, 'raw'), integerField(5, I32, 1)]);
  const leaf = thriftStruct([
    integerField(1, I32, BYTE_ARRAY),
    integerField(3, I32, file.isOptional ? 1 : 0),
    binaryField(4, 'body'),
  ]);
  const column = thriftStruct([
    integerField(1, I32, BYTE_ARRAY),
    listField(2, I32, file.encodings),
    listField(3, 8, ['body']),
    integerField(4, I32, file.codec),
    integerField(5, I64, file.rows),
    integerField(6, I64, file.uncompressed),
    integerField(7, I64, file.bytes),
    integerField(9, I64, file.data),
    ...(file.dictionary === undefined ? [] : [integerField(11, I64, file.dictionary)]),
  ]);
  const chunk = thriftStruct([integerField(2, I64, 4), structField(3, column)]);
  const group = thriftStruct([
    listField(1, STRUCT, [chunk]),
    integerField(2, I64, file.uncompressed),
    integerField(3, I64, file.rows),
  ]);
  return thriftStruct([
    integerField(1, I32, 1),
    listField(2, STRUCT, [root, leaf]),
    integerField(3, I64, file.rows),
    listField(4, STRUCT, [group]),
  ]);
}
