// Compares derived rows with the warehouse's, table by table, by hashes that are made from the columns.

import type { Difference, PublishScope, TableDigest, Verification } from '../../../ports/warehouse.ts';
import { digestSql } from './columns.ts';
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
  for (const table of scope.pipeline.tables) {
    await duck.run(
      sql('verify-table', {
        schema: scope.pipeline.name,
        table: table.name,
        from: scope.window.from,
        to: scope.window.to,
        keys: table.key.join(', '),
        keys_equal: table.key.map((key) => `d.${key} = w.${key}`).join(' AND '),
        owner: table.kind === 'offered' ? '_offered_by' : 'event_id',
        row_hash: await rowHashOf(duck, scope.pipeline, table, inWindow),
      }),
    );
    const dates = await duck.rows(`SELECT CAST(event_date AS VARCHAR) AS date,
      count(*) FILTER (kind <> 'live') AS checked, count(*) FILTER (kind NOT IN ('same', 'live')) AS wrong,
      count(*) FILTER (kind = 'live') AS live, count(found_hash) AS rows,
      (SELECT ${digestSql('h')} FROM (SELECT c.found_hash AS h FROM compared AS c WHERE c.event_date = compared.event_date AND c.found_hash IS NOT NULL AND c.kind <> 'live')) AS digest,
      (SELECT ${digestSql('h')} FROM (SELECT c.expected_hash AS h FROM compared AS c WHERE c.event_date = compared.event_date AND c.expected_hash IS NOT NULL AND c.kind <> 'live')) AS expected
      FROM compared GROUP BY compared.event_date ORDER BY 1`);
    for (const row of dates) {
      checked += Number(row.checked);
      differencesTotal += Number(row.wrong);
      notJudged += Number(row.live);
      digests.push({
        table: table.name,
        date: String(row.date),
        rows: Number(row.rows),
        digest: String(row.digest),
        expected: String(row.expected),
      });
    }
    const wrong = await duck.rows(`SELECT event_id, CAST(event_date AS VARCHAR) AS date, kind FROM compared
      WHERE kind NOT IN ('same', 'live') ORDER BY event_date, event_id LIMIT ${Math.max(differencesMax - differences.length, 0)}`);
    for (const row of wrong) {
      differences.push({
        table: table.name,
        date: String(row.date),
        eventId: String(row.event_id),
        kind: row.kind as Difference['kind'],
      });
    }
  }
  return { digests, checked, differences, differencesTotal, notJudged };
}
