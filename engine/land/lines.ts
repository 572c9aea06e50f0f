// Cuts a stream of bytes into lines of text, and says which line is none. It knows nothing of what a line holds.

import { RepriseError } from '../../model/errors.ts';
import { decodeUtf8 } from '../../model/json.ts';
import { LAND_LIMITS } from './limits.ts';

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/** Lines that follow one another; `first` is the number, from 1, of the first. */
export interface LineBlock {
  readonly first: number;
  readonly lines: readonly string[];
}

/** A line of the landed file that is no delivery. The reason quotes nothing of it. */
export function notADelivery(line: number, reason: string): RepriseError {
  return new RepriseError(
    'NotADelivery',
    `line ${line} ${reason}; nothing was landed`,
    'correct or leave out that line, then land the file again',
  );
}

/** The last line needs no end. A byte order mark at the very start is dropped. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LineBlock, void, undefined> {
  let open: Uint8Array[] = [];
  let openBytes = 0;
  let first = 1;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const firstLineBytes = openBytes + (end === 0 ? chunk.length : chunk.indexOf(NEWLINE));
    if (firstLineBytes > LAND_LIMITS.lineBytesMax) throw tooLong(first);
    if (end === 0) {
      // Copied: whoever gives the chunks may use its buffer again.
      open.push(chunk.slice());
      openBytes += chunk.length;
      continue;
    }
    const block = cut(joined([...open, chunk.subarray(0, end)]), first);
    yield block;
    first += block.lines.length;
    open = end === chunk.length ? [] : [chunk.slice(end)];
    openBytes = chunk.length - end;
    if (openBytes > LAND_LIMITS.lineBytesMax) throw tooLong(first);
  }
  if (openBytes > 0) yield cut(joined(open), first);
}

/** Line by line, since text of ASCII alone, which most lines are, is decoded and parsed much faster. */
function cut(bytes: Uint8Array, first: number): LineBlock {
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline === -1 ? bytes.length : newline;
    const line = decodeUtf8(bytes.subarray(from, to));
    if (line === undefined) throw notADelivery(first + lines.length, 'is not UTF-8');
    lines.push(line);
    from = to + 1;
  }
  if (first === 1 && lines[0]?.startsWith(BYTE_ORDER_MARK)) lines[0] = lines[0].slice(1);
  return { first, lines };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function tooLong(line: number): RepriseError {
  return notADelivery(line, `is longer than ${LAND_LIMITS.lineBytesMax / 1024 ** 2} MB`);
}
