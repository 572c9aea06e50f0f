// The header of a page, read without trusting it. Headers stand before each page of a column chunk, and no checksum
// covers them.

import { RAW_READ_LIMITS } from './limits.ts';
import { STRUCT, ThriftFault, ThriftReader } from './thrift.ts';
import { unreadable } from './unreadable.ts';

export const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
export const DATA_PAGE_V2 = 3;

/** A page header is some dozen bytes, but may carry the least and the greatest value of its page: tried in turn. */
const PAGE_HEADER_BYTES = [4096, 1024 * 1024];

export interface PageHeader {
  headerBytes: number;
  type: number;
  uncompressed: number;
  compressed: number;
  values: number;
  /** Of the values; undefined for a page that has none. */
  encoding: number | undefined;
  /** Of the definition levels of a first-version page. */
  levelEncoding: number | undefined;
  /** The declared crc32 of the page as it is on disk, without its header. */
  crc: number | undefined;
  /** Bytes of levels before the values, which version 2 never compresses. */
  levels: number;
  isCompressed: boolean;
  isDictionary: boolean;
}

/** The header at `at`, and the bytes that were read to find it. Throws UnreadableFile when there is none before `end`. */
export async function readPageHeader(
  read: (at: number, bytes: number) => Promise<Uint8Array>,
  at: number,
  end: number,
): Promise<{ page: PageHeader; head: Uint8Array }> {
  for (const bytes of PAGE_HEADER_BYTES) {
    const head = await read(at, Math.min(bytes, end - at));
    try {
      return { page: pageHeader(head), head };
    } catch (error) {
      if (!(error instanceof ThriftFault)) throw error;
    }
  }
  throw unreadable('corrupt');
}

/** PageHeader of parquet.thrift: what is needed to find and to decompress the page. */
function pageHeader(bytes: Uint8Array): PageHeader {
  const reader = new ThriftReader(bytes, 0, RAW_READ_LIMITS.footerDepthMax);
  let described: number | undefined;
  const page: PageHeader = {
    headerBytes: 0,
    type: -1,
    uncompressed: -1,
    compressed: -1,
    values: 0,
    encoding: undefined,
    levelEncoding: undefined,
    crc: undefined,
    levels: 0,
    isCompressed: true,
    isDictionary: false,
  };
  reader.struct((id, type) => {
    if (id === 1) page.type = reader.integer();
    else if (id === 2) page.uncompressed = reader.integer();
    else if (id === 3) page.compressed = reader.integer();
    else if (id === 4) page.crc = reader.integer() >>> 0;
    else if ((id === 5 || id === 7 || id === 8) && type === STRUCT) {
      described = DESCRIBES[id];
      page.isDictionary = id === 7;
      reader.struct((member, memberType) => {
        if (member === 1) page.values = reader.integer();
        else if (member === ENCODING_FIELD[id]) page.encoding = reader.integer();
        else if (id === 5 && member === 3) page.levelEncoding = reader.integer();
        else if (id === 8 && (member === 5 || member === 6)) page.levels += reader.integer();
        else if (id === 8 && member === 7) page.isCompressed = memberType === 1;
        else return false;
        return true;
      });
    } else return false;
    return true;
  });
  page.headerBytes = reader.at;
  // A page that says it is of one kind, and is described as another, is passed over by some readers and not by others.
  if (described !== undefined && described !== page.type) throw unreadable('corrupt');
  const sound = page.compressed >= 0 && page.uncompressed >= 0 && page.values >= 0 && page.levels >= 0;
  if (!sound || page.levels > page.compressed || page.levels > page.uncompressed) throw unreadable('corrupt');
  return page;
}

/** The kind of page that each description belongs to. */
const DESCRIBES: Readonly<Record<number, number>> = { 5: DATA_PAGE, 7: DICTIONARY_PAGE, 8: DATA_PAGE_V2 };

/** Where a data page, a dictionary and a data page of version 2 name the encoding of their values. */
const ENCODING_FIELD: Readonly<Record<number, number>> = { 5: 2, 7: 2, 8: 4 };
