// Takes one date group of a run back: decides for every row that the run changed whether it is still as the run left it,
// and puts those rows back as they were, from the Parquet files that publishing keeps. The port says what the decision
// means; the statements are sql/duckdb/undo-*.sql.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import type {
  LeftAlone,
  LeftAloneReason,
  LeftAloneRow,
  LostValues,
  UndoOutcome,
  UndoScope,
} from '../../ports/warehouse.ts';
import { rowHashSql } from '../duckdb/columns.ts';
import { type Duck, type DuckRow, quoteIdentifier, quoteLiteral } from '../duckdb/instance.ts';
import { readParquet } from '../duckdb/parquet-path.ts';
import { sql } from '../duckdb/sql.ts';
import { unlessMissing } from '../system/file-errors.ts';
import { decidedSteps, keptFiles, publishedColumns, recordChanges, writtenColumns } from './apply.ts';
import { recordCauses } from './causes.ts';
import { type ChangedTable, changedTables } from './changed-tables.ts';
import { outcomeOf } from './decide.ts';
import { openObjects } from './scope.ts';
import { carriedName, keepUndeclared, lostValues } from './undeclared.ts';
import { rowHashOf } from './wide-table.ts';

/** Rows left alone that are named for each table and group; all are counted. */
const ROWS_NAMED_MAX = 20;
const LEFT_ALONE = "'changed_since', 'raw_gone'";
const CHANGED = "'insert', 'update', 'delete'";

/**
 * Leaves the decision in temporary tables, keeps it and the rows before and after in `folder`, and gives its counts.
 * Expects the temporary table `plan_dates`.
 */
export async function decideUndo(duck: Duck, scope: UndoScope, group: number, folder: string): Promise<UndoOutcome> {
  const { pipeline, restorable } = scope;
  const tables = changedTables(pipeline);
  const kinds = new Map(pipeline.tables.map((table) => [table.name, table.kind]));
  const parts = tables.filter((table) => kinds.get(table.name) === 'parts');
  await openObjects(duck, 'restorable_objects', 'only' in restorable ? restorable.only : restorable.except);
  const carried = new Map<string, readonly string[]>();
  for (const table of tables) carried.set(table.name, await openImages(duck, scope, group, table));
  for (const table of tables) await findStanding(duck, scope, table);
  await decideRows(duck, scope, tables, parts);
  for (const table of tables) await refuseLost(duck, table, group);
  await nameCauses(duck, tables, parts);
  const lost = await valuesLost(duck, pipeline.name, tables, carried);
  const columns = await columnsOf(duck, pipeline.name, tables);
  const written = (name: string): string[] =>
    (columns.get(name) ?? []).filter((column) => carried.get(name)?.includes(column) !== true);
  await recordChanges(duck, pipeline, group, folder, written, (name) => `image_${name}`);
  await recordCauses(duck, pipeline, group, folder);
  const leftAlone: LeftAlone[] = [];
  const leftAloneRows: LeftAloneRow[] = [];
  for (const table of tables) {
    leftAlone.push(...(await countLeftAlone(duck, table)));
    leftAloneRows.push(...(await nameLeftAlone(duck, table)));
  }
  return {
    ...(await outcomeOf(duck, pipeline, group)),
    ...(lost.length === 0 ? {} : { lost }),
    leftAlone,
    leftAloneRows,
    undoneDates: await undoneDates(duck, tables),
  };
}

/** Parts after events: they go with them. */
async function decideRows(
  duck: Duck,
  scope: UndoScope,
  tables: readonly ChangedTable[],
  parts: readonly ChangedTable[],
): Promise<void> {
  await duck.run('CREATE OR REPLACE TEMP TABLE parts_changed (event_id VARCHAR)');
  for (const table of parts) await duck.run(sql('undo-parts-changed', fills(scope, table)));
  for (const table of tables.filter((one) => !parts.includes(one))) {
    const set_changed = table.name === 'events' ? 'u.event_id IN (SELECT event_id FROM parts_changed)' : 'false';
    await duck.run(sql('undo-rows', { ...fills(scope, table), set_changed }));
  }
  for (const table of parts) await duck.run(sql('undo-parts', fills(scope, table)));
}

/** All that changes has one cause. Parts have that of their event. */
async function nameCauses(duck: Duck, tables: readonly ChangedTable[], parts: readonly ChangedTable[]): Promise<void> {
  for (const table of tables.filter((one) => !parts.includes(one))) {
    const name = table.name === 'events' ? 'decided_causes' : `causes_${table.name}`;
    await duck.run(`CREATE OR REPLACE TEMP TABLE ${name} AS
      SELECT ${table.key.join(', ')}, action, new_date, old_date, 'undone' AS cause FROM ${table.decided} WHERE action IN (${CHANGED})`);
  }
}

/** The longest text of each file of rows that the undo may put back. */
export async function longestKept(duck: Duck, { pipeline, undone }: UndoScope, group: number): Promise<number[]> {
  const files = (await unlessMissing(() => readdir(undone.folder))) ?? [];
  const longest: number[] = [];
  for (const { name } of changedTables(pipeline)) {
    for (const file of keptFiles(files, name, 'before', group)) {
      const rows = readParquet(join(undone.folder, file));
      const columns = await duck.rows(`DESCRIBE SELECT * FROM ${rows}`);
      const texts = columns
        .filter(({ column_type }) => column_type === 'VARCHAR')
        .map(({ column_name }) => `strlen(${quoteIdentifier(String(column_name))})`);
      if (texts.length === 0) continue;
      const [found] = await duck.rows(`SELECT coalesce(max(greatest(${texts.join(', ')})), 0) AS n FROM ${rows}`);
      longest.push(Number(found?.n));
    }
  }
  return longest;
}

/** Puts the rows back, inside the caller's transaction. The dates that change are whole in no epoch any more. */
export async function applyUndo(duck: Duck, scope: UndoScope): Promise<void> {
  const tables = changedTables(scope.pipeline);
  for (const { name, decided, key } of tables) {
    const target = `${scope.pipeline.name}.${name}`;
    for (const these of await decidedSteps(duck, key, decided, CHANGED))
      await duck.run(`DELETE FROM ${target} WHERE ${these}`);
    for (const these of await decidedSteps(duck, key, decided, "'insert', 'update'"))
      await duck.run(`INSERT INTO ${target} BY NAME SELECT * FROM image_${name} WHERE ${these}`);
  }
  await duck.run(`UPDATE reprise.fences SET whole_epoch = NULL, whole_transforms = NULL
    WHERE pipeline = ${quoteLiteral(scope.pipeline.name)} AND event_date IN (${datesOf(tables)})`);
}

async function undoneDates(duck: Duck, tables: readonly ChangedTable[]): Promise<string[]> {
  const rows = await duck.rows(`SELECT DISTINCT CAST(event_date AS VARCHAR) AS date FROM (${datesOf(tables)})
    WHERE event_date IS NOT NULL ORDER BY 1`);
  return rows.map((row) => String(row.date));
}

/** A query for the dates at which rows change, those they come from too. */
const datesOf = (tables: readonly ChangedTable[]): string =>
  tables
    .map(
      ({ decided }) => `SELECT new_date AS event_date FROM ${decided} WHERE action IN (${CHANGED})
        UNION SELECT old_date FROM ${decided} WHERE action IN (${CHANGED})`,
    )
    .join(' UNION ');

/**
 * Views of what is kept of a table: `undone_` decisions, `image_` rows before and, of an undo, `left_` rows after it.
 * Gives the columns that the undone run did not write: in rows that stand, the image has what stands there now.
 */
async function openImages(
  duck: Duck,
  scope: UndoScope,
  group: number,
  table: ChangedTable,
): Promise<readonly string[]> {
  const { name, key } = table;
  const target = `${scope.pipeline.name}.${name}`;
  const files = (await unlessMissing(() => readdir(scope.undone.folder))) ?? [];
  const kept = async (what: string): Promise<readonly [string, ...string[]]> => {
    const [first, ...others] = keptFiles(files, name, what, group).map((file) => join(scope.undone.folder, file));
    if (first === undefined) throw notKept(scope, group, name);
    return [first, ...others];
  };
  await duck.run(`CREATE OR REPLACE TEMP VIEW undone_${name} AS SELECT * FROM ${readParquet(await kept('decided'))}`);
  const before = await kept('before');
  const columns = await namesOf(duck, readParquet(before));
  const standing = await namesOf(duck, target);
  // Older versions wrote every column that the declaration had, and emptied all others.
  const written =
    (await writtenColumns(duck, before[0])) ?? (scope.sameColumns ? publishedColumns(scope.pipeline)(name) : columns);
  const dropped = columns.filter((column) => !standing.includes(column));
  const gone = dropped.filter((column) => written.includes(column));
  if (gone.length > 0) throw lostColumns(target, gone);
  const carried = standing.filter((column) => !written.includes(column));
  if (carried.length > 0) await keepUndeclared(duck, target, table, carried, `undone_${name}`);
  const first = quoteIdentifier(key[0] as string);
  const values = carried.map(quoteIdentifier).map((column, place) => {
    const old = columns.includes(carried[place] as string) ? `b.${column}` : 'NULL';
    return `, CASE WHEN k.${first} IS NULL THEN ${old} ELSE k.${column} END AS ${column}`;
  });
  const left = [...carried, ...dropped].filter((column) => columns.includes(column)).map(quoteIdentifier);
  const others = left.length === 0 ? 'b.*' : `b.* EXCLUDE (${left.join(', ')})`;
  const join_kept = carried.length === 0 ? '' : `LEFT JOIN ${carriedName(name)} AS k ON ${equal(key, 'b', 'k')}`;
  // A column that the table has gained since is null in rows that come back.
  await duck.run(`CREATE OR REPLACE TEMP VIEW image_${name} AS
    SELECT ${others}${values.join('')} FROM ${readParquet(before)} AS b ${join_kept}
    UNION ALL BY NAME SELECT * FROM ${target} WHERE false`);
  if (!scope.undone.isUndo) return carried;
  const after = `SELECT * FROM ${readParquet(await kept('after'))} UNION ALL BY NAME SELECT * FROM ${target} WHERE false`;
  await openLeft(duck, scope, table, after);
  return carried;
}

/** What is compared of the rows that an undo put back: a table, because no join should carry whole rows. */
async function openLeft(duck: Duck, { pipeline }: UndoScope, { name, key }: ChangedTable, rows: string): Promise<void> {
  const compiled = pipeline.tables.find((table) => table.name === name);
  const compared = compiled === undefined ? 'reason, detail' : `${rowHashSql(compiled, 'target')} AS made_hash`;
  await duck.run(`CREATE OR REPLACE TEMP TABLE left_${name} AS
    SELECT ${key.join(', ')}, event_date, _run_id, _published_at, ${compared} FROM (${rows}) AS target`);
}

const namesOf = async (duck: Duck, relation: string): Promise<string[]> =>
  (await duck.rows(`DESCRIBE SELECT * FROM ${relation}`)).map((row) => String(row.column_name));

async function columnsOf(
  duck: Duck,
  schema: string,
  tables: readonly ChangedTable[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const columns = new Map<string, readonly string[]>();
  for (const { name } of tables) columns.set(name, await namesOf(duck, `${schema}.${name}`));
  return columns;
}

/** Values in columns that the undone run did not write, of rows that go. */
async function valuesLost(
  duck: Duck,
  schema: string,
  tables: readonly ChangedTable[],
  carried: ReadonlyMap<string, readonly string[]>,
): Promise<LostValues[]> {
  const lost: LostValues[] = [];
  for (const table of tables) {
    const columns = carried.get(table.name) ?? [];
    if (columns.length > 0) lost.push(...(await lostValues(duck, `${schema}.${table.name}`, table, columns)));
  }
  return lost;
}

const lostColumns = (target: string, columns: readonly string[]): RepriseError =>
  new RepriseError(
    'Configuration',
    `table ${target} has lost ${columns.join(', ')}, which the rows to be put back have`,
    `add ${columns.length === 1 ? 'the column' : 'the columns'} again, then resume the undo`,
  );

async function findStanding(duck: Duck, scope: UndoScope, table: ChangedTable): Promise<void> {
  const { undone, pipeline } = scope;
  // The quarantine is no table of the pipeline.
  const compiled = pipeline.tables.find(({ name }) => name === table.name);
  const { keys } = keysOf(table);
  const join_left = undone.isUndo ? `LEFT JOIN left_${table.name} AS l ON ${equal(keys, 'l', 'target')}` : '';
  const hash = compiled === undefined ? undefined : await rowHashOf(duck, pipeline, compiled);
  const as_left = undone.isUndo ? asPutBack(hash) : asPublished(scope, hash);
  await duck.run(sql('undo-standing', { ...fills(scope, table), join_left, as_left }));
}

/** A row of a replay: its own id, the date that it gave, and columns that nobody changed by hand. */
function asPublished(scope: UndoScope, hash: string | undefined): string {
  const isSame = hash === undefined || !scope.sameColumns ? 'true' : `target._row_hash = ${hash}`;
  return `target._run_id = ${quoteLiteral(scope.undone.runId)} AND ${isSame}
    AND (u.action = 'delete' OR target.event_date IS NOT DISTINCT FROM u.new_date)`;
}

/** A row that an undo put back: the very same. */
function asPutBack(hash: string | undefined): string {
  const same =
    hash === undefined
      ? 'target.reason = l.reason AND target.detail IS NOT DISTINCT FROM l.detail'
      : `${hash} = l.made_hash`;
  return `target._run_id = l._run_id AND target._published_at = l._published_at
    AND target.event_date IS NOT DISTINCT FROM l.event_date AND ${same}`;
}

/** A row to be put back of which nothing is kept would be lost. */
async function refuseLost(duck: Duck, { name, decided, key }: ChangedTable, group: number): Promise<void> {
  const rows = await duck.rows(`SELECT count(*) AS n FROM ${decided} AS d
    ANTI JOIN image_${name} AS i ON ${equal(key, 'd', 'i')} WHERE d.action IN ('insert', 'update')`);
  const lost = Number(rows[0]?.n);
  if (lost === 0) return;
  throw new RepriseError(
    'NotFound',
    `of ${lost} rows of ${name} that group ${group} changed, the rows before are not among those kept`,
    'nothing was changed; replay with mended transforms instead: reprise backfill',
  );
}

async function countLeftAlone(duck: Duck, { name, decided }: ChangedTable): Promise<LeftAlone[]> {
  const rows = await duck.rows(`SELECT CAST(old_date AS VARCHAR) AS date, action, now_run, count(*) AS n FROM ${decided}
    WHERE action IN (${LEFT_ALONE}) GROUP BY ALL ORDER BY ALL`);
  return rows.map((row) => ({ ...placeOf(name, row), rows: Number(row.n) }));
}

async function nameLeftAlone(duck: Duck, table: ChangedTable): Promise<LeftAloneRow[]> {
  const { keys } = keysOf(table);
  const rows = await duck.rows(`SELECT CAST(old_date AS VARCHAR) AS date, action, now_run,
      ${keys.map((key) => `CAST(${key} AS VARCHAR) AS ${key}`).join(', ')}
    FROM ${table.decided} WHERE action IN (${LEFT_ALONE}) ORDER BY ${table.key.join(', ')} LIMIT ${ROWS_NAMED_MAX}`);
  return rows.map((row) => ({
    ...placeOf(table.name, row),
    key: Object.fromEntries(keys.map((key) => [key, String(row[key])])),
  }));
}

const placeOf = (table: string, row: DuckRow): Omit<LeftAlone, 'rows'> => ({
  table,
  date: row.date === null ? null : String(row.date),
  reason: row.action as LeftAloneReason,
  runId: row.now_run === null ? null : String(row.now_run),
});

/** What the statements of an undo are filled with for a table. */
function fills(scope: UndoScope, table: ChangedTable): Record<string, string> {
  const { keys, list } = keysOf(table);
  const isKnown = 'i._raw_object IN (SELECT raw_object FROM restorable_objects)';
  return {
    schema: scope.pipeline.name,
    table: table.name,
    decided: table.decided,
    keys: list(''),
    target_keys: list('target.'),
    undone_keys: list('u.'),
    undone_equal: equal(keys, 'u', 'target'),
    standing_equal: equal(keys, 'u', 't'),
    image_equal: equal(keys, 'u', 'i'),
    raw_gone: 'only' in scope.restorable ? `NOT ${isKnown}` : isKnown,
  };
}

function keysOf({ key }: ChangedTable): { keys: readonly string[]; list: (prefix: string) => string } {
  const keys = key.map(quoteIdentifier);
  return { keys: key, list: (prefix) => keys.map((one) => `${prefix}${one}`).join(', ') };
}

const equal = (keys: readonly string[], left: string, right: string): string =>
  keys.map((key) => `${left}.${key} = ${right}.${key}`).join(' AND ');

const notKept = ({ undone }: UndoScope, group: number, table: string): RepriseError =>
  new RepriseError(
    'NotFound',
    `the changes of run ${undone.runId} to ${table} in group ${group} are not kept any more`,
    'nothing can be put back; replay with mended transforms instead: reprise backfill',
  );
