// Copies an object whose columns are in the codec that DuckDB lacks, LZ4 as Hadoop frames it: the pages of the raw
// columns are appended without compression, and the footer points to them. Everything else stays where it is.

import { chmod, constants, copyFile, type FileHandle, open } from 'node:fs/promises';
import { HADOOP_LZ4, type ParquetFooter, RAW_COLUMNS, readExactly } from './footer.ts';
import { RAW_READ_LIMITS } from './limits.ts';
import { decompressHadoopLz4, Lz4Fault } from './lz4.ts';
import { DATA_PAGE_V2, type PageHeader, readPageHeader } from './page-header.ts';
import { ThriftFault } from './thrift.ts';
import { editStruct, type StructEdit } from './thrift-edit.ts';
import { unreadable } from './unreadable.ts';

const UNCOMPRESSED = 0;

/** Where a chunk's pages stand in the copy. */
interface Moved {
  readonly start: number;
  readonly dictionary: number | undefined;
  readonly data: number;
  readonly bytes: number;
}

/** True when a raw column of the object is in that codec. */
export const needsPlainCopy = (footer: ParquetFooter): boolean =>
  footer.rowGroups.some((group) => RAW_COLUMNS.some((name) => group.chunks[name].codec === HADOOP_LZ4));

/** Writes the copy. Throws UnreadableFile for pages that are damaged or too large; file errors pass. */
export async function copyPlain(path: string, copy: string, footer: ParquetFooter): Promise<void> {
  await copyFile(path, copy, constants.COPYFILE_FICLONE);
  // It has the original's permissions: maybe for others, maybe not to be written.
  await chmod(copy, 0o600);
  const file = await open(copy, 'r+');
  try {
    const footerBytes = await readExactly(file, footer.at, footer.bytes);
    let end = footer.at;
    const moved: Map<number, Moved>[] = [];
    for (const group of footer.rowGroups) {
      const places = new Map<number, Moved>();
      for (const name of RAW_COLUMNS) {
        const chunk = group.chunks[name];
        if (chunk.codec !== HADOOP_LZ4) continue;
        const place = await movePages(file, chunk, end);
        places.set(footer.columns[name].leaf, place);
        end = place.start + place.bytes;
      }
      moved.push(places);
    }
    const edited = editStruct(footerBytes, 0, RAW_READ_LIMITS.footerDepthMax, footerEdit(moved));
    const tail = Buffer.alloc(8, 'PAR1');
    tail.writeUInt32LE(edited.length, 0);
    tail.write('PAR1', 4, 'latin1');
    await file.truncate(end);
    await writeAt(file, end, Buffer.concat([edited, tail]));
  } catch (error) {
    throw error instanceof ThriftFault || error instanceof Lz4Fault ? unreadable('corrupt') : error;
  } finally {
    await file.close();
  }
}

/** FileMetaData.row_groups.columns.meta_data; the indexes of pages would point to the old ones. */
const footerEdit = (moved: readonly ReadonlyMap<number, Moved>[]): StructEdit => ({
  4: {
    edit: 'structs',
    fields: (group) => ({ 1: { edit: 'structs', fields: (leaf) => chunkEdit(moved[group]?.get(leaf)) } }),
  },
});

function chunkEdit(moved: Moved | undefined): StructEdit | undefined {
  if (moved === undefined) return undefined;
  const drop = { edit: 'drop' } as const;
  const integer = (value: number) => ({ edit: 'integer', value }) as const;
  return {
    2: integer(moved.start),
    3: {
      edit: 'struct',
      fields: {
        4: integer(UNCOMPRESSED),
        7: integer(moved.bytes),
        9: integer(moved.data),
        10: drop,
        11: moved.dictionary === undefined ? drop : integer(moved.dictionary),
        14: drop,
        15: drop,
      },
    },
    4: drop,
    5: drop,
    6: drop,
    7: drop,
  };
}

/** Appends the pages of a chunk at `to`, one at a time. */
async function movePages(
  file: FileHandle,
  chunk: {
    readonly start: number;
    readonly compressed: number;
    readonly uncompressed: number;
    readonly values: number;
  },
  to: number,
): Promise<Moved> {
  const end = chunk.start + chunk.compressed;
  let at = chunk.start;
  let written = to;
  let values = 0;
  let dictionary: number | undefined;
  let data: number | undefined;
  while (values < chunk.values && at < end) {
    const { page, head } = await readPageHeader((from, bytes) => readExactly(file, from, bytes), at, end);
    if (page.compressed > end - at - page.headerBytes) throw unreadable('corrupt');
    if (page.uncompressed > RAW_READ_LIMITS.pageBytesMax) throw unreadable('corrupt');
    const body = plainPage(page, await readExactly(file, at + page.headerBytes, page.compressed));
    const header = editStruct(head, 0, RAW_READ_LIMITS.footerDepthMax, {
      3: { edit: 'integer', value: body.length },
      4: { edit: 'drop' },
    });
    if (page.isDictionary) dictionary = written;
    else data ??= written;
    await writeAt(file, written, Buffer.concat([header, body]));
    written += header.length + body.length;
    at += page.headerBytes + page.compressed;
    values += page.isDictionary ? 0 : page.values;
  }
  if (data === undefined && chunk.values > 0) throw unreadable('corrupt');
  return { start: to, dictionary, data: data ?? to, bytes: written - to };
}

function plainPage(page: PageHeader, body: Uint8Array): Uint8Array {
  const levels = page.type === DATA_PAGE_V2 ? page.levels : 0;
  if ((page.type === DATA_PAGE_V2 && !page.isCompressed) || body.length === levels) return body;
  const plain = decompressHadoopLz4(body.subarray(levels), page.uncompressed - levels);
  return Buffer.concat([body.subarray(0, levels), plain]);
}

async function writeAt(file: FileHandle, at: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
