// What the warehouse file says of itself: its id, and the tokens of the transactions that it holds.

import type { PublishedTokens } from '../../ports/warehouse.ts';
import { type Duck, quoteLiteral } from '../duckdb/instance.ts';

/** The id that the file was made with. Undefined for a file of an older version that is only read. */
export async function warehouseId(duck: Duck): Promise<string | undefined> {
  const there = await duck.rows(
    "SELECT 1 AS there FROM duckdb_tables() WHERE schema_name = 'reprise' AND table_name = 'identity'",
  );
  if (there.length === 0) return undefined;
  return String((await duck.rows('SELECT warehouse_id FROM reprise.identity'))[0]?.warehouse_id);
}

export async function publishedTokens(duck: Duck, pipeline: string): Promise<PublishedTokens> {
  const tokens = await duck.rows('SELECT token FROM reprise.commits');
  const fences = await duck.rows(
    `SELECT CAST(event_date AS VARCHAR) AS date, run_id FROM reprise.fences WHERE pipeline = ${quoteLiteral(pipeline)} ORDER BY ALL`,
  );
  return {
    warehouseId: await warehouseId(duck),
    tokens: new Set(tokens.map(({ token }) => String(token))),
    dates: new Set(fences.map(({ date }) => String(date))),
    runIds: [...new Set(fences.map(({ run_id }) => String(run_id)))].sort(),
  };
}
