// Cuts pinned objects into slices of about the same raw bytes: whole objects packed together, large ones by row group.

import type { RowRange } from '../../ports/raw-reader.ts';
import { PLAN_LIMITS } from './limits.ts';

export interface SlicePart {
  readonly key: string;
  /** Absent: the whole object. */
  readonly rows?: RowRange;
}

/** The unit of fan-out. Numbered from 0. */
export interface Slice {
  readonly number: number;
  readonly bytes: number;
  readonly parts: readonly SlicePart[];
}

export interface SliceableObject {
  readonly key: string;
  readonly bytes: number;
  readonly rowGroups: readonly { readonly rows: number; readonly bytes: number }[];
}

/** Same objects and limits, same slices. A row group is never cut; a slice may be larger than `sliceBytes` by that. */
export function cutSlices(
  objects: readonly SliceableObject[],
  sliceBytes: number,
  sliceRows: number,
  sliceObjects: number = PLAN_LIMITS.sliceObjectsMax,
): Slice[] {
  const slices: Slice[] = [];
  let parts: SlicePart[] = [];
  let bytes = 0;
  let rows = 0;
  const close = (): void => {
    if (parts.length > 0) slices.push({ number: slices.length, bytes, parts });
    parts = [];
    bytes = 0;
    rows = 0;
  };
  for (const object of objects) {
    for (const piece of piecesOf(object, sliceBytes, sliceRows)) {
      const isFull = bytes + piece.bytes > sliceBytes || rows + piece.rows > sliceRows || parts.length >= sliceObjects;
      if (parts.length > 0 && isFull) close();
      parts.push(piece.part);
      bytes += piece.bytes;
      rows += piece.rows;
    }
  }
  close();
  return slices;
}

interface Piece {
  readonly part: SlicePart;
  readonly bytes: number;
  readonly rows: number;
}

function piecesOf(object: SliceableObject, sliceBytes: number, sliceRows: number): Piece[] {
  const rows = object.rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if ((object.bytes <= sliceBytes && rows <= sliceRows) || object.rowGroups.length < 2) {
    return [{ part: { key: object.key }, bytes: object.bytes, rows }];
  }
  const declared = object.rowGroups.reduce((sum, group) => sum + group.bytes, 0);
  const pieces: Piece[] = [];
  let from = 0;
  for (const group of object.rowGroups) {
    const to = from + group.rows;
    // A row group's share of the object's bytes: declared sizes may be uncompressed ones.
    const bytes = Math.ceil((object.bytes * group.bytes) / Math.max(declared, 1));
    const last = pieces.at(-1);
    if (last?.part.rows && last.bytes + bytes <= sliceBytes && last.rows + group.rows <= sliceRows) {
      const part = { key: object.key, rows: { from: last.part.rows.from, to } };
      pieces[pieces.length - 1] = { part, bytes: last.bytes + bytes, rows: last.rows + group.rows };
    } else {
      pieces.push({ part: { key: object.key, rows: { from, to } }, bytes, rows: group.rows });
    }
    from = to;
  }
  return pieces;
}
