// Compares derived rows with the warehouse's, table by table, by hashes that are made from the columns; and finds out by the
// very decision of publishing which dates have to be replayed to remove what differs, and how.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import { QUARANTINE_COLUMNS, type TableColumn } from '../../model/tables.ts';
import type {
  DateNeeds,
  Difference,
  GoneRows,
  PublishScope,
  TableDigest,
  Verification,
} from '../../ports/warehouse.ts';
import { columnList, digestOfSums, hashPiece, hashSql } from '../duckdb/columns.ts';
import { offerOrder, tuple } from '../duckdb/copy-order.ts';
import type { Duck, DuckRow } from '../duckdb/instance.ts';
import { STEP } from '../duckdb/memory.ts';
import { sql } from '../duckdb/sql.ts';
import { changedTables, ENTRY_KEY } from './changed-tables.ts';
import { commonFills, decide } from './decide.ts';
import { offeredTables } from './scope.ts';
import { rowHashOf } from './wide-table.ts';

/**
 * Compares in buckets of about `comparedRows` keys, so that memory does not grow with the tables.
 * `differencesMax`: so many are listed; all are counted.
 */
export async function verifyTables(
  duck: Duck,
  scope: PublishScope,
  differencesMax: number,
  comparedRows: number = STEP.comparedRows,
): Promise<Verification> {
  const digests: (TableDigest & { expected: string })[] = [];
  const differences: Difference[] = [];
  const rawGone: GoneRows[] = [];
  let checked = 0;
  let differencesTotal = 0;
  let notJudged = 0;
  for (const statement of ['dates-that-take-back', 'overruled', 'live-events', 'no-wrong-rows'])
    await duck.run(sql(statement, commonFills(scope, 0)));
  for (const comparison of comparisons(scope)) {
    const { table, compiled } = comparison;
    await compare(duck, scope, comparison, comparedRows);
    for (const row of await datesCompared(duck)) {
      checked += Number(row.checked);
      differencesTotal += Number(row.wrong);
      notJudged += Number(row.live);
      const date = String(row.date);
      if (compiled?.kind === 'events' && Number(row.gone) > 0) rawGone.push({ date, rows: Number(row.gone) });
      const [digest, expected] = [String(row.digest), String(row.expected)];
      digests.push({ table, date, rows: Number(row.rows), digest, expected });
    }
    const wrong = await duck.rows(`SELECT event_id, CAST(found_date AS VARCHAR) AS date, kind FROM wrong_rows
      WHERE tbl = '${table}' ORDER BY found_date, event_id LIMIT ${Math.max(differencesMax - differences.length, 0)}`);
    for (const { event_id, date, kind } of wrong)
      differences.push({ table, date: String(date), eventId: String(event_id), kind: kind as Difference['kind'] });
  }
  const needs = differencesTotal === 0 ? [] : await needsOf(duck, scope);
  return { digests, checked, differences, differencesTotal, needs, notJudged, rawGone };
}

/** Leaves what differs in `wrong_rows`, and what the table adds up to in `compared_dates`. */
async function compare(duck: Duck, scope: PublishScope, comparison: Comparison, rows: number): Promise<void> {
  const { table, compiled, isKeyed, fills } = comparison;
  const { from, to } = scope.window;
  const inWindow = `target.event_date >= DATE '${from}' AND target.event_date < DATE '${to}'`;
  const row_hash = compiled === undefined ? '' : await rowHashOf(duck, scope.pipeline, compiled, inWindow);
  const counts = await duck.rows(`SELECT greatest((SELECT count(*) FROM settled_${table}),
    (SELECT count(*) FROM ${scope.pipeline.name}.${table} AS target WHERE ${inWindow})) AS n`);
  const buckets = Math.max(1, Math.ceil(Number(counts[0]?.n) / rows));
  // An event, or a row that events offer, is decided wherever it is found; parts and entries where raw has them.
  const planned = isKeyed ? 'event_date' : 'coalesce(expected_date, event_date)';
  await duck.run(sql('no-compared-dates'));
  for (let ordinal = 0; ordinal < buckets; ordinal++) {
    const bucket = `hash(${compiled === undefined ? '_raw_object, CAST(_raw_row AS BIGINT)' : 'event_id'}) % ${buckets} = ${ordinal}`;
    await duck.run(
      sql(compiled === undefined ? 'verify-quarantine' : 'verify-table', { ...fills, table, row_hash, bucket }),
    );
    await duck.run(
      sql('compared-dates', {
        found_1: hashPiece('found_hash', 1),
        found_2: hashPiece('found_hash', 2),
        expected_1: hashPiece('expected_hash', 1),
        expected_2: hashPiece('expected_hash', 2),
      }),
    );
    await duck.run(`INSERT INTO wrong_rows
      SELECT '${table}', key_text, ${planned}, coalesce(expected_date, event_date), event_id, event_date, kind
      FROM compared WHERE kind NOT IN ('same', 'live', 'raw_gone')`);
  }
}

const datesCompared = (duck: Duck): Promise<DuckRow[]> =>
  duck.rows(`SELECT CAST(event_date AS VARCHAR) AS date, sum(checked) AS checked, sum(wrong) AS wrong, sum(gone) AS gone,
    sum(live) AS live, sum(rows) AS rows, ${digestOfSums('sum(found)', 'sum(found_1)', 'sum(found_2)')} AS digest,
    ${digestOfSums('sum(expected)', 'sum(expected_1)', 'sum(expected_2)')} AS expected
    FROM compared_dates GROUP BY event_date ORDER BY 1`);

interface Comparison {
  readonly table: string;
  /** Undefined for the quarantine. */
  readonly compiled?: CompiledTable;
  /** Its rows are decided by their own key, and not by what they belong to. */
  readonly isKeyed: boolean;
  /** Of the statement that leaves the temporary table `compared`, but for the bucket and the hash of a row. */
  readonly fills: Readonly<Record<string, string>>;
}

function comparisons(scope: PublishScope): Comparison[] {
  const { pipeline } = scope;
  const common = commonFills(scope, 0);
  const ofTables = pipeline.tables.map((table): Comparison => {
    const fills = {
      keys: table.key.join(', '),
      keys_equal: table.key.map((key) => `d.${key} = w.${key}`).join(' AND '),
      key_text: keyText(table.key, (key) => `coalesce(d.${key}, w.${key})`),
      owner: table.kind === 'offered' ? '_offered_by' : 'event_id',
      ...orderFills(pipeline, table),
    };
    return { table: table.name, compiled: table, isKeyed: table.kind !== 'parts', fills: { ...common, ...fills } };
  });
  const fills = {
    columns: columnList(QUARANTINE_COLUMNS),
    key_text: keyText(ENTRY_KEY, (key) => `coalesce(d.${key}, w.${key})`),
    hash_d: hashSql(ENTRY_COLUMNS, 'd'),
    hash_w: hashSql(ENTRY_COLUMNS, 'w'),
  };
  return [...ofTables, { table: 'quarantine', isKeyed: false, fills: { ...common, ...fills } }];
}

/** By which transforms a delivery was rejected first is nothing that raw says. */
const ENTRY_COLUMNS: readonly TableColumn[] = QUARANTINE_COLUMNS.filter(({ name }) => name !== '_transform_version');

/** The columns of a key in one text. */
const keyText = (key: readonly string[], column: (name: string) => string): string =>
  `concat_ws(chr(31), ${key.map(column).join(', ')})`;

/** For each date of wrong_rows what removes its differences. A row that even a repair leaves alone is nobody's but a person's. */
async function needsOf(duck: Duck, scope: PublishScope): Promise<Verification['needs']> {
  await duck.run('CREATE OR REPLACE TEMP TABLE handled_rows (tbl VARCHAR, key_text VARCHAR, needs VARCHAR)');
  for (const needs of ['replay', 'repair'] as const) {
    const groups =
      await duck.rows(`SELECT DISTINCT p.group_no FROM wrong_rows AS w ANTI JOIN handled_rows AS h USING (tbl, key_text)
      JOIN plan_dates AS p ON p.event_date IN (w.event_date, w.other_date) ORDER BY 1`);
    for (const { group_no } of groups) {
      await decide(duck, { ...scope, repair: needs === 'repair' }, Number(group_no));
      for (const handled of handledRows(scope))
        await duck.run(`INSERT INTO handled_rows SELECT h.tbl, h.key_text, '${needs}' FROM (${handled}) AS h
          SEMI JOIN wrong_rows AS w USING (tbl, key_text)`);
    }
  }
  const rows = await duck.rows(`SELECT CAST(w.event_date AS VARCHAR) AS date,
      CASE WHEN bool_or(h.replay IS FALSE) THEN 'repair' WHEN bool_or(h.replay) THEN 'replay' ELSE 'by_hand' END AS needs
    FROM wrong_rows AS w
    LEFT JOIN (SELECT tbl, key_text, bool_or(needs = 'replay') AS replay FROM handled_rows GROUP BY ALL) AS h USING (tbl, key_text)
    WHERE w.event_date IS NOT NULL GROUP BY 1 ORDER BY 1`);
  return rows.map(({ date, needs }) => ({ date: String(date), needs: needs as DateNeeds }));
}

/** Queries for the rows that the decision in the temporary tables changes for a known cause. */
function handledRows({ pipeline }: PublishScope): string[] {
  const offered = new Set(offeredTables(pipeline).map(({ name }) => name));
  return changedTables(pipeline).map(({ name, decided, key }) => {
    const causes = name === 'quarantine' || offered.has(name) ? `causes_${name}` : 'decided_causes';
    const by = name === 'quarantine' ? key : ['event_id'];
    return `SELECT DISTINCT '${name}' AS tbl, ${keyText(key, (one) => `d.${one}`)} AS key_text FROM ${decided} AS d
      LEFT JOIN ${causes} AS c ON ${by.map((one) => `c.${one} = d.${one}`).join(' AND ')}
      WHERE d.action IN ('insert', 'update', 'delete') AND coalesce(c.cause, '') <> 'unexplained'`;
  });
}

/** Offered rows have an order of their own, by which one that stays may be greater than what raw gives. */
function orderFills(pipeline: CompiledPipeline, table: CompiledTable): Record<string, string> {
  if (table.kind !== 'offered') return { order_columns: '', follows_event: 'true', is_less: 'false' };
  return {
    order_columns: ', received_at, source, _offer_index',
    follows_event: 'false',
    is_less: `${tuple(offerOrder(pipeline, 'd'))} < ${tuple(offerOrder(pipeline, 'w'))}`,
  };
}
