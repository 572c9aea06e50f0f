// Reading raw objects: Parquet written by anyone, as deliveries in row order. Knows columns, not pipelines.

/** One landed delivery at its place. */
export interface RawRow {
  /** Row position in the object, from 0. */
  readonly row: number;
  /** Microseconds since the epoch, floored. */
  readonly receivedAtMicros: bigint;
  /** Null when the column is null. */
  readonly source: string | null;
  /**
   * The producer's exact text; undefined when the bytes are not UTF-8, or when `bodyBytes` is over the limit asked
   * for (it is then never loaded). A null body reads as the empty text.
   */
  readonly body: string | undefined;
  readonly bodyBytes: number;
  /** sha256 of the body's bytes, lower-case hex. */
  readonly bodySha256: string;
}

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
