// Compares derived rows with the warehouse's, table by table, by hashes that are made from the columns.

import type { CompiledPipeline, CompiledTable } from '../../../engine/model/compile.ts';
import type { Difference, GoneRows, PublishScope, TableDigest, Verification } from '../../../ports/warehouse.ts';
import { deliveryOrderSql, digestSql, precedenceSql } from './columns.ts';
import { commonFills } from './decide.ts';
import type { Duck } from './instance.ts';
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
  const common = commonFills(scope, 0);
  await duck.run(sql('dates-that-take-back', common));
  await duck.run(sql('overruled', common));
  for (const table of scope.pipeline.tables) {
    await duck.run(
      sql('verify-table', {
        ...common,
        ...orderFills(scope.pipeline, table),
        table: table.name,
        keys: table.key.join(', '),
        keys_equal: table.key.map((key) => `d.${key} = w.${key}`).join(' AND '),
        owner: table.kind === 'offered' ? '_offered_by' : 'event_id',
        row_hash: await rowHashOf(duck, scope.pipeline, table, inWindow),
      }),
    );
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
      if (table.kind === 'events' && Number(row.gone) > 0)
        rawGone.push({ date: String(row.date), rows: Number(row.gone) });
      digests.push({
        table: table.name,
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
        table: table.name,
        date: String(row.date),
        eventId: String(row.event_id),
        kind: row.kind as Difference['kind'],
      });
    }
  }
  return { digests, checked, differences, differencesTotal, notJudged, rawGone };
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
