// What a run changed or would change, read back from what publishing keeps of its decision: which rows, why, and the
// columns as they were and as they are. Reading only; it needs no warehouse.

import type { CompiledPipeline } from '../model/compile.ts';
import type { StagedFile } from './stage.ts';

export type ChangeAction = 'insert' | 'update' | 'delete';

/** The rows of one table that change, by the date at which they will stand, or stood when they are deleted. */
export interface ChangedDate {
  /** YYYY-MM-DD; null for quarantine entries that belong to no date. */
  readonly date: string | null;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Of the updated ones, those that came from another date. */
  readonly moved: number;
}

/** Of the updated rows of a table with one cause, how many differ in a column. */
export interface ChangedColumn {
  readonly column: string;
  /** Undefined where none is kept. */
  readonly cause: string | undefined;
  readonly rows: number;
}

export interface ChangedCause {
  readonly cause: string;
  readonly action: ChangeAction;
  /** The digest of the transforms that made the rows before, where that is why they change. */
  readonly fromTransform: string | undefined;
  readonly rows: number;
}

export interface ChangedValue {
  readonly column: string;
  /** As text, null for null; both undefined when the column is restricted. */
  readonly before: string | null | undefined;
  readonly after: string | null | undefined;
}

export interface ChangedRow {
  readonly key: Readonly<Record<string, string>>;
  readonly action: ChangeAction;
  readonly cause: string | undefined;
  readonly fromTransform: string | undefined;
  readonly date: string | null;
  /** The date it stood at, when that is another one. */
  readonly fromDate: string | undefined;
  /** Columns that differ; of an inserted or deleted row those that are not null. */
  readonly values: readonly ChangedValue[];
}

export interface TableChanges {
  readonly table: string;
  readonly dates: readonly ChangedDate[];
  readonly causes: readonly ChangedCause[];
  readonly columns: readonly ChangedColumn[];
  readonly samples: readonly ChangedRow[];
}

export interface ChangesRequest {
  readonly pipeline: CompiledPipeline;
  /** The folder in which publishing keeps the changes of the run. */
  readonly folder: string;
  /** The settled rows of the run: what changed rows become. */
  readonly settled: readonly StagedFile[];
  /** Most sample rows for each table, causes in turn. */
  readonly samplesMax: number;
}

export interface ChangeReader {
  /** Tables in the pipeline's order, then the quarantine. Throws NotFound when nothing is kept of the run. */
  read(request: ChangesRequest): Promise<readonly TableChanges[]>;
}
