// Reading raw objects: Parquet written by anyone, as deliveries in row order. Knows columns, not pipelines.

import type { RawRow } from '../model/raw-row.ts';

export interface RawFooter {
  readonly rows: number;
  readonly rowGroups: readonly { readonly rows: number; readonly bytes: number }[];
}

/** Rows `[from, to)` of the object. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** One object that was read to its end. */
export interface WholeObject {
  /** Place among the paths that were given. */
  readonly place: number;
  readonly footer: RawFooter;
  readonly rows: readonly RawRow[];
}

export interface RawReader {
  /** Shape of the object. Throws UnreadableObject: truncated, corrupt, lacking a column, or beyond the limits. */
  footer(path: string): Promise<RawFooter>;
  /**
   * The rows in ascending order, in batches, in bounded memory. A body over `bodyBytesMax` is not loaded.
   * Throws UnreadableObject at whatever row it stops being readable; its message quotes nothing of the object.
   */
  read(path: string, range: RowRange | undefined, bodyBytesMax: number): AsyncIterable<readonly RawRow[]>;
  /**
   * The rows of small objects, many objects at a time, which costs a fraction of reading them one by one. Gives those
   * that are small and intact, ascending by place, in bounded memory; of any other nothing at all: `read` says what
   * is the matter with it.
   */
  readTogether(paths: readonly string[], bodyBytesMax: number): AsyncIterable<WholeObject>;
}
