// Sizes of a landing.

const MB = 1024 * 1024;

export const LAND_LIMITS = {
  /** A longer line is no delivery. */
  lineBytesMax: 16 * MB,
  /** Nesting in a line's other fields. */
  lineDepthMax: 1000,
  /** Bodies of one object, unless a single one is larger. */
  objectBodyBytesMax: 64 * MB,
  /** Rows of one object. */
  objectRowsMax: 500_000,
  /** Deliveries held in memory before they go to scratch. */
  heldBytesMax: 24 * MB,
  /** Deliveries handed to the writer at once. */
  batchBytesMax: 2 * MB,
  batchRowsMax: 2048,
} as const;
