// The embedded warehouse: one DuckDB file, owned by one process. Composes scope, decision and application into
// transactions that carry their commit token.

import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { sealKey } from '../../model/keyed.ts';
import type {
  Anchor,
  Commit,
  EvolvingWarehouse,
  GroupOutcome,
  ObjectRows,
  PublishedTokens,
  PublishScope,
  SchemaEvolution,
  TableDigest,
  UndeclaredColumn,
  UndoOutcome,
  UndoScope,
  Verification,
  Warehouse,
} from '../../ports/warehouse.ts';
import { columnDefinitions, digestSql, duckType, keyHashSql } from '../duckdb/columns.ts';
import { type Duck, openDuck, quoteLiteral } from '../duckdb/instance.ts';
import { MEMORY, STEP } from '../duckdb/memory.ts';
import { copyToParquet } from '../duckdb/parquet-path.ts';
import { sql } from '../duckdb/sql.ts';
import { classifyFileError } from '../system/file-errors.ts';
import { applyChanges, keepAll, publishedColumns, recordChanges, syncChanges } from './apply.ts';
import { recordCauses } from './causes.ts';
import { decide } from './decide.ts';
import { evolve, lackingColumns, planEvolution, tablesStand, wantedTables } from './evolve.ts';
import { publishedTokens, warehouseId } from './published.ts';
import { objectsWithRows, rowsOfObjects } from './rows-of-objects.ts';
import { openDates, openScope } from './scope.ts';
import { type Undeclared, undeclaredColumns, undeclaredValues } from './undeclared.ts';
import { applyUndo, decideUndo, longestKept } from './undo.ts';
import { verifyTables } from './verify.ts';
import { makeRoom, rowHashOf } from './wide-table.ts';

type Window = { readonly from: string; readonly to: string };

/**
 * Opens the warehouse file, and makes it where there is none. The caller holds the home's warehouse lock, unless the file
 * is only to be read. `deliveryKey` opens sealed deliveries.
 * @throws NotFound when it is only to be read and not there
 */
export async function openDuckWarehouse(
  path: string,
  spill: string,
  deliveryKey: Uint8Array,
  { isReadOnly = false }: { readonly isReadOnly?: boolean } = {},
): Promise<DuckWarehouse> {
  if (isReadOnly && !existsSync(path))
    throw new RepriseError('NotFound', `there is no warehouse at ${path}`, 'make one where the home can be written');
  if (!existsSync(path)) await makeWarehouseFile(path, spill);
  const duck = await openDuck({ ...settings(spill), path, isReadOnly });
  if (!isReadOnly) await duck.run(sql('publishing-tables'));
  await duck.run(sql('open-seal', { key: sealKey(deliveryKey) }));
  return new DuckWarehouse(duck, spill, { isReadOnly });
}

const settings = (spill: string) => ({
  memoryMb: MEMORY.warehouseMb,
  threads: 2,
  tempFolder: spill,
  preserveInsertionOrder: false,
});

/** Whole or not at all: half a file, from a full disk or a crash, could never be opened again. */
async function makeWarehouseFile(path: string, spill: string): Promise<void> {
  const unfinished = `${path}.new`;
  const remove = async (): Promise<void> => {
    for (const one of [unfinished, `${unfinished}.wal`]) await rm(one, { force: true });
  };
  await remove();
  try {
    const duck = await openDuck({ ...settings(spill), path: unfinished });
    try {
      await duck.run(sql('publishing-tables'));
      await duck.run('CHECKPOINT');
    } finally {
      await duck.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await remove();
    throw classifyFileError(error, `making ${path}`);
  }
}

export class DuckWarehouse implements Warehouse, EvolvingWarehouse {
  readonly duck: Duck;
  readonly #spill: string;
  readonly #isReadOnly: boolean;
  readonly #comparedRows: number;
  #opened: PublishScope | undefined;
  /** Of the opened scope. */
  #undeclared: Undeclared = new Map();

  /** `comparedRows`: so many rows of a table are compared at once by verify. */
  constructor(duck: Duck, spill: string, { isReadOnly = false, comparedRows = STEP.comparedRows as number } = {}) {
    this.duck = duck;
    this.#spill = spill;
    this.#isReadOnly = isReadOnly;
    this.#comparedRows = comparedRows;
  }

  async ensureTables(pipeline: CompiledPipeline): Promise<void> {
    if (!this.#isReadOnly) await this.duck.run(`CREATE SCHEMA IF NOT EXISTS ${pipeline.name}`);
    for (const table of wantedTables(pipeline)) {
      const { name, columns } = table;
      if (!this.#isReadOnly)
        await this.duck.run(`CREATE TABLE IF NOT EXISTS ${pipeline.name}.${name} (${columnDefinitions(columns)})`);
      const lacking = await lackingColumns(this.duck, pipeline.name, table);
      if (lacking.length === 0) continue;
      throw new RepriseError(
        'Configuration',
        `table ${pipeline.name}.${name} lacks ${lacking.map((c) => `${c.name} ${duckType(c.type)}`).join(', ')} (absent or of another type); first: reprise schema apply ${pipeline.name}`,
        `bring the tables to the declaration first: reprise schema apply ${pipeline.name}`,
      );
    }
  }

  evolve(pipeline: CompiledPipeline, apply: boolean): Promise<SchemaEvolution> {
    return apply ? evolve(this.duck, pipeline) : planEvolution(this.duck, pipeline);
  }

  async raiseFence(pipeline: CompiledPipeline, window: Window, lease: number, anchor?: Anchor): Promise<void> {
    const name = quoteLiteral(pipeline.name);
    const [from, to] = [`DATE ${quoteLiteral(window.from)}`, `DATE ${quoteLiteral(window.to)}`];
    await this.duck.run('BEGIN TRANSACTION');
    try {
      await this.#refuseBelow(
        lease,
        `SELECT lease FROM reprise.fences WHERE pipeline = ${name} AND ${within(window)} UNION ALL ${fencedWindows(name, window)}`,
      );
      await this.duck.run(
        `DELETE FROM reprise.fenced_windows WHERE pipeline = ${name} AND from_date >= ${from} AND to_date <= ${to}`,
      );
      await this.duck.run(`INSERT INTO reprise.fenced_windows (pipeline, from_date, to_date, lease, ledger_sequence, ledger_hash)
        VALUES (${name}, ${from}, ${to}, ${lease}, ${anchorValues(anchor)})`);
      await this.duck.run('COMMIT');
    } catch (error) {
      await this.duck.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  async anchors(pipeline: string): Promise<readonly Anchor[]> {
    const from = (table: string): string =>
      `SELECT ledger_sequence, ledger_hash FROM reprise.${table} WHERE pipeline = ${quoteLiteral(pipeline)} AND ledger_sequence IS NOT NULL`;
    // One that older versions made, and that may not be written, lacks the columns.
    const has = await this.duck.rows(
      "SELECT 1 FROM duckdb_columns() WHERE schema_name = 'reprise' AND table_name IN ('fences', 'fenced_windows') AND column_name = 'ledger_hash'",
    );
    if (has.length < 2) return [];
    const rows = await this.duck.rows(`${from('fences')} UNION ${from('fenced_windows')}`);
    return rows.map((row) => ({ sequence: Number(row.ledger_sequence), hash: String(row.ledger_hash) }));
  }

  async greatest(pipeline: string): Promise<{ readonly epoch: number; readonly lease: number }> {
    const of = (columns: string, table: string): string =>
      `SELECT ${columns} FROM reprise.${table} WHERE pipeline = ${quoteLiteral(pipeline)}`;
    const rows = await this.duck.rows(`SELECT coalesce(max(epoch), 0) AS epoch, coalesce(max(lease), 0) AS lease
      FROM (${of('epoch, lease', 'fences')} UNION ALL ${of('0, lease', 'fenced_windows')})`);
    return { epoch: Number(rows[0]?.epoch ?? 0), lease: Number(rows[0]?.lease ?? 0) };
  }

  async preview(scope: PublishScope, group: number, folder: string): Promise<GroupOutcome> {
    await this.#open(scope);
    const outcome = await this.#decide(scope, group);
    await recordChanges(this.duck, scope.pipeline, group, folder, publishedColumns(scope.pipeline));
    await recordCauses(this.duck, scope.pipeline, group, folder);
    return outcome;
  }

  async rejected(scope: PublishScope): Promise<Readonly<Record<string, number>>> {
    await this.#open(scope);
    const rows = await this.duck.rows(
      `SELECT reason, count(*) AS n FROM settled_quarantine WHERE ${within(scope.window)} GROUP BY 1 ORDER BY 1`,
    );
    return Object.fromEntries(rows.map((row) => [String(row.reason), Number(row.n)]));
  }

  async publish(scope: PublishScope, group: number, folder: string, commit: Commit): Promise<GroupOutcome> {
    await this.#open(scope);
    const done = await this.committed(commit.token);
    if (done !== undefined) return done;
    await makeRoom(
      this.duck,
      scope.pipeline,
      scope.settled.map(({ longestText }) => longestText),
    );
    return this.#transaction(scope.runId, commit, async () => {
      await this.#fence(scope, group, commit);
      await this.#keepAnchor(scope, group, commit);
      const outcome = await this.#decide(scope, group);
      commit.check?.(outcome);
      await recordChanges(this.duck, scope.pipeline, group, folder, publishedColumns(scope.pipeline));
      await recordCauses(this.duck, scope.pipeline, group, folder);
      await syncChanges(folder, group);
      await applyChanges(this.duck, scope, this.#undeclared, commit.publishedAt);
      return outcome;
    });
  }

  async #decide(scope: PublishScope, group: number): Promise<GroupOutcome> {
    const outcome = await decide(this.duck, scope, group);
    return { ...outcome, ...(await keepAll(this.duck, scope.pipeline, this.#undeclared)) };
  }

  async undo(scope: UndoScope, group: number, folder: string, commit: Commit | undefined): Promise<UndoOutcome> {
    await this.ensureTables(scope.pipeline);
    // The temporary tables of a publish and of an undo have the same names.
    this.#opened = undefined;
    await openDates(this.duck, scope.dates);
    if (commit === undefined) return decideUndo(this.duck, scope, group, folder);
    const done = await this.committed(commit.token);
    if (done !== undefined) return done as UndoOutcome;
    await makeRoom(this.duck, scope.pipeline, await longestKept(this.duck, scope, group));
    return this.#transaction(scope.runId, commit, async () => {
      await this.#refence(scope, group, commit);
      await this.#keepAnchor(scope, group, commit);
      const outcome = await decideUndo(this.duck, scope, group, folder);
      await syncChanges(folder, group);
      await applyUndo(this.duck, scope);
      return outcome;
    });
  }

  /** Does the work and stores the token with its outcome: both, or neither. */
  async #transaction<T extends GroupOutcome>(runId: string, commit: Commit, work: () => Promise<T>): Promise<T> {
    await this.duck.run('BEGIN TRANSACTION');
    try {
      const outcome = { ...(await work()), warehouse: await warehouseId(this.duck) } as T;
      await this.duck.run(`INSERT INTO reprise.commits VALUES (${quoteLiteral(commit.token)}, ${quoteLiteral(runId)},
        TIMESTAMP ${quoteLiteral(commit.publishedAt)}, ${quoteLiteral(JSON.stringify(outcome))})`);
      await this.duck.run('COMMIT');
      return outcome;
    } catch (error) {
      await this.duck.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  published(pipeline: CompiledPipeline): Promise<PublishedTokens> {
    return publishedTokens(this.duck, pipeline.name);
  }

  async committed(token: string): Promise<GroupOutcome | undefined> {
    const rows = await this.duck.rows(`SELECT outcome FROM reprise.commits WHERE token = ${quoteLiteral(token)}`);
    const outcome = rows[0]?.outcome;
    return outcome === undefined ? undefined : (JSON.parse(String(outcome)) as GroupOutcome);
  }

  /** Takes the group's dates, refusing a writer whose lease is older than the one that last had them. */
  async #fence(scope: PublishScope, group: number, commit: Commit): Promise<void> {
    const name = quoteLiteral(scope.pipeline.name);
    const dates = datesOf(group);
    await this.#refuseOlder(name, scope.window, group, commit);
    await this.duck.run(`CREATE OR REPLACE TEMP TABLE fenced AS
      SELECT p.event_date, f.whole_epoch, f.whole_transforms, p.whole FROM plan_dates AS p
      LEFT JOIN reprise.fences AS f ON f.pipeline = ${name} AND f.event_date = p.event_date WHERE p.group_no = ${group}`);
    await this.duck.run(`DELETE FROM reprise.fences WHERE pipeline = ${name} AND event_date IN (${dates})`);
    await this.duck.run(`INSERT INTO reprise.fences
      (pipeline, event_date, lease, epoch, whole_epoch, whole_transforms, run_id, published_at)
      SELECT ${name}, event_date, ${commit.lease}, ${scope.epoch}, CASE WHEN whole THEN ${scope.epoch} ELSE whole_epoch END,
      CASE WHEN whole THEN ${quoteLiteral(scope.pipeline.transformDigest)} ELSE whole_transforms END,
      ${quoteLiteral(scope.runId)}, TIMESTAMP ${quoteLiteral(commit.publishedAt)} FROM fenced`);
  }

  /** Takes dates that stay in the epoch they are in. */
  async #refence(scope: UndoScope, group: number, commit: Commit): Promise<void> {
    const name = quoteLiteral(scope.pipeline.name);
    await this.#refuseOlder(name, scope.window, group, commit);
    await this.duck.run(`UPDATE reprise.fences SET lease = ${commit.lease}, run_id = ${quoteLiteral(scope.runId)},
      published_at = TIMESTAMP ${quoteLiteral(commit.publishedAt)} WHERE pipeline = ${name} AND event_date IN (${datesOf(group)})`);
  }

  async #keepAnchor({ pipeline }: PublishScope | UndoScope, group: number, { anchor }: Commit): Promise<void> {
    if (anchor === undefined) return;
    await this.duck.run(`UPDATE reprise.fences SET ledger_sequence = ${anchor.sequence}, ledger_hash = ${quoteLiteral(anchor.hash)}
      WHERE pipeline = ${quoteLiteral(pipeline.name)} AND event_date IN (${datesOf(group)})`);
  }

  #refuseOlder(name: string, window: Window, group: number, commit: Commit): Promise<void> {
    const published = `SELECT lease FROM reprise.fences WHERE pipeline = ${name} AND event_date IN (${datesOf(group)})`;
    return this.#refuseBelow(commit.lease, `${published} UNION ALL ${fencedWindows(name, window)}`);
  }

  /** `leases`: a query for those that had the dates. */
  async #refuseBelow(lease: number, leases: string): Promise<void> {
    const held = (await this.duck.rows(`SELECT max(lease) AS lease FROM (${leases})`))[0]?.lease;
    if (held === null || held === undefined || Number(held) <= lease) return;
    throw new RepriseError(
      'LeaseLost',
      `lease ${lease} is older than ${String(held)}, by which these dates were last taken`,
      'run again: a newer run has taken over',
    );
  }

  async exportKeys(pipeline: CompiledPipeline, window: Window, path: string): Promise<string | undefined> {
    if (!(await this.#exists(pipeline))) return undefined;
    const keyed = pipeline.tables.filter((table) => table.kind !== 'parts');
    const columns = `${keyHashSql('event_id')} AS key_hash, _raw_object AS raw_object`;
    const hashes = keyed.map(
      (table) => `SELECT ${columns}, true AS in_window FROM ${pipeline.name}.${table.name} WHERE ${within(window)}`,
    );
    // An offer counts by its event's row, wherever that stands.
    if (pipeline.tables.some((table) => table.kind === 'offered')) {
      hashes.push(`SELECT ${columns}, false FROM ${pipeline.name}.events WHERE NOT (${within(window)})`);
    }
    await rm(path, { force: true });
    await this.duck.run(copyToParquet(hashes.join(' UNION '), path, ''));
    return path;
  }

  async objectsWithRows(pipeline: CompiledPipeline, window: Window): Promise<readonly string[]> {
    return (await this.#exists(pipeline)) ? objectsWithRows(this.duck, pipeline, window) : [];
  }

  async rowsOfObjects(
    pipeline: CompiledPipeline,
    window: Window,
    rawObjects: readonly string[],
  ): Promise<readonly ObjectRows[]> {
    return (await this.#exists(pipeline)) ? rowsOfObjects(this.duck, pipeline, window, rawObjects) : [];
  }

  async datesWithRows(pipeline: CompiledPipeline, window: Window | undefined): Promise<readonly string[]> {
    if (!(await this.#exists(pipeline))) return [];
    const tables = [...pipeline.tables.map((table) => table.name), 'quarantine'];
    const where = window === undefined ? 'true' : within(window);
    const rows = await this.duck.rows(
      `SELECT DISTINCT CAST(event_date AS VARCHAR) AS date FROM (${tables
        .map((table) => `SELECT event_date FROM ${pipeline.name}.${table} WHERE ${where}`)
        .join(' UNION ')}) WHERE event_date IS NOT NULL ORDER BY 1`,
    );
    return rows.map((row) => String(row.date));
  }

  async digests(pipeline: CompiledPipeline, window: Window | undefined): Promise<readonly TableDigest[]> {
    if (!(await this.#exists(pipeline))) return [];
    const digests: TableDigest[] = [];
    for (const table of pipeline.tables) {
      const hash = await rowHashOf(this.duck, pipeline, table, window === undefined ? 'true' : within(window));
      const rows =
        await this.duck.rows(`SELECT CAST(event_date AS VARCHAR) AS date, count(*) AS n, ${digestSql('hash')} AS digest
        FROM (SELECT event_date, ${hash} AS hash FROM ${pipeline.name}.${table.name} AS target
          WHERE ${window === undefined ? 'true' : within(window)}) GROUP BY 1 ORDER BY 1`);
      for (const row of rows) {
        digests.push({ table: table.name, date: String(row.date), rows: Number(row.n), digest: String(row.digest) });
      }
    }
    return digests;
  }

  async verify(scope: PublishScope, differencesMax: number): Promise<Verification> {
    // What the run published itself was published before anybody asked.
    const asked = { ...scope, runId: 'verify' };
    await this.#open(asked);
    return verifyTables(this.duck, asked, differencesMax, this.#comparedRows);
  }

  async undeclared(pipeline: CompiledPipeline, window: Window | undefined): Promise<readonly UndeclaredColumn[]> {
    if (!(await this.#exists(pipeline))) return [];
    return undeclaredValues(this.duck, pipeline, window === undefined ? 'true' : within(window));
  }

  async close(): Promise<void> {
    await this.duck.close();
    await rm(this.#spill, { recursive: true, force: true });
  }

  #exists(pipeline: CompiledPipeline): Promise<boolean> {
    return tablesStand(this.duck, pipeline);
  }

  async #open(scope: PublishScope): Promise<void> {
    if (this.#opened === scope) return;
    await this.ensureTables(scope.pipeline);
    this.#undeclared = await undeclaredColumns(this.duck, scope.pipeline);
    await openScope(this.duck, scope);
    this.#opened = scope;
  }
}

const anchorValues = (anchor: Anchor | undefined): string =>
  anchor === undefined ? 'NULL, NULL' : `${anchor.sequence}, ${quoteLiteral(anchor.hash)}`;
const datesOf = (group: number): string => `SELECT event_date FROM plan_dates WHERE group_no = ${group}`;
const within = (window: Window): string => `event_date >= DATE '${window.from}' AND event_date < DATE '${window.to}'`;

/** The leases by which windows were fenced that have a date in common with this one. */
const fencedWindows = (name: string, { from, to }: Window): string =>
  `SELECT lease FROM reprise.fenced_windows WHERE pipeline = ${name}
    AND from_date < DATE ${quoteLiteral(to)} AND to_date > DATE ${quoteLiteral(from)}`;
