// Runs the decision of one date group: temporary tables `decided` and `decided_<table>` say what happens to each row,
// causes.ts says why. The same statements serve the preview and the publish transaction.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { QUARANTINE_COLUMNS } from '../../model/tables.ts';
import type { DateChange, GroupOutcome, PublishScope } from '../../ports/warehouse.ts';
import { columnList } from '../duckdb/columns.ts';
import { copyOrder, greatestFirst, offerOrder, tuple } from '../duckdb/copy-order.ts';
import type { Duck } from '../duckdb/instance.ts';
import { sql } from '../duckdb/sql.ts';
import { beatenName } from '../duckdb/stager.ts';
import { decideCauses } from './causes.ts';
import { decidedName, ENTRY_KEY } from './changed-tables.ts';
import { offeredTables } from './scope.ts';
import { rowHashOf } from './wide-table.ts';

/** Leaves the decision in temporary tables and gives its counts. */
export async function decide(duck: Duck, scope: PublishScope, group: number): Promise<GroupOutcome> {
  const { pipeline } = scope;
  const common = commonFills(scope, group);
  await duck.run(sql('dates-that-take-back', common));
  const hashes = new Map<CompiledTable, string>();
  if (scope.repair) {
    for (const table of pipeline.tables) hashes.set(table, await rowHashOf(duck, pipeline, table));
    await lookAtRows(duck, scope, group, hashes);
  }
  const stored = 'target._content_hash';
  const recomputed = '(SELECT any_value(r.content_hash) FROM recomputed AS r WHERE r.event_id = target.event_id)';
  await duck.run(
    sql('decide-events', {
      ...common,
      target_content_hash: scope.repair
        ? `CASE WHEN target.event_id IN (SELECT event_id FROM unsound) THEN 'unsound' ELSE coalesce(${recomputed}, ${stored}) END`
        : stored,
    }),
  );
  if (scope.repair) await keepOne(duck, 'decided', ['event_id']);
  // Only a repair looks at the rows themselves: without it, one that is there twice is taken for what it was written as.
  const doubled = (key: readonly string[]): string =>
    scope.repair ? `count(*) OVER (PARTITION BY ${key.join(', ')}) > 1` : 'false';
  const offered = offeredTables(pipeline);
  if (offered.length > 0) await duck.run(sql('overruled', common));
  for (const table of offered)
    await duck.run(sql('stand-in-offers', { ...common, table: table.name, beaten: `settled_${beatenName(table)}` }));
  for (const table of pipeline.tables.slice(1)) {
    const target_row_hash = hashes.get(table) ?? 'target._row_hash';
    const fills = {
      ...common,
      table: table.name,
      target_row_hash,
      doubled: doubled(table.key),
      repair: String(scope.repair),
    };
    if (table.kind === 'offered') await duck.run(sql('decide-offered', fills));
    else await duck.run(sql('decide-parts', { ...fills, ...keyFills(table) }));
    if (scope.repair) await keepOne(duck, decidedName(table), table.key);
  }
  await duck.run(
    sql('decide-quarantine', {
      ...common,
      columns: columnList(QUARANTINE_COLUMNS),
      doubled: doubled(ENTRY_KEY),
      same_rest: scope.repair ? SAME_REST : 'true',
    }),
  );
  if (scope.repair) await keepOne(duck, 'decided_quarantine', ENTRY_KEY);
  const unexplained = await decideCauses(duck, scope, common, hashes);
  if (scope.repair) await keepOne(duck, 'decided_causes', ['event_id']);
  return { ...(await outcomeOf(duck, pipeline, group)), unexplained };
}

/** What most statements of a decision are filled with. */
export function commonFills(scope: PublishScope, group: number): Record<string, string> {
  const { pipeline, window } = scope;
  const schema = pipeline.name;
  return {
    schema,
    group: String(group),
    from: window.from,
    to: window.to,
    order_s: tuple(copyOrder(pipeline, 's')),
    order_t: tuple(copyOrder(pipeline, 't')),
    offer_order_s: tuple(offerOrder(pipeline, 's')),
    offer_order_t: tuple(offerOrder(pipeline, 't')),
    greatest_offer_first: greatestFirst(offerOrder(pipeline, 's')),
  };
}

/** What the SQL of a table's key looks like in joins. */
function keyFills(table: CompiledTable): Record<string, string> {
  return {
    keys: table.key.join(', '),
    coalesced_keys: table.key.map((key) => `coalesce(s.${key}, t.${key}) AS ${key}`).join(', '),
    keys_of_lone: table.key.map((key) => `lone.${key}`).join(', '),
    keys_prefixed: table.key.map((key) => `rest.${key}`).join(', '),
    keys_equal: table.key.map((key) => `s.${key} = t.${key}`).join(' AND '),
  };
}

/** What an entry of the quarantine says of its delivery, beside why it was rejected. */
const SAME_REST = ['received_at', 'schema_version']
  .map((name) => `s.${name} IS NOT DISTINCT FROM t.${name}`)
  .join(' AND ');

/** Of several decisions on one key one is kept: a key of which a row stays is not touched at all. */
const keepOne = (duck: Duck, table: string, key: readonly string[]): Promise<void> =>
  duck.run(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table}
    QUALIFY row_number() OVER (PARTITION BY ${key.join(', ')} ORDER BY action IN ('kept_newer', 'raw_gone', 'not_whole', 'held') DESC, action, rowid) > 1)`);

/**
 * What a repair looks at in the group's events: content hashes made anew from their columns, to find rows that were edited
 * by hand, and events of which there are several, or a part of which is at another date or of another delivery.
 */
async function lookAtRows(
  duck: Duck,
  scope: PublishScope,
  group: number,
  hashes: ReadonlyMap<CompiledTable, string>,
): Promise<void> {
  const { pipeline } = scope;
  const dates = `(SELECT event_date FROM plan_dates WHERE group_no = ${group})`;
  const apart = ['event_date', '_delivery', '_raw_object', '_raw_row'].map((name) => `p.${name} <> e.${name}`);
  const parts = pipeline.tables
    .filter(({ kind }) => kind === 'parts')
    .map(
      ({ name }) => `UNION SELECT p.event_id FROM ${pipeline.name}.${name} AS p
        JOIN ${pipeline.name}.events AS e ON e.event_id = p.event_id
        WHERE p.event_id IN (SELECT event_id FROM here) AND (${apart.join(' OR ')})`,
    );
  await duck.run(`CREATE OR REPLACE TEMP TABLE unsound AS
    WITH here AS (SELECT event_id FROM ${pipeline.name}.events WHERE event_date IN ${dates}
      UNION SELECT event_id FROM settled_events WHERE event_date IN ${dates})
    SELECT event_id FROM ${pipeline.name}.events WHERE event_id IN (SELECT event_id FROM here)
    GROUP BY event_id HAVING count(*) > 1 ${parts.join(' ')}`);
  const pieces = pipeline.tables
    .filter((table) => table.kind !== 'offered')
    .map((table, ordinal) => {
      const place = table.key[1] ? `target."${table.key[1]}"` : '0';
      return `SELECT target.event_id, ${ordinal} AS ordinal, ${place} AS place, '${table.name}:' || ${hashes.get(table)} AS hash
        FROM ${pipeline.name}.${table.name} AS target WHERE target.event_id IN (SELECT event_id FROM in_group)`;
    });
  await duck.run(`CREATE OR REPLACE TEMP TABLE recomputed AS
    WITH in_group AS (SELECT event_id FROM ${pipeline.name}.events
      WHERE event_date IN (SELECT event_date FROM plan_dates WHERE group_no = ${group})),
    hashes AS (${pieces.join(' UNION ALL ')})
    SELECT event_id, sha256(string_agg(hash, '' ORDER BY ordinal, place)) AS content_hash FROM hashes GROUP BY event_id`);
}

/** What the decision in the temporary tables adds up to. What an undo leaves alone because it changed since counts as kept newer. */
export async function outcomeOf(duck: Duck, pipeline: CompiledPipeline, group: number): Promise<GroupOutcome> {
  const changes: DateChange[] = [];
  const decided = [
    ...pipeline.tables.map((table) => [table.name, decidedName(table)]),
    ['quarantine', 'decided_quarantine'],
  ];
  for (const [table, name] of decided) {
    const rows = await duck.rows(`
      SELECT CAST(CASE WHEN action = 'delete' THEN old_date ELSE coalesce(new_date, old_date) END AS VARCHAR) AS date,
        count(*) FILTER (action = 'insert') AS inserted, count(*) FILTER (action = 'update') AS updated,
        count(*) FILTER (action = 'delete') AS deleted, count(*) FILTER (action = 'unchanged') AS unchanged,
        count(*) FILTER (action IN ('kept_newer', 'changed_since')) AS kept_newer,
        count(*) FILTER (action = 'raw_gone') AS raw_gone, count(*) FILTER (action = 'not_whole') AS not_whole,
        count(*) FILTER (action = 'held') AS held
      FROM ${name} GROUP BY 1 ORDER BY 1`);
    for (const row of rows) {
      changes.push({
        table: table as string,
        date: String(row.date),
        inserted: Number(row.inserted),
        updated: Number(row.updated),
        deleted: Number(row.deleted),
        unchanged: Number(row.unchanged),
        kept_newer: Number(row.kept_newer),
        raw_gone: Number(row.raw_gone),
        not_whole: Number(row.not_whole),
        held: Number(row.held),
      });
    }
  }
  const causes = await duck.rows(
    'SELECT cause, action, count(*) AS n FROM decided_causes GROUP BY ALL ORDER BY cause, action',
  );
  const before = await duck.rows(`SELECT count(*) AS n FROM ${pipeline.name}.events
    WHERE event_date IN (SELECT event_date FROM plan_dates WHERE group_no = ${group})`);
  const held = await duck.rows(
    `SELECT CAST(event_date AS VARCHAR) AS date FROM plan_dates WHERE held AND group_no = ${group} ORDER BY 1`,
  );
  return {
    group,
    changes,
    causes: causes.map((row) => ({
      cause: String(row.cause),
      action: String(row.action),
      events: Number(row.n),
    })),
    rowsBefore: Number(before[0]?.n ?? 0),
    heldDates: held.map((row) => String(row.date)),
  };
}
