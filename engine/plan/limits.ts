// Sizes of a plan.

export const PLAN_LIMITS = {
  /** Raw bytes of a slice, the unit of fan-out, unless the plan says otherwise. */
  sliceBytes: 256 * 1024 * 1024,
  sliceBytesMin: 1024,
  /** A slice as a line of JSON, with room for what else its task is given: a map gives a task at most 256 KiB. */
  sliceLineBytesMax: 60_000,
  /** Objects of a slice: reading one costs something, however small it is. */
  sliceObjectsMax: 1_000,
  /** An object of at most so many bytes is read together with others. */
  smallObjectBytes: 256 * 1024,
  /** Small objects that are read together, and their bytes. */
  togetherObjectsMax: 128,
  togetherBytesMax: 4 * 1024 * 1024,
  /** Raw objects that one page of the catalog holds, and their bytes: what is read again after a crash. */
  pageObjectsMax: 20_000,
  pageBytesMax: 256 * 1024 * 1024,
  /** Deliveries that one publish transaction takes on, unless one date alone holds more. */
  groupDeliveriesMax: 500_000,
  /** An event occurs at most this many dates after the date it was received. */
  skewDays: 1,
  /** A live loader may name an object this many dates before it is in the lake. */
  aheadDays: 2,
} as const;
