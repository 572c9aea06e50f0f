// What became of the rows that a run wrote, whatever the transforms and columns are now.

import type { CompiledPipeline } from '../model/compile.ts';
import type { StagedFile } from './stage.ts';

export interface AuditRequest {
  /** Schema of the tables. */
  readonly schema: string;
  readonly runId: string;
  readonly tables: readonly string[];
  /** Where the run keeps what it changed. */
  readonly changesFolder: string;
  /** What it staged, where that is still there. */
  readonly staged: readonly StagedFile[];
  /** Today's pipeline, when it has the columns of the run: hashes can then be made again. */
  readonly pipeline: CompiledPipeline | undefined;
}

export interface TableAudit {
  readonly table: string;
  /** Rows that it inserted or updated; undefined when what it changed is not kept any more. */
  readonly wrote: number | undefined;
  /** Of these, rows that are still its own. */
  readonly standing: number;
  /** Of its own rows, those whose columns do not give the hash that they were written with. */
  readonly changed: number;
  /** Rows that later runs wrote in their place. */
  readonly replaced: readonly { readonly runId: string; readonly rows: number }[];
  /** Rows whose keys are not in the table any more. */
  readonly gone: number;
}
