// The limits of the event contracts, as the generator lays faults on both sides of them. Stated here on their own, so that a
// wrong number in an engine is not repeated by what tests it.

export const BODY_BYTES_MAX = 262_144;
export const NESTING_LEVELS_MAX = 500;
export const SKEW_MS_MAX = 86_400_000;
