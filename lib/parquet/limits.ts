// Every bound of reading and writing raw objects, in one place. A file that states more is refused before it is read.

const MB = 1024 * 1024;

export const RAW_READ_LIMITS = {
  /** Memory of the reader's DuckDB, unless said otherwise: a page as it is in the file, decompressed, and some of its rows. */
  memoryMb: 640,
  /** Bodies of a row group that are read together, and of a piece of a larger one. */
  bodyPieceBytes: 16 * MB,
  /** Rows of a larger page that are read together. */
  pageStepBytes: 32 * MB,
  /** A page that is larger is read by one worker at a time. */
  sharedPageBytesMax: 32 * MB,
  /** A longer footer is refused; ten thousand row groups of twenty columns need about 30 MB. */
  footerBytesMax: 256 * MB,
  /** Columns and groups of the schema together. */
  schemaElementsMax: 10_000,
  rowGroupsMax: 1_000_000,
  /** Structures within structures in the footer. Parquet itself needs seven. */
  footerDepthMax: 32,
  rowsMax: 10_000_000_000,
  rowGroupRowsMax: 200_000_000,
  /** Uncompressed bytes that one row group may declare for `body`, or for the two other columns. */
  columnChunkBytesMax: 4 * 1024 * MB,
  /** Decompressed bytes of one page of a row group that is read page by page, or that we decompress ourselves. */
  pageBytesMax: 288 * MB,
  /** What is read of a file at once when its pages are checked. */
  pieceBytes: 256 * 1024,
  /** Compressed and decompressed bytes of a page that is decompressed in one piece. */
  pageBytesAtOnce: 8 * MB,
  /** Text and binary of a batch handed out, unless one row alone is larger. */
  batchBytesMax: 8 * MB,
  batchRowsMax: 2048,
  /** Bytes of an object, and of its columns uncompressed, up to which it is read together with others. */
  smallBytesMax: MB,
  /** A text time is at most 35 characters; a longer one is none, and is not loaded. */
  timeTextBytesMax: 64,
  /** A longer source is cut: no pipeline lists such a name. */
  sourceBytesMax: 4096,
} as const;

export const RAW_WRITE_LIMITS = {
  rowGroupRowsMax: 100_000,
  /** Bodies of one row group, and up to a piece more: it can be read at once. */
  rowGroupBytes: 8 * MB,
  /** Bodies that are held in memory before they go to scratch. */
  pieceBytes: 8 * MB,
  /** Rows and bytes handed to DuckDB at once. */
  chunkRowsMax: 2048,
  chunkBytesMax: 4 * MB,
  /** Memory of the writer's DuckDB, beyond which it spills to scratch. */
  memoryMb: 192,
} as const;
