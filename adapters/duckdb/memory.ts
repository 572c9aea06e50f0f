// How much memory each DuckDB instance may hold before it spills, and how many bytes the work is cut into, so that a
// command's peak depends neither on how much it reads nor on how large a single text is. All of it is in this file, with
// what must be true between the numbers. Bytes decide: rows bound only what has no bodies in it.

import { availableMemoryMb } from '../system/machine-memory.ts';

const MB = 1024 * 1024;

/** DuckDB takes rows in vectors of this many, whatever their size; a table's vector is read and written as a whole. */
const VECTOR_ROWS = 2048;
/** Texts of a table are kept in blocks of this size, each long text in a block of its own. */
const BLOCK_BYTES = 256 * 1024;
/** Rows of a row group of a table. Each thread compresses one at a time, column by column. */
const ROW_GROUP_ROWS = 122_880;
/** A longer text is in a block of its own, and is not compressed. */
const COMPRESSED_TEXT_BYTES_MAX = 4096;
/** Of the texts of a column that is compressed DuckDB takes a quarter as a sample, outside of its memory limit. */
const SAMPLED_SHARE = 0.25;
const WAREHOUSE_THREADS = 2;
/** A body, and so a text made of it, is not longer than this. */
const TEXT_BYTES_MAX = 256 * 1024;

/** A key that is looked for, in a hash table. */
const KEY_BYTES = 128;
/** A compared row, from the warehouse and from raw: its keys, hashes and delivery, in a hash table and in the result. */
const COMPARED_ROW_BYTES = 1024;

/** The most that one process may take, and what Node, its code and DuckDB take before any rows are there. */
export const PROCESS_MB = { ceiling: 1000, base: 200 } as const;

export const MEMORY = {
  stageMb: 128,
  settleMb: 192,
  warehouseMb: 128,
  catalogMb: 128,
  /** V8 heap of a stage worker. */
  workerHeapMb: 192,
} as const;

/** What the warehouse may hold when a vector of its longest texts has to be in memory at once. */
const WAREHOUSE_MB_MAX = 640;

/** How work is cut. */
export const STEP = {
  /** Staged rows that are sorted and written at once: a file of the stage is no larger before compression. */
  runBytes: 12 * MB,
  /** Texts of a warehouse table read at once when they are long; what is made of them are copies. */
  warehouseBytes: 16 * MB,
  /** Rows of a table that verify compares at once: keys and hashes, no bodies. */
  comparedRows: 50_000,
  /** Row groups of rows that are kept as they were, written while the keys of a decision are in memory. */
  keptBytes: 4 * MB,
  /** Keys of a decision that are looked for at once. */
  decidedRows: 400_000,
  /** Rows handed to DuckDB at once. */
  appendBytes: 2 * MB,
} as const;

/**
 * To find out whether a dictionary would compress a column, DuckDB copies all the different texts of a row group, outside
 * of its memory limit. Where texts are longer than this it may not try.
 */
export const DICTIONARY_TEXT_BYTES = 512;

/** Texts that are longer than this make a vector of them larger than 16 MB. */
export const WIDE_TEXT_BYTES = (16 * MB) / VECTOR_ROWS;

/**
 * Memory of the warehouse whose longest text has so many bytes: a vector of such texts has to be in memory when they are
 * written. A machine with less memory gets less.
 */
export function warehouseMb(longestTextBytes: number): number {
  if (longestTextBytes <= WIDE_TEXT_BYTES) return MEMORY.warehouseMb;
  const vectorMb = (VECTOR_ROWS * Math.min(longestTextBytes, TEXT_BYTES_MAX)) / MB;
  const wanted = Math.min(MEMORY.warehouseMb + vectorMb, WAREHOUSE_MB_MAX);
  return Math.max(MEMORY.warehouseMb, Math.min(wanted, availableMemoryMb() / 2));
}

assertTrue(WAREHOUSE_MB_MAX > (VECTOR_ROWS * BLOCK_BYTES) / MB + 64, 'a vector of the longest texts fits');
assertTrue(WAREHOUSE_MB_MAX + PROCESS_MB.base < PROCESS_MB.ceiling, 'the warehouse leaves room for the process');
const tryingMb = (textBytes: number): number => (WAREHOUSE_THREADS * ROW_GROUP_ROWS * textBytes) / MB;
assertTrue(
  PROCESS_MB.base +
    MEMORY.warehouseMb +
    Math.max(tryingMb(DICTIONARY_TEXT_BYTES), tryingMb(COMPRESSED_TEXT_BYTES_MAX * SAMPLED_SHARE)) <
    PROCESS_MB.ceiling / 1.25,
  'compressing leaves room for the process',
);
assertTrue(
  2 * MEMORY.stageMb + PROCESS_MB.base < PROCESS_MB.ceiling / 1.5,
  'two slices at a time leave room for their readers',
);
assertTrue(4 * STEP.runBytes <= MEMORY.stageMb * MB, 'a run of staged rows is sorted in memory');
assertTrue(
  STEP.decidedRows * KEY_BYTES + WAREHOUSE_THREADS * 8 * STEP.keptBytes <= MEMORY.warehouseMb * MB,
  'keys that are looked for fit in memory, beside the rows of two threads that are written',
);
assertTrue(
  2 * STEP.comparedRows * COMPARED_ROW_BYTES <= MEMORY.warehouseMb * MB,
  'a bucket of compared rows is joined in memory',
);
assertTrue(4 * STEP.warehouseBytes <= MEMORY.warehouseMb * MB, 'a step of the warehouse fits in memory');

function assertTrue(holds: boolean, what: string): void {
  if (!holds) throw new Error(`adapters/duckdb/memory.ts: not true: ${what}`);
}
