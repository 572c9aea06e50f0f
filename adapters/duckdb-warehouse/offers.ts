// Looks in the DuckDB warehouse for offered rows that a newer copy of their event no longer offers.

import type { OfferReader } from '../../ports/offers.ts';
import { type Duck, quoteLiteral } from '../duckdb/instance.ts';
import { sql } from '../duckdb/sql.ts';
import { offeredTables } from './scope.ts';

export function createDuckOfferReader(duck: Duck): OfferReader {
  return {
    staleOffers: async (pipeline, rawObjects) => {
      const dates = new Set<string>();
      if (rawObjects.length === 0) return [];
      const objects = rawObjects.map((key) => `(${quoteLiteral(key)})`).join(', ');
      await duck.run(
        `CREATE OR REPLACE TEMP TABLE looked_at AS SELECT * FROM (VALUES ${objects}) AS keys (raw_object)`,
      );
      for (const { name } of offeredTables(pipeline)) {
        for (const row of await duck.rows(sql('stale-offers', { schema: pipeline.name, table: name })))
          dates.add(String(row.date));
      }
      return [...dates].sort();
    },
  };
}
