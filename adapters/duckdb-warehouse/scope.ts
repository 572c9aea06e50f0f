// Makes what a decision depends on visible to the warehouse's connection, as temporary tables and views: the plan's
// dates, the objects it judges, the settled rows.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { UNREADABLE_OBJECT, WHOLE_OBJECT_ROW } from '../../model/limits.ts';
import { QUARANTINE_COLUMNS, type TableColumn } from '../../model/tables.ts';
import type { PlanDate, PublishScope, ScopeObject } from '../../ports/warehouse.ts';
import { columnDefinitions } from '../duckdb/columns.ts';
import { type Duck, quoteLiteral } from '../duckdb/instance.ts';
import { readParquet } from '../duckdb/parquet-path.ts';
import { beatenName } from '../duckdb/stager.ts';

const INSERT_ROWS_MAX = 1000;

export async function openScope(duck: Duck, scope: PublishScope): Promise<void> {
  const { pipeline } = scope;
  await openDates(
    duck,
    scope.dates.map((one) => ({ ...one, whole: one.whole && !scope.partial })),
  );
  if (scope.partial) {
    // A partial publish would mix transforms at a date that was last published whole by others, or never.
    const epochs = [scope.epoch, ...(scope.earlierEpochs ?? [])].join(', ');
    await duck.run(`UPDATE plan_dates SET held = true WHERE event_date NOT IN (
      SELECT event_date FROM reprise.fences WHERE pipeline = ${quoteLiteral(pipeline.name)} AND whole_epoch IS NOT NULL
        AND CASE WHEN whole_transforms IS NULL THEN whole_epoch IN (${epochs})
          ELSE whole_transforms = ${quoteLiteral(pipeline.transformDigest)} END)`);
  }
  await openScopeObjects(duck, scope.objects());
  await duck.run(`CREATE OR REPLACE TEMP TABLE unreadable_entries (${columnDefinitions(QUARANTINE_COLUMNS)})`);
  await insert(
    duck,
    'unreadable_entries',
    scope.unreadable.map(
      ({ key, detail, date }) =>
        `('${UNREADABLE_OBJECT}', ${quoteLiteral(detail)}, NULL, NULL, ${quoteLiteral(key)}, ${WHOLE_OBJECT_ROW}, DATE '${date}', NULL, '${pipeline.transformDigest}')`,
    ),
  );
  await duck.run(`CREATE OR REPLACE TEMP TABLE known_dates AS
    SELECT event_date FROM reprise.fences WHERE pipeline = ${quoteLiteral(pipeline.name)} AND run_id <> ${quoteLiteral(scope.runId)}`);
  await duck.run('CREATE OR REPLACE TEMP TABLE lost_dates (event_date DATE)');
  await insert(
    duck,
    'lost_dates',
    (scope.lostDates ?? []).map((date) => `(DATE '${date}')`),
  );
  await openSettled(duck, scope);
}

/** The temporary table `plan_dates`. */
export async function openDates(duck: Duck, dates: readonly PlanDate[]): Promise<void> {
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE plan_dates
      (event_date DATE, group_no INTEGER, whole BOOLEAN, held BOOLEAN, takes_back BOOLEAN)`,
  );
  await insert(
    duck,
    'plan_dates',
    dates.map(({ date, group, whole }) => `(DATE '${date}', ${group}, ${whole}, false, ${whole})`),
  );
}

const OBJECT_TABLES = {
  judged_objects: 'raw_object VARCHAR',
  gone_objects: 'raw_object VARCHAR',
  changed_objects: 'raw_object VARCHAR',
  read_before: 'raw_object VARCHAR, event_date DATE, same_transforms BOOLEAN',
} as const;

/** The temporary tables of what is known of raw objects, filled as they come. */
async function openScopeObjects(duck: Duck, objects: AsyncIterable<ScopeObject>): Promise<void> {
  for (const [table, columns] of Object.entries(OBJECT_TABLES))
    await duck.run(`CREATE OR REPLACE TEMP TABLE ${table} (${columns})`);
  const rows: Record<keyof typeof OBJECT_TABLES, string[]> = {
    ...{ judged_objects: [], gone_objects: [], changed_objects: [], read_before: [] },
  };
  const put = async (rowsMax: number): Promise<void> => {
    for (const table of Object.keys(rows) as (keyof typeof rows)[]) {
      if (rows[table].length < rowsMax) continue;
      await insert(duck, table, rows[table]);
      rows[table] = [];
    }
  };
  for await (const { rawObject, judged, gone, changed, readBefore } of objects) {
    const key = quoteLiteral(rawObject);
    if (judged === true) rows.judged_objects.push(`(${key})`);
    if (gone === true) rows.gone_objects.push(`(${key})`);
    if (changed === true) rows.changed_objects.push(`(${key})`);
    for (const [date, isSame] of Object.entries(readBefore ?? {}))
      rows.read_before.push(`(${key}, DATE '${date}', ${isSame})`);
    await put(INSERT_ROWS_MAX);
  }
  await put(1);
}

/** A temporary table of keys of raw objects. */
export async function openObjects(duck: Duck, table: string, keys: readonly string[]): Promise<void> {
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${table} (raw_object VARCHAR)`);
  await insert(
    duck,
    table,
    keys.map((key) => `(${quoteLiteral(key)})`),
  );
}

/** What settling leaves: a table's rows, the offers that lost to another event's, and what was rejected. */
function settledTables(pipeline: CompiledPipeline): { name: string; columns: readonly TableColumn[] }[] {
  return [
    ...pipeline.tables.map(({ name, columns }) => ({ name, columns })),
    ...offeredTables(pipeline).map((table) => ({ name: beatenName(table), columns: table.columns })),
    { name: 'quarantine', columns: QUARANTINE_COLUMNS },
  ];
}

export const offeredTables = (pipeline: CompiledPipeline): readonly CompiledTable[] =>
  pipeline.tables.filter((table) => table.kind === 'offered');

async function openSettled(duck: Duck, scope: PublishScope): Promise<void> {
  for (const { name, columns } of settledTables(scope.pipeline)) {
    const files = scope.settled.filter((file) => file.table === name).map((file) => file.path);
    await duck.run(`DROP VIEW IF EXISTS settled_${name}`);
    await duck.run(`DROP TABLE IF EXISTS empty_${name}`);
    if (files.length > 0) {
      await duck.run(`CREATE TEMP VIEW settled_${name} AS SELECT * FROM ${readParquet(files)}`);
    } else {
      await duck.run(`CREATE TEMP TABLE empty_${name} (${columnDefinitions(columns)})`);
      await duck.run(`CREATE TEMP VIEW settled_${name} AS SELECT * FROM empty_${name}`);
    }
  }
}

async function insert(duck: Duck, table: string, rows: readonly string[]): Promise<void> {
  for (let from = 0; from < rows.length; from += INSERT_ROWS_MAX) {
    await duck.run(`INSERT INTO ${table} VALUES ${rows.slice(from, from + INSERT_ROWS_MAX).join(', ')}`);
  }
}
