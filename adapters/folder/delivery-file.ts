// A file of deliveries, or standard input, as plain bytes. Gzip is told by its first bytes, whatever the name says.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { RepriseError } from '../../model/errors.ts';
import { classifyFileError, codeOf } from '../system/file-errors.ts';

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const CHUNK_BYTES = 256 * 1024;

/**
 * Opens the file; `-` is standard input.
 * @throws NotFound at once when there is no such file; while it is read, NotADelivery when its gzip is cut short or damaged
 */
export async function openDeliveryFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return plainBytes(process.stdin, 'standard input');
  try {
    const file = await open(path, 'r');
    const isFolder = (await file.stat()).isDirectory();
    await file.close();
    if (isFolder) throw notFound(path, 'is a folder');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') throw notFound(path, 'is not there');
    throw classifyFileError(error, `opening ${path}`);
  }
  return plainBytes(createReadStream(path, { highWaterMark: CHUNK_BYTES }), path);
}

async function* plainBytes(source: Readable, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const { head, rest } = await takeHead(source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>);
    if (head[0] !== GZIP_MAGIC[0] || head[1] !== GZIP_MAGIC[1]) {
      if (head.length > 0) yield head;
      yield* rest;
      return;
    }
    const compressed = Readable.from(prepended(head, rest), { objectMode: false });
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    compressed.on('error', (error) => gunzip.destroy(error));
    yield* compressed.pipe(gunzip) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw classifyReading(error, name);
  } finally {
    source.destroy();
  }
}

/** The first two bytes or more, and what comes after them. */
async function takeHead(
  chunks: AsyncIterator<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < GZIP_MAGIC.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, rest: { [Symbol.asyncIterator]: () => chunks } };
}

async function* prepended(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield head;
  yield* rest;
}

function classifyReading(error: unknown, name: string): RepriseError {
  const code = codeOf(error);
  if (code === 'Z_BUF_ERROR') return notADelivery(name, 'is cut short');
  if (code.startsWith('Z_')) return notADelivery(name, 'is damaged');
  return classifyFileError(error, `reading ${name}`);
}

function notADelivery(name: string, how: string): RepriseError {
  return new RepriseError(
    'NotADelivery',
    `the gzip file ${name} ${how}; nothing of it was landed`,
    'fetch the file again, then land it',
  );
}

function notFound(path: string, how: string): RepriseError {
  return new RepriseError('NotFound', `${path} ${how}`, 'name a file of deliveries, or - for standard input');
}
