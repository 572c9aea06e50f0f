// Reads the changes of a run from the Parquet files that publishing keeps, in a DuckDB of its own in memory. Restricted
// columns are compared here and never leave.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { QUARANTINE_COLUMNS, type TableColumn } from '../../model/tables.ts';
import type {
  ChangeAction,
  ChangedCause,
  ChangedColumn,
  ChangedDate,
  ChangedRow,
  ChangedValue,
  ChangeReader,
  ChangesRequest,
  TableChanges,
} from '../../ports/changes.ts';
import { columnDefinitions } from '../duckdb/columns.ts';
import { type Duck, type DuckRow, openDuck } from '../duckdb/instance.ts';
import { MEMORY } from '../duckdb/memory.ts';
import { readParquet } from '../duckdb/parquet-path.ts';
import { sql } from '../duckdb/sql.ts';
import { unlessMissing } from '../system/file-errors.ts';
import { keptFiles } from './apply.ts';
import { ENTRY_KEY } from './changed-tables.ts';

/** Load metadata: they differ whenever a row is written, and say nothing of what it holds. */
const NOT_COMPARED = new Set([
  'event_id',
  '_delivery',
  '_transform_version',
  '_row_hash',
  '_content_hash',
  '_run_id',
  '_published_at',
]);

interface ChangedTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: readonly TableColumn[];
  /** The file that has the causes of its rows, and by which columns: parts have those of their events. */
  readonly causes: string;
  readonly causesKey: readonly string[];
}

/** `spill`: a folder for what does not fit in memory. */
export function createChangeReader(options: { readonly spill: string }): ChangeReader {
  return {
    read: async (request) => {
      const files = (await unlessMissing(() => readdir(request.folder))) ?? [];
      if (!files.some((file) => file.endsWith('.decided.parquet'))) {
        throw new RepriseError(
          'NotFound',
          `nothing is kept of what the run would change: ${request.folder} has ${files.length} files`,
          'a run has changes from its preview on: reprise resume <run>',
        );
      }
      const duck = await openDuck({
        memoryMb: MEMORY.settleMb,
        threads: 2,
        tempFolder: options.spill,
        preserveInsertionOrder: false,
      });
      try {
        const tables: TableChanges[] = [];
        for (const table of changedTables(request.pipeline)) {
          tables.push(await readTable(duck, request, files, table));
        }
        return tables;
      } finally {
        await duck.close();
      }
    },
  };
}

function changedTables(pipeline: CompiledPipeline): ChangedTable[] {
  const ofPipeline = pipeline.tables.map(({ name, key, columns, kind }: CompiledTable) => ({
    name,
    key,
    columns,
    causes: kind === 'offered' ? `${name}.causes` : 'causes',
    causesKey: ['event_id'],
  }));
  const quarantine = { name: 'quarantine', key: ENTRY_KEY, columns: QUARANTINE_COLUMNS };
  return [...ofPipeline, { ...quarantine, causes: 'quarantine.causes', causesKey: ENTRY_KEY }];
}

async function readTable(
  duck: Duck,
  request: ChangesRequest,
  files: readonly string[],
  table: ChangedTable,
): Promise<TableChanges> {
  const kept = (what: string): string[] =>
    files.filter((file) => file.replace(/^\d+\./, '') === `${what}.parquet`).map((file) => join(request.folder, file));
  const decided = kept(`${table.name}.decided`);
  if (decided.length === 0) return { table: table.name, dates: [], causes: [], columns: [], samples: [] };
  const causes = kept(table.causes);
  const from = readParquet(causes, { unionByName: true });
  await duck.run(
    sql('changed-rows', {
      keys: table.key.map((key) => `d.${key}`).join(', '),
      decided: readParquet(decided),
      cause: causes.length > 0 ? 'c.cause' : NO_TEXT,
      old_transform: causes.length > 0 && (await hasColumn(duck, from, 'old_transform')) ? 'c.old_transform' : NO_TEXT,
      join_causes: causes.length > 0 ? `LEFT JOIN ${from} AS c ON ${keysEqual(table.causesKey, 'c', 'd')}` : '',
    }),
  );
  const rowsKept = (what: string): string[] =>
    keptFiles(files, table.name, what).map((file) => join(request.folder, file));
  await openRows(duck, 'before_rows', rowsKept('before'), table.columns);
  // An undo keeps what rows become; of a replay they are among the settled ones.
  const after = rowsKept('after');
  const settled = request.settled.filter((file) => file.table === table.name && file.rows > 0);
  await openRows(duck, 'after_rows', after.length > 0 ? after : settled.map((file) => file.path), table.columns);
  const compared = table.columns.filter((column) => !NOT_COMPARED.has(column.name) && !table.key.includes(column.name));
  return {
    table: table.name,
    dates: await datesOf(duck),
    causes: await causesOf(duck),
    columns: await columnsOf(duck, table, compared),
    samples: request.samplesMax > 0 ? await samplesOf(duck, table, compared, request.samplesMax) : [],
  };
}

/** A longer text is compared by its hash and length. */
const COMPARED_TEXT_BYTES = 256;

const NO_TEXT = 'CAST(NULL AS VARCHAR)';

async function hasColumn(duck: Duck, from: string, column: string): Promise<boolean> {
  const columns = await duck.rows(`DESCRIBE SELECT * FROM ${from}`);
  return columns.some((row) => row.column_name === column);
}

async function openRows(
  duck: Duck,
  name: string,
  paths: readonly string[],
  columns: readonly TableColumn[],
): Promise<void> {
  await duck.run(`DROP VIEW IF EXISTS ${name}`);
  await duck.run(`CREATE OR REPLACE TEMP TABLE no_${name} (${columnDefinitions(columns)})`);
  const from = paths.length === 0 ? `no_${name}` : readParquet(paths);
  await duck.run(`CREATE TEMP VIEW ${name} AS SELECT * FROM ${from}`);
}

async function datesOf(duck: Duck): Promise<ChangedDate[]> {
  const rows = await duck.rows(`
    SELECT CAST(CASE WHEN action = 'delete' THEN old_date ELSE coalesce(new_date, old_date) END AS VARCHAR) AS date,
      count(*) FILTER (action = 'insert') AS inserted, count(*) FILTER (action = 'update') AS updated,
      count(*) FILTER (action = 'delete') AS deleted, count(*) FILTER (action = 'update' AND new_date <> old_date) AS moved
    FROM changed GROUP BY 1 ORDER BY 1`);
  return rows.map((row) => ({
    date: textOf(row.date),
    inserted: Number(row.inserted),
    updated: Number(row.updated),
    deleted: Number(row.deleted),
    moved: Number(row.moved),
  }));
}

async function causesOf(duck: Duck): Promise<ChangedCause[]> {
  const rows = await duck.rows(
    `SELECT cause, action, from_transform, count(*) AS n FROM changed WHERE cause IS NOT NULL
      GROUP BY ALL ORDER BY cause, action, from_transform`,
  );
  return rows.map((row) => ({
    cause: String(row.cause),
    action: row.action as ChangeAction,
    fromTransform: textOf(row.from_transform) ?? undefined,
    rows: Number(row.n),
  }));
}

async function columnsOf(duck: Duck, table: ChangedTable, compared: readonly TableColumn[]): Promise<ChangedColumn[]> {
  // Long texts are joined as hashes, so that what a join holds is bounded by rows, not by what is in them.
  const short = ({ name, type }: TableColumn): string =>
    type === 'text' || type === 'json'
      ? `CASE WHEN strlen("${name}") <= ${COMPARED_TEXT_BYTES} THEN "${name}" ELSE md5("${name}") || strlen("${name}") END AS "${name}"`
      : `"${name}"`;
  const keys = table.key.map((key) => `"${key}"`);
  const rowsOf = (view: string): string => `(SELECT ${[...keys, ...compared.map(short)].join(', ')} FROM ${view})`;
  const counts = compared.map(
    ({ name }, place) => `count(*) FILTER (b."${name}" IS DISTINCT FROM a."${name}") AS n${place}`,
  );
  const rows = await duck.rows(`SELECT c.cause, ${counts.join(', ')} FROM changed AS c
    JOIN ${rowsOf('before_rows')} AS b ON ${keysEqual(table.key, 'c', 'b')} JOIN ${rowsOf('after_rows')} AS a ON ${keysEqual(table.key, 'c', 'a')}
    WHERE c.action = 'update' GROUP BY c.cause ORDER BY c.cause`);
  return rows.flatMap((row) =>
    compared
      .map(({ name }, place) => ({
        column: name,
        cause: textOf(row.cause) ?? undefined,
        rows: Number(row[`n${place}`]),
      }))
      .filter((one) => one.rows > 0),
  );
}

async function samplesOf(
  duck: Duck,
  table: ChangedTable,
  compared: readonly TableColumn[],
  samples: number,
): Promise<ChangedRow[]> {
  const keys = table.key.join(', ');
  const values = compared.map((column, place) => {
    const differs = `b."${column.name}" IS DISTINCT FROM a."${column.name}" AS d${place}`;
    if (column.restricted) return differs;
    return `${differs}, CAST(b."${column.name}" AS VARCHAR) AS b${place}, CAST(a."${column.name}" AS VARCHAR) AS a${place}`;
  });
  const rows = await duck.rows(
    sql('changed-samples', {
      keys,
      keys_of_row: table.key.length === 1 ? keys : `(${keys})`,
      samples: String(samples),
      key_texts: table.key.map((key) => `CAST(c.${key} AS VARCHAR) AS ${key}`).join(', '),
      chosen_keys: table.key.map((key) => `c.${key}`).join(', '),
      values: values.join(', '),
      before: 'before_rows',
      after: 'after_rows',
      before_equal: keysEqual(table.key, 'c', 'b'),
      after_equal: keysEqual(table.key, 'c', 'a'),
    }),
  );
  return rows.map((row) => sampleOf(row, table, compared));
}

function sampleOf(row: DuckRow, table: ChangedTable, compared: readonly TableColumn[]): ChangedRow {
  const newDate = textOf(row.new_date);
  const oldDate = textOf(row.old_date);
  const action = row.action as ChangeAction;
  const values = compared.flatMap(({ name, restricted, type }, place): ChangedValue[] => {
    if (row[`d${place}`] !== true) return [];
    const text = (value: unknown): string | null => (type === 'decimal' ? shortDecimal(textOf(value)) : textOf(value));
    return restricted
      ? [{ column: name, before: undefined, after: undefined }]
      : [{ column: name, before: text(row[`b${place}`]), after: text(row[`a${place}`]) }];
  });
  return {
    key: Object.fromEntries(table.key.map((key) => [key, String(row[key])])),
    action,
    cause: textOf(row.cause) ?? undefined,
    fromTransform: textOf(row.from_transform) ?? undefined,
    date: action === 'delete' ? oldDate : (newDate ?? oldDate),
    fromDate: action === 'update' && oldDate !== null && oldDate !== newDate ? oldDate : undefined,
    values,
  };
}

const keysEqual = (keys: readonly string[], left: string, right: string): string =>
  keys.map((key) => `${left}.${key} = ${right}.${key}`).join(' AND ');

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

/** Without the zeros that a fixed scale ends in. */
const shortDecimal = (text: string | null): string | null => (text?.includes('.') ? text.replace(/\.?0+$/, '') : text);
