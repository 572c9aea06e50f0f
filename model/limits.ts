// The limits of what a delivery may be, from the event contract, and of what the model accepts.

export const LIMITS = {
  /** A longer body is `oversized`. */
  bodyBytesMax: 262_144,
  /** Deeper nesting is malformed; the root is level 1. */
  depthMax: 500,
  /** An event may have occurred this much after it was received; one microsecond more is `clock_skew`. */
  skewMicrosMax: 86_400_000_000n,
} as const;

/** Why a delivery is rejected, in the order in which the checks run. */
export const REASONS = [
  'oversized',
  'unknown_source',
  'malformed_json',
  'schema_violation',
  'unknown_schema_version',
  'clock_skew',
] as const;
export type Reason = (typeof REASONS)[number];

/** Reason of the one entry that an object gets that cannot be read. */
export const UNREADABLE_OBJECT = 'unreadable_object';
/** `_raw_row` of that entry: the object as a whole. */
export const WHOLE_OBJECT_ROW = -1;
