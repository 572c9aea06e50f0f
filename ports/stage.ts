// Canonical rows on their way to the warehouse: written slice by slice, settled into one winner for each event.

import type { CompiledPipeline } from '../model/compile.ts';
import type { Evaluation } from '../model/evaluate.ts';
import type { RawRow } from '../model/raw-row.ts';

/** Where rows go while one slice is read. Bounded memory, whatever the slice holds. */
export interface SliceWriter {
  add(rawObject: string, raw: RawRow, evaluation: Evaluation): void;
  /** Room for more; to be awaited after every batch, or rows pile up. */
  drain(): Promise<void>;
  /**
   * Gives the files that it wrote, each with rows of one table, sorted, and of bounded bytes. Of the deliveries of an event
   * that came near each other only the greatest is left; settling sees to the others. Ends the writer.
   */
  finish(): Promise<readonly StagedFile[]>;
  /** Gives up; nothing is left behind. */
  discard(): Promise<void>;
}

export interface StagedFile {
  /** A table of the pipeline, or `quarantine`. */
  readonly table: string;
  readonly path: string;
  readonly rows: number;
  /** No text in it has more bytes; undefined when that is not known. */
  readonly longestText?: number | undefined;
}

export interface Stager {
  openSlice(pipeline: CompiledPipeline): Promise<SliceWriter>;
  /**
   * Of the staged files of all slices, what the plan makes of the raw: for each event the rows of its greatest
   * delivery, for each offered key those of the greatest offer. Files that
   * hold nothing but winners are given back as they are, the others are written anew in `folder`. Each is sorted.
   */
  settle(pipeline: CompiledPipeline, staged: readonly StagedFile[], folder: string): Promise<readonly StagedFile[]>;
}
