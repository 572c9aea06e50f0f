// Compares derived rows with the warehouse's, table by table, by hashes that are made from the columns; and finds out by the
// very decision of publishing which dates have to be replayed to remove what differs, and how.

import type { CompiledPipeline, CompiledTable } from '../../../engine/model/compile.ts';
import { QUARANTINE_COLUMNS, type TableColumn } from '../../../engine/model/tables.ts';
import type {
  DateNeeds,
  Difference,
  GoneRows,
  PublishScope,
  TableDigest,
  Verification,
} from '../../../ports/warehouse.ts';
import { changedTables } from './apply.ts';
import { columnList, deliveryOrderSql, digestSql, hashSql, precedenceSql } from './columns.ts';
import { commonFills, decide } from './decide.ts';
import type { Duck } from './instance.ts';
import { offeredTables } from './scope.ts';
import { sql } from './sql.ts';
import { rowHashOf } from './wide-table.ts';

export async function verifyTables(duck: Duck, scope: PublishScope, differencesMax: number): Promise<Verification> {
  const digests: (TableDigest & { expected: string })[] = [];
  const differences: Difference[] = [];
  let checked = 0;
  let differencesTotal = 0;
  let notJudged = 0;
  const { from, to } = scope.window;
  const inWindow = `target.event_date >= DATE '${from}' AND target.event_date < DATE '${to}'`;
  const rawGone: GoneRows[] = [];
  await duck.run(sql('dates-that-take-back', commonFills(scope, 0)));
  await duck.run(sql('overruled', commonFills(scope, 0)));
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE wrong_rows (tbl VARCHAR, key_text VARCHAR, event_date DATE, other_date DATE)`,
  );
  for (const { table, isKeyed, fills } of comparisons(scope)) {
    const compiled = scope.pipeline.tables.find(({ name }) => name === table);
    const row_hash = compiled === undefined ? '' : await rowHashOf(duck, scope.pipeline, compiled, inWindow);
    const statement = compiled === undefined ? 'verify-quarantine' : 'verify-table';
    await duck.run(sql(statement, { ...fills, row_hash }));
    const dates = await duck.rows(`SELECT CAST(event_date AS VARCHAR) AS date,
      count(*) FILTER (kind NOT IN ('live', 'raw_gone')) AS checked,
      count(*) FILTER (kind NOT IN ('same', 'live', 'raw_gone')) AS wrong, count(*) FILTER (kind = 'raw_gone') AS gone,
      count(*) FILTER (kind = 'live') AS live, count(found_hash) AS rows,
      (SELECT ${digestSql('h')} FROM (SELECT c.found_hash AS h FROM compared AS c WHERE c.event_date = compared.event_date AND c.found_hash IS NOT NULL AND c.kind NOT IN ('live', 'raw_gone'))) AS digest,
      (SELECT ${digestSql('h')} FROM (SELECT c.expected_hash AS h FROM compared AS c WHERE c.event_date = compared.event_date AND c.expected_hash IS NOT NULL AND c.kind NOT IN ('live', 'raw_gone'))) AS expected
      FROM compared GROUP BY compared.event_date ORDER BY 1`);
    for (const row of dates) {
      checked += Number(row.checked);
      differencesTotal += Number(row.wrong);
      notJudged += Number(row.live);
      if (compiled?.kind === 'events' && Number(row.gone) > 0)
        rawGone.push({ date: String(row.date), rows: Number(row.gone) });
      digests.push({
        table,
        date: String(row.date),
        rows: Number(row.rows),
        digest: String(row.digest),
        expected: String(row.expected),
      });
    }
    const wrong = await duck.rows(`SELECT event_id, CAST(event_date AS VARCHAR) AS date, kind FROM compared
      WHERE kind NOT IN ('same', 'live', 'raw_gone') ORDER BY event_date, event_id LIMIT ${Math.max(differencesMax - differences.length, 0)}`);
    for (const row of wrong) {
      differences.push({
        table,
        date: String(row.date),
        eventId: String(row.event_id),
        kind: row.kind as Difference['kind'],
      });
    }
    // An event, or a row that events offer, is decided wherever it is found; parts and entries where raw has them.
    const planned = isKeyed ? 'event_date' : 'coalesce(expected_date, event_date)';
    await duck.run(`INSERT INTO wrong_rows SELECT '${table}', key_text, ${planned}, coalesce(expected_date, event_date)
      FROM compared WHERE kind NOT IN ('same', 'live', 'raw_gone')`);
  }
  const needs = differencesTotal === 0 ? [] : await needsOf(duck, scope);
  return { digests, checked, differences, differencesTotal, needs, notJudged, rawGone };
}

interface Comparison {
  readonly table: string;
  /** Its rows are decided by their own key, and not by what they belong to. */
  readonly isKeyed: boolean;
  /** Of the statement that leaves the temporary table `compared`, but for the hash of a row. */
  readonly fills: Readonly<Record<string, string>>;
}

function comparisons(scope: PublishScope): Comparison[] {
  const { pipeline } = scope;
  const common = commonFills(scope, 0);
  const ofTables = pipeline.tables.map((table): Comparison => {
    const fills = {
      table: table.name,
      keys: table.key.join(', '),
      keys_equal: table.key.map((key) => `d.${key} = w.${key}`).join(' AND '),
      key_text: keyText(table.key, (key) => `coalesce(d.${key}, w.${key})`),
      owner: table.kind === 'offered' ? '_offered_by' : 'event_id',
      ...orderFills(pipeline, table),
    };
    return { table: table.name, isKeyed: table.kind !== 'parts', fills: { ...common, ...fills } };
  });
  const fills = {
    columns: columnList(QUARANTINE_COLUMNS),
    key_text: keyText(ENTRY_KEY, (key) => `coalesce(d.${key}, w.${key})`),
    hash_d: hashSql(ENTRY_COLUMNS, 'd'),
    hash_w: hashSql(ENTRY_COLUMNS, 'w'),
  };
  return [...ofTables, { table: 'quarantine', isKeyed: false, fills: { ...common, ...fills } }];
}

const ENTRY_KEY = ['_raw_object', '_raw_row'];
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
    const keys = key.split(', ');
    const causes = name === 'quarantine' || offered.has(name) ? `causes_${name}` : 'decided_causes';
    const by = name === 'quarantine' ? keys : ['event_id'];
    return `SELECT DISTINCT '${name}' AS tbl, ${keyText(keys, (one) => `d.${one}`)} AS key_text FROM ${decided} AS d
      LEFT JOIN ${causes} AS c ON ${by.map((one) => `c.${one} = d.${one}`).join(' AND ')}
      WHERE d.action IN ('insert', 'update', 'delete') AND coalesce(c.cause, '') <> 'unexplained'`;
  });
}

/** Offered rows have an order of their own, by which one that stays may be greater than what raw gives. */
function orderFills(pipeline: CompiledPipeline, table: CompiledTable): Record<string, string> {
  if (table.kind !== 'offered') return { order_columns: '', follows_event: 'true', is_less: 'false' };
  const order = (side: string): string =>
    `(${precedenceSql(pipeline, side)}, ${side}.received_at, ${deliveryOrderSql(pipeline, `${side}._delivery`)}, ${side}.source, ${side}._offer_index)`;
  return {
    order_columns: ', received_at, source, _offer_index',
    follows_event: 'false',
    is_less: `${order('d')} < ${order('w')}`,
  };
}
