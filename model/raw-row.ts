// What the evaluator is given: one landed delivery.

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
