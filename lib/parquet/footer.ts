// The footer of a raw object, checked before any engine is trusted with the file: where its three columns are, that
// what it declares fits into the file and into our limits, and which bytes mark a column as text. Reads no data.

import { open } from 'node:fs/promises';
import { RAW_READ_LIMITS } from './limits.ts';
import { size } from './shown-size.ts';
import { BINARY, LIST, STRUCT, ThriftFault, ThriftReader } from './thrift.ts';
import { unreadable } from './unreadable.ts';

export const RAW_COLUMNS = ['received_at', 'source', 'body'] as const;
export type RawColumn = (typeof RAW_COLUMNS)[number];

/** A byte of the file and what to make of it. */
export interface BytePatch {
  readonly at: number;
  readonly to: number;
}

export interface FooterColumn {
  /** Place among the columns of the top level. */
  readonly place: number;
  /** Place among the chunks of a row group. */
  readonly leaf: number;
  /** Bytes to change so that the column is binary instead of text; none when it is not text. */
  readonly asBinary: readonly BytePatch[];
  /** A number that means a time; else bytes. */
  readonly isTime: boolean;
  readonly isOptional: boolean;
  /** Of Parquet's type for columns that hold nothing but nulls. */
  readonly isNull: boolean;
}

export interface FooterRowGroup {
  readonly rows: number;
  /** On disk, all columns. */
  readonly bytes: number;
  readonly chunks: Readonly<Record<RawColumn, FooterChunk>>;
}

/** The pages of one column in one row group. */
export interface FooterChunk {
  readonly start: number;
  readonly compressed: number;
  readonly uncompressed: number;
  readonly values: number;
  readonly codec: number;
  readonly encodings: readonly number[];
}

/** A file without rows: whatever its columns are, there is nothing to read. */
export interface EmptyFooter {
  readonly rows: 0;
  readonly rowGroups: readonly [];
}

export interface ParquetFooter {
  /** Where it stands in the file, and how long it is. */
  readonly at: number;
  readonly bytes: number;
  readonly rows: number;
  readonly rowGroups: readonly FooterRowGroup[];
  readonly columnCount: number;
  /** The bytes that declare the columns: files with the same have the same columns of the same types. */
  readonly schema: string;
  readonly columns: Readonly<Record<RawColumn, FooterColumn>>;
}

/**
 * Reads and checks the footer.
 * @throws UnreadableFile; an error of the system when the file itself cannot be opened
 */
export async function readParquetFooter(path: string): Promise<ParquetFooter | EmptyFooter> {
  const file = await open(path, 'r');
  try {
    const fileBytes = (await file.stat()).size;
    const bytes = await footerBytes((at, length) => readExactly(file, at, length), fileBytes);
    const footer = parseFooter(bytes, fileBytes - 8 - bytes.length, fileBytes);
    return footer;
  } finally {
    await file.close();
  }
}

/** The bytes of the file from `at` on. Throws UnreadableFile when it ends before. */
export async function readExactly(
  file: { read(buffer: Uint8Array, offset: number, length: number, at: number): Promise<{ bytesRead: number }> },
  at: number,
  length: number,
): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(buffer, done, length - done, at + done);
    if (bytesRead === 0) throw unreadable('truncated');
    done += bytesRead;
  }
  return buffer;
}

/** The footer's bytes, checked to be there. Throws UnreadableFile. */
export async function footerBytes(
  read: (at: number, length: number) => Promise<Uint8Array>,
  fileBytes: number,
): Promise<Uint8Array> {
  if (fileBytes < 4) throw unreadable(fileBytes === 0 ? 'empty file' : 'no Parquet file');
  const head = await read(0, 4);
  if (latin1(head) === 'PARE') throw unreadable('encrypted');
  if (latin1(head) !== 'PAR1') throw unreadable('no Parquet file');
  if (fileBytes < 12) throw unreadable('truncated');
  const tail = await read(fileBytes - 8, 8);
  if (latin1(tail.subarray(4)) !== 'PAR1') throw unreadable('truncated');
  const length = new DataView(tail.buffer).getUint32(0, true);
  if (length > fileBytes - 12) throw unreadable('corrupt footer');
  if (length > RAW_READ_LIMITS.footerBytesMax) {
    throw unreadable(`footer of ${size(length)}, limit ${size(RAW_READ_LIMITS.footerBytesMax)}`);
  }
  return read(fileBytes - 8 - length, length);
}

interface SchemaElement {
  name: string;
  type: number | undefined;
  repetition: number;
  children: number;
  converted: number | undefined;
  logical: number | undefined;
  asBinary: BytePatch[];
}

type Chunk = { -readonly [Field in keyof FooterChunk]: FooterChunk[Field] } & { external: boolean };

/** Exported for tests: `footerAt` is where the footer stands in the file. */
export function parseFooter(footer: Uint8Array, footerAt: number, fileBytes: number): ParquetFooter | EmptyFooter {
  const schema: SchemaElement[] = [];
  const groups: { rows: number; chunks: Chunk[] }[] = [];
  let rows = -1;
  let declared = '';
  try {
    const reader = new ThriftReader(footer, 0, RAW_READ_LIMITS.footerDepthMax);
    reader.struct((id, type) => {
      if (id === 2 && type === LIST) {
        const from = reader.at;
        reader.list(STRUCT, () => {
          if (schema.length >= RAW_READ_LIMITS.schemaElementsMax) {
            throw unreadable(`more than ${RAW_READ_LIMITS.schemaElementsMax} columns`);
          }
          schema.push(schemaElement(reader, footer, footerAt));
        });
        declared = latin1(footer.subarray(from, reader.at));
      } else if (id === 3 && isInteger(type)) rows = reader.integer();
      else if (id === 4 && type === LIST) {
        reader.list(STRUCT, () => {
          if (groups.length >= RAW_READ_LIMITS.rowGroupsMax) {
            throw unreadable(`more than ${RAW_READ_LIMITS.rowGroupsMax} row groups`);
          }
          groups.push(rowGroup(reader));
        });
      } else return false;
      return true;
    });
  } catch (error) {
    throw error instanceof ThriftFault ? unreadable('corrupt footer') : error;
  }
  const { top, leaves } = topLevel(schema);
  if (rows === 0 && groups.every((group) => group.rows === 0)) return { rows: 0, rowGroups: [] };
  const columns = {
    received_at: column(top, 'received_at'),
    source: column(top, 'source'),
    body: column(top, 'body'),
  };
  if (rows < 0 || rows > RAW_READ_LIMITS.rowsMax) throw unreadable('corrupt footer');
  let total = 0;
  const compressedTotal = [0, 0, 0];
  const rowGroups = groups.map((group, index): FooterRowGroup => {
    const { rows: groupRows, chunks } = group;
    if (!Number.isSafeInteger(groupRows) || groupRows < 0 || chunks.length !== leaves)
      throw unreadable('corrupt footer');
    if (groupRows > RAW_READ_LIMITS.rowGroupRowsMax) {
      throw unreadable(`row group ${index} declares ${groupRows} rows, limit ${RAW_READ_LIMITS.rowGroupRowsMax}`);
    }
    total += groupRows;
    for (const [place, name] of RAW_COLUMNS.entries()) {
      const chunk = chunks[columns[name].leaf];
      if (chunk === undefined) throw unreadable('corrupt footer');
      if (groupRows > 0) compressedTotal[place]! += chunk.compressed;
      checkChunk(chunk, name, index, groupRows, fileBytes - 8 - footer.length);
    }
    return {
      rows: groupRows,
      bytes: chunks.reduce((sum, chunk) => sum + Math.max(0, chunk.compressed), 0),
      chunks: {
        received_at: chunks[columns.received_at.leaf] as Chunk,
        source: chunks[columns.source.leaf] as Chunk,
        body: chunks[columns.body.leaf] as Chunk,
      },
    };
  });
  if (total !== rows) throw unreadable('corrupt footer');
  // Row groups that share their bytes would let a small file stand for any number of rows.
  if (compressedTotal.some((bytes) => bytes > fileBytes)) throw unreadable('row groups overlap');
  return { at: footerAt, bytes: footer.length, rows, rowGroups, columnCount: top.length, schema: declared, columns };
}

function schemaElement(reader: ThriftReader, footer: Uint8Array, footerAt: number): SchemaElement {
  const element: SchemaElement = {
    name: '',
    type: undefined,
    repetition: 0,
    children: 0,
    converted: undefined,
    logical: undefined,
    asBinary: [],
  };
  reader.struct((id, type, headerAt) => {
    if (id === 1 && isInteger(type)) element.type = reader.integer();
    else if (id === 3 && isInteger(type)) element.repetition = reader.integer();
    else if (id === 4 && type === BINARY) element.name = Buffer.from(reader.binary()).toString('utf8');
    else if (id === 5 && isInteger(type)) element.children = reader.integer();
    else if (id === 6 && type === I32) {
      element.converted = reader.integer();
      // As a 64-bit integer, which looks the same, it is another field than the format knows, and is skipped.
      const short = (footer[headerAt] ?? 0) & 0xf0;
      if (isText(CONVERTED_TEXT, element.converted))
        element.asBinary.push({ at: footerAt + headerAt, to: short | I64 });
    } else if (id === 10 && type === STRUCT) {
      reader.struct((member, memberType, memberAt) => {
        element.logical = member;
        if (isText(LOGICAL_TEXT, member)) {
          // A header is one byte (id and type together), or the type alone followed by the id.
          element.asBinary.push(
            reader.at === memberAt + 1
              ? { at: footerAt + memberAt, to: (LOGICAL_UNKNOWN << 4) | memberType }
              : { at: footerAt + memberAt + 1, to: LOGICAL_UNKNOWN * 2 },
          );
        }
        return false;
      });
    } else return false;
    return true;
  });
  return element;
}

/** Converted types UTF8, ENUM and JSON; logical types STRING, ENUM and JSON. */
const CONVERTED_TEXT = [0, 4, 19];
const LOGICAL_TEXT = [1, 4, 12];
/** No logical type that the format has. */
const LOGICAL_UNKNOWN = 15;
const I32 = 5;
const I64 = 6;
const LOGICAL_TIMESTAMP = 8;
const CONVERTED_TIMESTAMPS = [9, 10];
const isText = (list: readonly number[], value: number): boolean => list.includes(value);
const isInteger = (type: number): boolean => type === I32 || type === I64;

function rowGroup(reader: ThriftReader): { rows: number; chunks: Chunk[] } {
  const group: { rows: number; chunks: Chunk[] } = { rows: -1, chunks: [] };
  reader.struct((id, type) => {
    if (id === 1 && type === LIST) reader.list(STRUCT, () => void group.chunks.push(columnChunk(reader)));
    else if (id === 3 && isInteger(type)) group.rows = reader.integer();
    else return false;
    return true;
  });
  return group;
}

const NOTHING = { start: -1, compressed: -1, uncompressed: -1, values: -1, external: false, codec: 0 };
function columnChunk(reader: ThriftReader): Chunk {
  const encodings: number[] = [];
  const chunk: Chunk = { ...NOTHING, encodings };
  let dictionary = 0;
  reader.struct((id, type) => {
    if (id === 1 && type === BINARY) {
      chunk.external = reader.binary().length > 0;
      return true;
    }
    if (id !== 3 || type !== STRUCT) return false;
    reader.struct((member, memberType) => {
      if (member === 2 && memberType === LIST)
        return reader.list(I32, () => void encodings.push(reader.integer())) >= 0;
      if (!isInteger(memberType)) return false;
      if (member === 4) chunk.codec = reader.integer();
      else if (member === 5) chunk.values = reader.integer();
      else if (member === 6) chunk.uncompressed = reader.integer();
      else if (member === 7) chunk.compressed = reader.integer();
      else if (member === 9) chunk.start = reader.integer();
      else if (member === 11) dictionary = reader.integer();
      else return false;
      return true;
    });
    return true;
  });
  if (dictionary > 0 && dictionary < chunk.start) chunk.start = dictionary;
  return chunk;
}

function topLevel(schema: readonly SchemaElement[]): { top: (SchemaElement & { leaf: number })[]; leaves: number } {
  const root = schema[0];
  const top: (SchemaElement & { leaf: number })[] = [];
  if (root === undefined) throw unreadable('corrupt footer');
  let leaves = 0;
  let at = 1;
  for (let place = 0; place < root.children; place++) {
    const element = schema[at];
    if (element === undefined) throw unreadable('corrupt footer');
    top.push({ ...element, leaf: leaves });
    // Steps over the whole subtree, however deep.
    for (let open = 1; open > 0; open--) {
      const node = schema[at++];
      if (node === undefined || node.children < 0) throw unreadable('corrupt footer');
      if (node.type !== undefined && node.children === 0) leaves++;
      open += node.children;
    }
  }
  if (at !== schema.length) throw unreadable('corrupt footer');
  return { top, leaves };
}

const TYPE_NAMES = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'];
const INT64 = 2;
const INT96 = 3;
const BYTE_ARRAY = 6;
const OPTIONAL = 1;
const REPEATED = 2;
/** The type of a column that was written without one, because it holds nothing but nulls. */
const LOGICAL_NULL = 11;

function column(top: readonly (SchemaElement & { leaf: number })[], name: RawColumn): FooterColumn {
  const places = [...top.keys()].filter((place) => top[place]?.name === name);
  const place = places[0];
  if (place === undefined) throw unreadable(`no column ${name}`);
  if (places.length > 1) throw unreadable(`two columns ${name}`);
  const element = top[place]!;
  if (element.children > 0 || element.type === undefined) throw unreadable(`column ${name} is nested`);
  if (element.repetition === REPEATED) throw unreadable(`column ${name} is repeated`);
  const isTimestamp = element.logical === LOGICAL_TIMESTAMP || CONVERTED_TIMESTAMPS.includes(element.converted ?? -1);
  const isTime = name === 'received_at' && (element.type === INT96 || (element.type === INT64 && isTimestamp));
  const isOptional = element.repetition === OPTIONAL;
  const isNull = element.logical === LOGICAL_NULL && isOptional && name !== 'received_at';
  if (!isBytes(element) && !isTime && !isNull) throw unreadable(`column ${name} is ${typeName(element)}`);
  return { place, leaf: element.leaf, asBinary: element.asBinary, isTime, isOptional, isNull };
}

/** Text, or bytes without a meaning of their own. */
function isBytes(element: SchemaElement): boolean {
  if (element.type !== BYTE_ARRAY) return false;
  const { converted, logical } = element;
  return (
    (converted === undefined || isText(CONVERTED_TEXT, converted)) &&
    (logical === undefined || isText(LOGICAL_TEXT, logical))
  );
}

function typeName(element: SchemaElement): string {
  const name = TYPE_NAMES[element.type ?? -1] ?? 'of an unknown type';
  if (element.logical === 5 || element.converted === 5) return `${name} DECIMAL`;
  if (element.logical === 6 || element.converted === 6) return `${name} DATE`;
  if (element.logical === LOGICAL_TIMESTAMP) return `${name} TIMESTAMP`;
  return name;
}

/** LZ4 as Hadoop frames it: DuckDB reads LZ4 itself (LZ4_RAW) only, so such objects are read from a plain copy. */
export const HADOOP_LZ4 = 5;
const UNSUPPORTED_CODECS: Readonly<Record<number, string>> = { 3: 'LZO' };
const CODEC_MAX = 7;

function checkChunk(chunk: Chunk, name: RawColumn, group: number, rows: number, dataEnd: number): void {
  const limit = RAW_READ_LIMITS.columnChunkBytesMax;
  if (chunk.external) throw unreadable(`column ${name} is in another file`);
  const { start, compressed, uncompressed, values, codec } = chunk;
  if (codec < 0 || codec > CODEC_MAX) throw unreadable('corrupt footer');
  const unsupported = UNSUPPORTED_CODECS[codec];
  if (unsupported !== undefined) throw unreadable(`column ${name} is compressed by ${unsupported}`);
  // A row group without rows has no pages, or pages of nothing; what it says of their place is not looked at.
  if (rows === 0) return;
  if (compressed < 0 || uncompressed < 0 || values !== rows) throw unreadable('corrupt footer');
  if (start < 4 || start + compressed > dataEnd) throw unreadable(`row group ${group} points beyond the file`);
  if (uncompressed > limit) {
    throw unreadable(`row group ${group} declares ${size(uncompressed)} for ${name}, limit ${size(limit)}`);
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
