// Counts in the DuckDB warehouse how late events came.

import type { LatenessReader } from '../../ports/lateness.ts';
import { type Duck, quoteLiteral } from '../duckdb/instance.ts';
import { sql } from '../duckdb/sql.ts';

export function createDuckLatenessReader(duck: Duck): LatenessReader {
  return {
    lateness: async (pipeline, { from, to }) => {
      const there = await duck.rows(`SELECT 1 AS there FROM duckdb_tables()
        WHERE schema_name = ${quoteLiteral(pipeline.name)} AND table_name = 'events'`);
      if (there.length === 0) return [];
      const where = [
        'true',
        ...(from === undefined ? [] : [`event_date >= DATE ${quoteLiteral(from)}`]),
        ...(to === undefined ? [] : [`event_date < DATE ${quoteLiteral(to)}`]),
      ].join(' AND ');
      const rows = await duck.rows(sql('lateness', { schema: pipeline.name, where }));
      return rows.map((row) => ({
        source: String(row.source),
        datesLate: Number(row.dates_late),
        sixteenth: Number(row.sixteenth),
        events: Number(row.events),
        latestMicros: Number(row.latest_us),
        laterThan1Hour: Number(row.later_than_1_hour),
        laterThan24Hours: Number(row.later_than_24_hours),
        laterThan7Days: Number(row.later_than_7_days),
      }));
    },
  };
}
