// The tables that runs change, in the order in which they are changed.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { QUARANTINE_COLUMNS } from '../../model/tables.ts';
import { columnList } from '../duckdb/columns.ts';

/** A table that runs change. */
export interface ChangedTable {
  readonly name: string;
  /** The temporary table that holds the decision on its rows. */
  readonly decided: string;
  readonly key: readonly string[];
  /** Its rows are parts of events. */
  readonly isPart: boolean;
  readonly columns: string;
  /** Where its rows come from when a run publishes. */
  readonly settled: string;
}

/** An entry of the quarantine is that of one place in raw. */
export const ENTRY_KEY = ['_raw_object', '_raw_row'] as const;

/** The pipeline's tables in their order, then the quarantine. */
export function changedTables(pipeline: CompiledPipeline): ChangedTable[] {
  return [
    ...pipeline.tables.map((table) => ({
      name: table.name,
      decided: decidedName(table),
      key: table.key,
      isPart: table.kind === 'parts',
      columns: columnList(table.columns),
      settled:
        table.kind === 'offered'
          ? `(SELECT * FROM settled_${table.name} ANTI JOIN stand_in_${table.name} USING (event_id)
              UNION ALL SELECT * FROM stand_in_${table.name})`
          : `settled_${table.name}`,
    })),
    {
      name: 'quarantine',
      decided: 'decided_quarantine',
      key: ENTRY_KEY,
      isPart: false,
      columns: columnList(QUARANTINE_COLUMNS),
      settled: '(SELECT * FROM settled_quarantine UNION ALL SELECT * FROM unreadable_entries)',
    },
  ];
}

/** The name of the temporary table that holds the decision on a table's rows. */
export const decidedName = (table: CompiledTable): string =>
  table.kind === 'events' ? 'decided' : `decided_${table.name}`;
