// Applies a decision: deletes what goes, inserts what comes, table by table, inside the caller's transaction. Keeps the
// rows as they were before, and the decisions, as Parquet beside it.

import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledPipeline } from '../../../engine/model/compile.ts';
import { QUARANTINE_COLUMNS } from '../../../engine/model/tables.ts';
import type { PublishScope } from '../../../ports/warehouse.ts';
import { makeFolder } from '../open-homes.ts';
import { columnList } from './columns.ts';
import { decidedName } from './decide.ts';
import { type Duck, quoteLiteral } from './instance.ts';
import { copyToParquet } from './parquet-path.ts';

/** A table that runs change. */
export interface ChangedTable {
  readonly name: string;
  /** The temporary table that holds the decision on its rows. */
  readonly decided: string;
  readonly key: string;
  readonly columns: string;
  /** Where its rows come from when a run publishes. */
  readonly settled: string;
}

/** The pipeline's tables in their order, then the quarantine. */
export function changedTables(pipeline: CompiledPipeline): ChangedTable[] {
  return [
    ...pipeline.tables.map((table) => ({
      name: table.name,
      decided: decidedName(table),
      key: table.key.join(', '),
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
      key: '_raw_object, _raw_row',
      columns: columnList(QUARANTINE_COLUMNS),
      settled: '(SELECT * FROM settled_quarantine UNION ALL SELECT * FROM unreadable_entries)',
    },
  ];
}

/**
 * Writes `<group>.<table>.decided.parquet` and `.before.parquet` for the rows that change, and the events' causes. With
 * `after`, a relation for each table, also `.after.parquet`: what the rows become.
 */
export async function recordChanges(
  duck: Duck,
  pipeline: CompiledPipeline,
  group: number,
  folder: string,
  after?: (table: string) => string,
): Promise<void> {
  await makeFolder(folder);
  const copy = (query: string, name: string): Promise<void> =>
    duck.run(copyToParquet(query, join(folder, `${group}.${name}.parquet`)));
  await copy('SELECT * FROM decided_causes ORDER BY event_id', 'causes');
  for (const { name, decided, key } of changedTables(pipeline)) {
    await copy(
      `SELECT ${key}, action, new_date, old_date FROM ${decided} WHERE action IN ('insert', 'update', 'delete') ORDER BY ${key}`,
      `${name}.decided`,
    );
    await copy(
      `SELECT * FROM ${pipeline.name}.${name} WHERE ${inDecided(key, decided, "'update', 'delete'")} ORDER BY ${key}`,
      `${name}.before`,
    );
    if (after !== undefined) {
      await copy(
        `SELECT * FROM ${after(name)} WHERE ${inDecided(key, decided, "'insert', 'update'")} ORDER BY ${key}`,
        `${name}.after`,
      );
    }
  }
}

/** Makes the group's files safe on the disk: a transaction that commits must never lack the rows as they were before. */
export async function syncChanges(folder: string, group: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${group}.`));
  for (const path of [...names.map((name) => join(folder, name)), folder]) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** The group's changes to all tables. */
export async function applyChanges(duck: Duck, scope: PublishScope, publishedAt: string): Promise<void> {
  for (const { name, decided, key, columns, settled } of changedTables(scope.pipeline)) {
    const target = `${scope.pipeline.name}.${name}`;
    await duck.run(`DELETE FROM ${target} WHERE ${inDecided(key, decided, "'update', 'delete'")}`);
    await duck.run(`INSERT INTO ${target} (${columns}, _run_id, _published_at)
      SELECT ${columns}, ${quoteLiteral(scope.runId)}, TIMESTAMP ${quoteLiteral(publishedAt)}
      FROM ${settled} WHERE ${inDecided(key, decided, "'insert', 'update'")}`);
  }
}

/** SQL that is true for rows whose decision is one of the actions. */
export const inDecided = (key: string, decided: string, actions: string): string =>
  key.includes(',')
    ? `(${key}) IN (SELECT (${key}) FROM ${decided} WHERE action IN (${actions}))`
    : `${key} IN (SELECT ${key} FROM ${decided} WHERE action IN (${actions}))`;
