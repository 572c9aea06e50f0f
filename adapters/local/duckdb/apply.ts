// Applies a decision: deletes what goes, inserts what comes, table by table, inside the caller's transaction. Keeps the
// rows as they were before, and the decisions, as Parquet beside it.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { QUARANTINE_COLUMNS } from '../../../engine/model/tables.ts';
import type { PublishScope } from '../../../ports/warehouse.ts';
import { columnList } from './columns.ts';
import { decidedName } from './decide.ts';
import { type Duck, quoteLiteral } from './instance.ts';

interface Applied {
  readonly name: string;
  readonly decided: string;
  readonly key: string;
  readonly columns: string;
  /** Where its rows come from. */
  readonly settled: string;
}

function appliedTables(scope: PublishScope): Applied[] {
  return [
    ...scope.pipeline.tables.map((table) => ({
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

/** Writes `<group>.<table>.decided.parquet` and `.before.parquet` for the rows that change, and the events' causes. */
export async function recordChanges(duck: Duck, scope: PublishScope, group: number, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const copy = (query: string, name: string): Promise<void> =>
    duck.run(
      `COPY (${query}) TO ${quoteLiteral(join(folder, `${group}.${name}.parquet`))} (FORMAT parquet, COMPRESSION zstd)`,
    );
  await copy('SELECT * FROM decided_causes ORDER BY event_id', 'causes');
  for (const { name, decided, key } of appliedTables(scope)) {
    await copy(
      `SELECT ${key}, action, new_date, old_date FROM ${decided} WHERE action IN ('insert', 'update', 'delete') ORDER BY ${key}`,
      `${name}.decided`,
    );
    await copy(
      `SELECT * FROM ${scope.pipeline.name}.${name} WHERE ${inDecided(key, decided, "'update', 'delete'")} ORDER BY ${key}`,
      `${name}.before`,
    );
  }
}

/** The group's changes to all tables. */
export async function applyChanges(duck: Duck, scope: PublishScope, publishedAt: string): Promise<void> {
  for (const { name, decided, key, columns, settled } of appliedTables(scope)) {
    const target = `${scope.pipeline.name}.${name}`;
    await duck.run(`DELETE FROM ${target} WHERE ${inDecided(key, decided, "'update', 'delete'")}`);
    await duck.run(`INSERT INTO ${target} (${columns}, _run_id, _published_at)
      SELECT ${columns}, ${quoteLiteral(scope.runId)}, TIMESTAMP ${quoteLiteral(publishedAt)}
      FROM ${settled} WHERE ${inDecided(key, decided, "'insert', 'update'")}`);
  }
}

const inDecided = (key: string, decided: string, actions: string): string =>
  key.includes(',')
    ? `(${key}) IN (SELECT (${key}) FROM ${decided} WHERE action IN (${actions}))`
    : `${key} IN (SELECT ${key} FROM ${decided} WHERE action IN (${actions}))`;
