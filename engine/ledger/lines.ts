// Documents of JSON lines, written and read in pieces: lists that grow with the lake travel in them, and nobody holds one
// whole.

import type { ObjectStore } from '../../ports/object-store.ts';

const WRITTEN_BYTES = 256 * 1024;
/** One request reads so much. */
const READ_BYTES = 4 * 1024 * 1024;
const LINE_END = 10;

/** Each item as a line, in pieces. */
export async function* encodedLines(
  items: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let lines: string[] = [];
  let length = 0;
  for await (const item of items) {
    const line = `${JSON.stringify(item)}\n`;
    lines.push(line);
    length += line.length;
    if (length < WRITTEN_BYTES) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
    length = 0;
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''));
}

/** The document's lines in order; `onPiece` hears of its bytes before they are given. A missing document has none. */
export async function* readLines(
  store: ObjectStore,
  key: string,
  onPiece: (piece: Uint8Array) => void = () => {},
): AsyncGenerator<string, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for (let from = 0; ; ) {
    const piece = await store.range(key, from, READ_BYTES);
    if (piece === undefined) return;
    onPiece(piece);
    from += piece.length;
    const bytes = rest.length === 0 ? bufferOf(piece) : Buffer.concat([rest, piece]);
    let at = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, at)) {
      yield bytes.toString('utf8', at, end);
      at = end + 1;
    }
    rest = bytes.subarray(at);
    if (piece.length === READ_BYTES) continue;
    if (rest.length > 0) yield rest.toString('utf8');
    return;
  }
}

/** The document's lines from the last to the first. */
export async function* readLinesBackwards(store: ObjectStore, key: string): AsyncGenerator<string, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for (let to = (await store.head(key))?.bytes ?? 0; to > 0; ) {
    const from = Math.max(0, to - READ_BYTES);
    const piece = await store.range(key, from, to - from);
    if (piece === undefined) return;
    const bytes = Buffer.concat([piece, rest]);
    let end = bytes.length;
    for (let at = end; ; end = at) {
      at = end === 0 ? -1 : bytes.lastIndexOf(LINE_END, end - 1);
      if (at < 0) break;
      if (at + 1 < end) yield bytes.toString('utf8', at + 1, end);
    }
    rest = bytes.subarray(0, end);
    to = from;
  }
  if (rest.length > 0) yield rest.toString('utf8');
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
