// Sizes of a plan.

export const PLAN_LIMITS = {
  /** Raw bytes of a slice, the unit of fan-out, unless the plan says otherwise. */
  sliceBytes: 256 * 1024 * 1024,
  sliceBytesMin: 1024,
  /** Deliveries of a slice, however small they are, unless one row group alone holds more. */
  sliceRowsMax: 50_000,
  /** Deliveries that one publish transaction takes on, unless one date alone holds more. */
  groupDeliveriesMax: 500_000,
  /** An event occurs at most this many dates after the date it was received. */
  skewDays: 1,
} as const;
