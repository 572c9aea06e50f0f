// What is done with whole rows of a warehouse table whose texts are long. DuckDB reads and writes vectors of 2,048 rows,
// which of long texts are hundreds of megabytes; a condition on the row's number makes it read those rows alone. How long
// texts are is known from the statistics that it keeps of each row group.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { rowHashSql } from '../duckdb/columns.ts';
import { type Duck, quoteLiteral } from '../duckdb/instance.ts';
import { DICTIONARY_TEXT_BYTES, STEP, WIDE_TEXT_BYTES, warehouseMb } from '../duckdb/memory.ts';

/** Rows `[from, to)` by their numbers. */
interface RowNumbers {
  readonly from: number;
  readonly to: number;
}

interface RowGroup extends RowNumbers {
  /** No row has more bytes of text; what is not known is taken for the longest there may be. */
  readonly rowBytesMax: number;
  /** No text has more bytes. */
  readonly textBytesMax: number;
}

const UNKNOWN_BYTES = 256 * 1024;

/** Row groups of a table, ascending. `table` has its schema before it. */
async function rowGroupsOf(duck: Duck, table: string): Promise<RowGroup[]> {
  const rows = await duck.rows(`
    WITH segments AS (
      SELECT row_group_id, column_id, segment_type, count,
        coalesce(TRY_CAST(regexp_extract(stats, 'Max String Length: (\\d+)', 1) AS BIGINT), ${UNKNOWN_BYTES}) AS longest
      FROM pragma_storage_info(${quoteLiteral(table)}) WHERE segment_type <> 'VALIDITY'
    ),
    by_column AS (
      SELECT row_group_id, column_id, sum(count) AS n, max(longest) FILTER (segment_type = 'VARCHAR') AS longest
      FROM segments GROUP BY row_group_id, column_id
    )
    SELECT max(n) AS n, coalesce(sum(longest), 0) AS row_bytes, coalesce(max(longest), 0) AS text_bytes
    FROM by_column GROUP BY row_group_id ORDER BY row_group_id`);
  const groups: RowGroup[] = [];
  for (const row of rows) {
    const from = groups.at(-1)?.to ?? 0;
    groups.push({
      from,
      to: from + Number(row.n),
      rowBytesMax: Number(row.row_bytes),
      textBytesMax: Number(row.text_bytes),
    });
  }
  return groups;
}

/**
 * Gives DuckDB the memory that the longest text needs, whose vectors are written as a whole. A transaction with such texts
 * goes to the file at once: in the write-ahead log they would be copied, in memory, twice over. `inserted`: of each file
 * that is inserted the longest text, undefined when it is not known.
 */
export async function makeRoom(
  duck: Duck,
  pipeline: CompiledPipeline,
  inserted: readonly (number | undefined)[],
): Promise<void> {
  const groups = await allRowGroupsOf(duck, pipeline);
  const longestOf = (there: (group: RowGroup) => number): number =>
    groups.reduce(
      (longest, group) => Math.max(longest, there(group)),
      Math.max(0, ...inserted.map((bytes) => bytes ?? UNKNOWN_BYTES)),
    );
  if (longestOf((group) => group.textBytesMax) > DICTIONARY_TEXT_BYTES)
    await duck.run("SET disabled_compression_methods = 'dictionary'");
  const longest = longestOf((group) => group.rowBytesMax);
  if (longest <= WIDE_TEXT_BYTES) return;
  await duck.run(`SET memory_limit = '${Math.floor(warehouseMb(longest))}MB'`);
  await duck.run('SET threads = 1');
  await duck.run("SET checkpoint_threshold = '1KB'");
  await duck.run('SET auto_checkpoint_skip_wal_threshold = 0');
}

/** Row groups of all the pipeline's tables. */
async function allRowGroupsOf(duck: Duck, pipeline: CompiledPipeline): Promise<RowGroup[]> {
  const tables = await duck.rows(
    `SELECT table_name AS name FROM duckdb_tables() WHERE schema_name = ${quoteLiteral(pipeline.name)}`,
  );
  const groups: RowGroup[] = [];
  for (const { name } of tables) groups.push(...(await rowGroupsOf(duck, `${pipeline.name}.${String(name)}`)));
  return groups;
}

/**
 * Conditions that cut a table into rows whose texts are bounded; none when they are short everywhere, so that the table
 * can be read at once. A short row group is not cut, whatever its rows.
 */
export async function wideSteps(duck: Duck, table: string): Promise<string[]> {
  const groups = await rowGroupsOf(duck, table);
  if (groups.every(({ rowBytesMax }) => rowBytesMax <= WIDE_TEXT_BYTES)) return [];
  return groups.flatMap(({ from, to, rowBytesMax }) => {
    const rows =
      rowBytesMax <= WIDE_TEXT_BYTES ? to - from : Math.max(1, Math.floor(STEP.warehouseBytes / rowBytesMax));
    const steps: string[] = [];
    for (let at = from; at < to; at += rows) steps.push(`rowid >= ${at} AND rowid < ${Math.min(to, at + rows)}`);
    return steps;
  });
}

/**
 * SQL for the hash of a row of `target`, made from its columns. Where texts are long the hashes are made now, step by
 * step, of the rows for which `where` is true, and kept in a temporary table.
 */
export async function rowHashOf(
  duck: Duck,
  pipeline: CompiledPipeline,
  table: CompiledTable,
  where = 'true',
): Promise<string> {
  const steps = await wideSteps(duck, `${pipeline.name}.${table.name}`);
  if (steps.length === 0) return rowHashSql(table);
  const hashes = `row_hashes_${table.name}`;
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${hashes} (number BIGINT, hash VARCHAR)`);
  for (const step of steps) {
    await duck.run(`INSERT INTO ${hashes} SELECT rowid, ${rowHashSql(table)} FROM ${pipeline.name}.${table.name} AS target
      WHERE ${step} AND (${where})`);
  }
  return `(SELECT any_value(h.hash) FROM ${hashes} AS h WHERE h.number = target.rowid)`;
}
