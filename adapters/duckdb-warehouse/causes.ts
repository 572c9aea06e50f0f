// Says why each row changes: temporary tables `decided_causes` for events, whose parts have the same cause, and
// `causes_<table>` for offered rows and the quarantine; and which rows no cause explains.

import { join } from 'node:path';
import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import type { PublishScope, Unexplained } from '../../ports/warehouse.ts';
import type { Duck } from '../duckdb/instance.ts';
import { copyToParquet } from '../duckdb/parquet-path.ts';
import { sql } from '../duckdb/sql.ts';
import { ENTRY_KEY } from './changed-tables.ts';
import { offeredTables } from './scope.ts';

/** What a run writes into `_run_id`; live loaders write other names. */
export const RUN_ID = '[0-9a-f]{12}-[0-9]+';
/** Keys that are named of each table and date; the rows are all counted. */
const KEYS_NAMED_MAX = 5;

/**
 * After the decision, before it is applied. `common`: the fills of the decision's own statements; `hashes`: SQL for those of
 * target rows that are made anew.
 */
export async function decideCauses(
  duck: Duck,
  scope: PublishScope,
  common: Readonly<Record<string, string>>,
  hashes: ReadonlyMap<CompiledTable, string>,
): Promise<readonly Unexplained[]> {
  const { pipeline, repair } = scope;
  const fills = {
    ...common,
    transform: pipeline.transformDigest,
    run_id: RUN_ID,
    repair: String(repair),
  };
  await duck.run(sql('causes', fills));
  for (const table of offeredTables(pipeline)) {
    const target_row_hash = hashes.get(table) ?? 'target._row_hash';
    await duck.run(sql('causes-offered', { ...fills, table: table.name, target_row_hash }));
  }
  await duck.run(sql('causes-quarantine', fills));
  return unexplained(duck, pipeline);
}

/** Writes `<group>.<table>.causes.parquet` for tables whose rows have causes of their own, beside the changes. */
export async function recordCauses(
  duck: Duck,
  pipeline: CompiledPipeline,
  group: number,
  folder: string,
): Promise<void> {
  for (const { table, key, from } of ownCauses(pipeline).slice(1)) {
    const path = join(folder, `${group}.${table}.causes.parquet`);
    await duck.run(copyToParquet(`SELECT * FROM ${from} ORDER BY ${key.join(', ')}`, path));
  }
}

interface OwnCauses {
  readonly table: string;
  readonly key: readonly string[];
  /** The temporary table that holds them. */
  readonly from: string;
  /** SQL for the key as one text. */
  readonly text: string;
}

function ownCauses(pipeline: CompiledPipeline): OwnCauses[] {
  const ofEvents = { table: 'events', key: ['event_id'], from: 'decided_causes', text: 'event_id' };
  const ofOffered = offeredTables(pipeline).map(({ name }) => ({ ...ofEvents, table: name, from: `causes_${name}` }));
  const text = "_raw_object || '#' || _raw_row";
  return [ofEvents, ...ofOffered, { table: 'quarantine', key: ENTRY_KEY, from: 'causes_quarantine', text }];
}

async function unexplained(duck: Duck, pipeline: CompiledPipeline): Promise<Unexplained[]> {
  const where = "cause = 'unexplained'";
  const queries = ownCauses(pipeline).map(
    ({ table, text, from }) =>
      `SELECT '${table}' AS tbl, ${text} AS key, new_date, old_date FROM ${from} WHERE ${where}`,
  );
  for (const { name } of pipeline.tables.filter(({ kind }) => kind === 'parts')) {
    queries.push(`SELECT '${name}', d.event_id, d.new_date, d.old_date FROM decided_${name} AS d
      SEMI JOIN (SELECT event_id FROM decided_causes WHERE ${where}) AS c ON c.event_id = d.event_id
      WHERE d.action IN ('insert', 'update', 'delete')`);
  }
  const rows = await duck.rows(`
    SELECT tbl, coalesce(CAST(coalesce(old_date, new_date) AS VARCHAR), 'none') AS date, count(*) AS n,
      to_json(list_slice(list(DISTINCT key ORDER BY key), 1, ${KEYS_NAMED_MAX})) AS keys
    FROM (${queries.join(' UNION ALL ')}) GROUP BY 1, 2 ORDER BY 1, 2`);
  return rows.map((row) => ({
    table: String(row.tbl),
    date: String(row.date),
    rows: Number(row.n),
    keys: JSON.parse(String(row.keys)) as string[],
  }));
}
