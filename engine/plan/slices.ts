// Cuts pinned objects into slices of about the same raw bytes: whole objects packed together, large ones by row group.

import type { RowRange } from '../../ports/raw-reader.ts';
import { PLAN_LIMITS } from './limits.ts';
import type { LinePlace, RowGroup, Slice, SlicePart } from './plan-document.ts';

export interface SliceableObject {
  readonly key: string;
  readonly bytes: number;
  readonly version: string;
  readonly rowGroups: readonly RowGroup[];
  readonly line?: LinePlace;
}

export interface SliceLimits {
  readonly bytes: number;
  readonly rows: number;
  readonly objects?: number;
  /** Of the slice as a line of JSON. */
  readonly lineBytes?: number;
}

/** Same objects and limits, same slices. A row group is never cut; a slice may be larger than `bytes` by that. */
export async function* cutSlices(
  objects: AsyncIterable<SliceableObject> | Iterable<SliceableObject>,
  limits: SliceLimits,
): AsyncGenerator<Slice, void, undefined> {
  const { objects: objectsMax = PLAN_LIMITS.sliceObjectsMax, lineBytes: lineBytesMax = PLAN_LIMITS.sliceLineBytesMax } =
    limits;
  let slice = 0;
  let open = emptySlice();
  for await (const object of objects) {
    for (const piece of piecesOf(object, limits)) {
      const lineBytes = Buffer.byteLength(JSON.stringify(piece.part)) + 1;
      const isFull =
        open.bytes + piece.bytes > limits.bytes ||
        open.rows + piece.rows > limits.rows ||
        open.parts.length >= objectsMax ||
        open.lineBytes + lineBytes > lineBytesMax;
      if (open.parts.length > 0 && isFull) {
        yield { slice: slice++, bytes: open.bytes, parts: open.parts };
        open = emptySlice();
      }
      open.parts.push(piece.part);
      open.bytes += piece.bytes;
      open.rows += piece.rows;
      open.lineBytes += lineBytes;
    }
  }
  if (open.parts.length > 0) yield { slice, bytes: open.bytes, parts: open.parts };
}

const emptySlice = (): { parts: SlicePart[]; bytes: number; rows: number; lineBytes: number } => ({
  parts: [],
  bytes: 0,
  rows: 0,
  lineBytes: 0,
});

interface Piece {
  readonly part: SlicePart;
  readonly bytes: number;
  readonly rows: number;
}

function piecesOf({ key, bytes, version, rowGroups, line }: SliceableObject, limits: SliceLimits): Piece[] {
  const rows = rowGroups.reduce((sum, [count]) => sum + count, 0);
  const part = { key, bytes, version, ...(line === undefined ? {} : { line }) };
  if ((bytes <= limits.bytes && rows <= limits.rows) || rowGroups.length < 2) return [{ part, bytes, rows }];
  const declared = rowGroups.reduce((sum, [, size]) => sum + size, 0);
  const pieces: (Piece & { readonly range: RowRange })[] = [];
  let from = 0;
  for (const [count, size] of rowGroups) {
    const to = from + count;
    // A row group's share of the object's bytes: declared sizes may be uncompressed ones.
    const share = Math.ceil((bytes * size) / Math.max(declared, 1));
    const last = pieces.at(-1);
    const fits = last !== undefined && last.bytes + share <= limits.bytes && last.rows + count <= limits.rows;
    const range = { from: fits ? last.range.from : from, to };
    const piece = { part: { ...part, rows: range }, range, bytes: share, rows: count };
    if (fits) pieces[pieces.length - 1] = { ...piece, bytes: last.bytes + share, rows: last.rows + count };
    else pieces.push(piece);
    from = to;
  }
  return pieces;
}
