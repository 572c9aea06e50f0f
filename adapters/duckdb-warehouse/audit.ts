// Follows the rows of one run through the tables as they are now: by the keys that the run kept, the run ids that rows bear,
// and the hashes that their columns give.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRequest, TableAudit } from '../../ports/audit.ts';
import { rowHashSql } from '../duckdb/columns.ts';
import { type Duck, quoteIdentifier, quoteLiteral } from '../duckdb/instance.ts';
import { readParquet } from '../duckdb/parquet-path.ts';

/** Columns of a file of decisions that are not its key. */
const DECISION_COLUMNS = new Set(['action', 'new_date', 'old_date']);

export async function auditRows(duck: Duck, request: AuditRequest): Promise<TableAudit[]> {
  const audits: TableAudit[] = [];
  for (const table of request.tables) audits.push(await auditTable(duck, request, table));
  return audits;
}

async function auditTable(duck: Duck, request: AuditRequest, table: string): Promise<TableAudit> {
  const { schema, runId } = request;
  const columns = await columnsOf(duck, schema, table);
  const target = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  const files = decidedFiles(request.changesFolder, table);
  const keys = files.length === 0 ? [] : await keysOf(duck, files);
  const own = columns.size === 0 ? 0 : await countOf(duck, `FROM ${target} WHERE _run_id = ${quoteLiteral(runId)}`);
  const changed = columns.size === 0 ? 0 : await changedRows(duck, request, table, target, keys);
  if (files.length === 0) return { table, wrote: undefined, standing: own, changed, replaced: [], gone: 0 };
  await duck.run(`CREATE OR REPLACE TEMP TABLE audited AS SELECT DISTINCT ${listOf(keys)}
    FROM ${readParquet(files)} WHERE action IN ('insert', 'update')`);
  const wrote = await countOf(duck, 'FROM audited');
  if (columns.size === 0 || !keys.every((key) => columns.has(key)))
    return { table, wrote, standing: own, changed, replaced: [], gone: Math.max(wrote - own, 0) };
  const now = await duck.rows(`SELECT t._run_id AS run, count(*) AS n, count(t._run_id) AS there
    FROM audited AS a LEFT JOIN ${target} AS t ON ${keys.map((key) => `t.${quoteIdentifier(key)} = a.${quoteIdentifier(key)}`).join(' AND ')}
    GROUP BY 1 ORDER BY 2 DESC, 1`);
  const isGone = (row: (typeof now)[number]): boolean => Number(row.there) === 0;
  return {
    table,
    wrote,
    standing: Number(now.find((row) => row.run === runId)?.n ?? 0),
    changed,
    replaced: now
      .filter((row) => !isGone(row) && row.run !== runId)
      .map((row) => ({ runId: String(row.run), rows: Number(row.n) })),
    gone: Number(now.find(isGone)?.n ?? 0),
  };
}

/** By the hash that the row bears and, where the stage is still there, by the hash that the run staged. */
async function changedRows(
  duck: Duck,
  { pipeline, runId, staged }: AuditRequest,
  table: string,
  target: string,
  keys: readonly string[],
): Promise<number> {
  const compiled = pipeline?.tables.find(({ name }) => name === table);
  if (compiled === undefined) return 0;
  const own = `FROM ${target} AS target WHERE _run_id = ${quoteLiteral(runId)}`;
  const hash = rowHashSql(compiled);
  const byColumns = await countOf(duck, `${own} AND ${hash} IS DISTINCT FROM _row_hash`);
  const files = staged.filter((file) => file.table === table).map(({ path }) => path);
  // Of rows that events offer, another than the settled one may have been published.
  if (files.length === 0 || keys.length === 0 || compiled.kind === 'offered') return byColumns;
  const byStage = await countOf(
    duck,
    `FROM ${target} AS target JOIN ${readParquet(files)} AS staged USING (${listOf(keys)})
      WHERE target._run_id = ${quoteLiteral(runId)} AND ${hash} IS DISTINCT FROM staged._row_hash`,
  );
  return Math.max(byColumns, byStage);
}

function decidedFiles(folder: string, table: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.replace(/^\d+\./, '') === `${table}.decided.parquet`);
  return names.sort().map((name) => join(folder, name));
}

async function keysOf(duck: Duck, files: readonly string[]): Promise<string[]> {
  const columns = await duck.rows(`DESCRIBE SELECT * FROM ${readParquet(files)}`);
  return columns.map((column) => String(column.column_name)).filter((name) => !DECISION_COLUMNS.has(name));
}

async function columnsOf(duck: Duck, schema: string, table: string): Promise<Set<string>> {
  const rows = await duck.rows(`SELECT column_name FROM duckdb_columns()
    WHERE schema_name = ${quoteLiteral(schema)} AND table_name = ${quoteLiteral(table)}`);
  return new Set(rows.map((row) => String(row.column_name)));
}

const countOf = async (duck: Duck, from: string): Promise<number> =>
  Number((await duck.rows(`SELECT count(*) AS n ${from}`))[0]?.n ?? 0);

const listOf = (names: readonly string[]): string => names.map(quoteIdentifier).join(', ');
