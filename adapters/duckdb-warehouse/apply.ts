// Applies a decision: deletes what goes, inserts what comes, table by table, inside the caller's transaction. Keeps the
// rows as they were before, and the decisions, as Parquet beside it.

import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledPipeline } from '../../model/compile.ts';
import type { GroupOutcome, LostValues, PublishScope } from '../../ports/warehouse.ts';
import { type Duck, quoteIdentifier, quoteLiteral } from '../duckdb/instance.ts';
import { STEP } from '../duckdb/memory.ts';
import { copyToParquet, readKeyValues } from '../duckdb/parquet-path.ts';
import { makeFolder } from '../system/open-homes.ts';
import { changedTables } from './changed-tables.ts';
import { wantedTables } from './evolve.ts';
import { carriedName, keepUndeclared, lostValues, type Undeclared } from './undeclared.ts';
import { wideSteps } from './wide-table.ts';

/** Under this key the rows before say which columns the run wrote; all others it left as they stood. */
const WRITTEN = 'reprise.written';

/** The columns that a run wrote, by its rows before; undefined when an older version kept them. */
export async function writtenColumns(duck: Duck, path: string): Promise<readonly string[] | undefined> {
  const rows = await duck.rows(`SELECT value FROM ${readKeyValues(path)} WHERE key = ${quoteLiteral(WRITTEN)}`);
  return rows[0] && (JSON.parse(String(rows[0].value)) as string[]);
}

/**
 * Writes `<group>.<table>.decided.parquet` and `.before.parquet` for the rows that change, and the events' causes. With
 * `after`, a relation for each table, also `.after.parquet`: what the rows become. `written`: the columns of a table that
 * the run writes.
 */
export async function recordChanges(
  duck: Duck,
  pipeline: CompiledPipeline,
  group: number,
  folder: string,
  written: (table: string) => readonly string[],
  after?: (table: string) => string,
): Promise<void> {
  await makeFolder(folder);
  // An attempt that died may have written more files than this one will.
  for (const name of await readdir(folder)) if (name.startsWith(`${group}.`)) await rm(join(folder, name));
  const copy = (query: string, name: string, options = ROWS_KEPT): Promise<void> =>
    duck.run(copyToParquet(query, join(folder, `${group}.${name}.parquet`), options));
  // Parts have the cause of their event; those that have none go because they are repaired.
  const lone = changedTables(pipeline)
    .filter(({ isPart }) => isPart)
    .map(
      ({ decided }) => `UNION ALL BY NAME SELECT DISTINCT event_id, 'repaired' AS cause FROM ${decided}
        WHERE action = 'delete' AND event_id NOT IN (SELECT event_id FROM decided)`,
    );
  await copy(`SELECT * FROM (SELECT * FROM decided_causes ${lone.join(' ')}) ORDER BY event_id`, 'causes');
  for (const { name, decided, key } of changedTables(pipeline)) {
    const keys = key.join(', ');
    await copy(
      `SELECT ${keys}, action, new_date, old_date FROM ${decided} WHERE action IN ('insert', 'update', 'delete') ORDER BY ${keys}`,
      `${name}.decided`,
    );
    // Whole rows are not sorted, because a sort holds all of them: whoever reads them looks them up by key.
    const meaning = `KV_METADATA {'${WRITTEN}': ${quoteLiteral(JSON.stringify(written(name)))}}`;
    const before = `SELECT * FROM ${pipeline.name}.${name} WHERE`;
    const changed = await decidedSteps(duck, key, decided, "'update', 'delete'");
    for (const [place, step] of (await stepsWithRows(duck, `${pipeline.name}.${name}`, changed)).entries()) {
      const options = place === 0 ? `${ROWS_KEPT}, ${meaning}` : ROWS_KEPT;
      await copy(`${before} ${step}`, `${name}.before${place === 0 ? '' : `-${place}`}`, options);
    }
    if (after === undefined) continue;
    const come = await decidedSteps(duck, key, decided, "'insert', 'update'");
    for (const [place, step] of (come.length === 0 ? ['false'] : come).entries())
      await copy(`SELECT * FROM ${after(name)} WHERE ${step}`, `${name}.after${place === 0 ? '' : `-${place}`}`);
  }
}

/** The conditions cut further where texts are long; one that is true of no row when there is nothing to keep. */
async function stepsWithRows(duck: Duck, table: string, changed: readonly string[]): Promise<string[]> {
  const wide = await wideSteps(duck, table);
  if (wide.length === 0) return changed.length === 0 ? ['false'] : [...changed];
  const found: string[] = [];
  for (const step of wide.flatMap((rows) => changed.map((one) => `${rows} AND ${one}`))) {
    const [counted] = await duck.rows(`SELECT count(*) AS n FROM ${table} WHERE ${step}`);
    if (Number(counted?.n) > 0) found.push(step);
  }
  return found.length === 0 ? ['false'] : found;
}

/** Row groups of what is kept are bounded by bytes, because each is put together in memory. */
const ROWS_KEPT = `COMPRESSION zstd, ROW_GROUP_SIZE_BYTES ${STEP.keptBytes}`;

/** Of the names in a folder of changes, those that hold the rows of one kind (`before`, …) of a table. */
export function keptFiles(names: readonly string[], table: string, what: string, group?: number): string[] {
  const pattern = new RegExp(`^${group ?? '\\d+'}\\.${table}\\.${what}(-\\d+)?\\.parquet$`);
  // The one without a number first: it says which columns the run wrote.
  return names
    .filter((name) => pattern.test(name))
    .sort((a, b) => a.length - b.length || Number(a > b) - Number(a < b));
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

/** The columns of each table that publishing writes. */
export function publishedColumns(pipeline: CompiledPipeline): (table: string) => readonly string[] {
  const columns = new Map(wantedTables(pipeline).map((table) => [table.name, table.columns.map(({ name }) => name)]));
  return (table) => columns.get(table) ?? [];
}

/** The group's changes to all tables, after keepAll. */
export async function applyChanges(
  duck: Duck,
  scope: PublishScope,
  undeclared: Undeclared,
  publishedAt: string,
): Promise<void> {
  const published = `${quoteLiteral(scope.runId)}, TIMESTAMP ${quoteLiteral(publishedAt)}`;
  for (const { name, decided, key, columns, settled } of changedTables(scope.pipeline)) {
    const target = `${scope.pipeline.name}.${name}`;
    const extra = (undeclared.get(name) ?? []).map(quoteIdentifier);
    const written = `${columns}, _run_id, _published_at`;
    for (const these of await decidedSteps(duck, key, decided, "'update', 'delete'"))
      await duck.run(`DELETE FROM ${target} WHERE ${these}`);
    const come = extra.length === 0 ? "'insert', 'update'" : "'insert'";
    for (const these of await decidedSteps(duck, key, decided, come))
      await duck.run(
        `INSERT INTO ${target} (${written}) SELECT ${columns}, ${published} FROM ${settled} WHERE ${these}`,
      );
    if (extra.length === 0) continue;
    for (const these of await decidedSteps(duck, key, decided, "'update'"))
      await duck.run(`INSERT INTO ${target} (${written}, ${extra.join(', ')})
        SELECT ${columns}, ${published}, ${extra.map((column) => `carried.${column}`).join(', ')}
        FROM (SELECT * FROM ${settled} WHERE ${these}) AS settled
        LEFT JOIN ${carriedName(name)} AS carried USING (${key.join(', ')})`);
  }
}

/** Keeps what rows that stay have in undeclared columns, and gives what goes with the others. */
export async function keepAll(
  duck: Duck,
  pipeline: CompiledPipeline,
  undeclared: Undeclared,
): Promise<Pick<GroupOutcome, 'lost'>> {
  const lost: LostValues[] = [];
  for (const table of changedTables(pipeline)) {
    const columns = undeclared.get(table.name);
    if (columns === undefined) continue;
    const target = `${pipeline.name}.${table.name}`;
    await keepUndeclared(
      duck,
      target,
      table,
      columns,
      `(SELECT ${table.key.join(', ')} FROM ${table.decided} WHERE action = 'update')`,
    );
    lost.push(...(await lostValues(duck, target, table, columns)));
  }
  return lost.length === 0 ? {} : { lost };
}

/**
 * Conditions that are each true of some of the rows whose decision is one of the actions, and together of all; without such
 * rows none. A condition holds in memory the keys that it looks for: about `rowsMax` of them.
 */
export async function decidedSteps(
  duck: Duck,
  key: readonly string[],
  decided: string,
  actions: string,
  rowsMax: number = STEP.decidedRows,
): Promise<string[]> {
  const among = `FROM ${decided} WHERE action IN (${actions})`;
  const rows = Number((await duck.rows(`SELECT count(*) AS n ${among}`))[0]?.n);
  const steps = Math.ceil(rows / rowsMax);
  const row = key.length === 1 ? key[0] : `(${key.join(', ')})`;
  return Array.from({ length: steps }, (_, place) => {
    const bucket = steps === 1 ? '' : `hash(${key.join(', ')}) % ${steps} = ${place} AND `;
    return `${bucket}${row} IN (SELECT ${row} ${among.replace('WHERE ', `WHERE ${bucket}`)})`;
  });
}
