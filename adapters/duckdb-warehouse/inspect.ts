// Looks at single rows of the DuckDB warehouse.

import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import type { SqlType } from '../../model/tables.ts';
import type { Inspector, Quarantine, QuarantineEntry, QuarantineFilter, StoredRow } from '../../ports/inspector.ts';
import { warehouseColumns } from '../duckdb/columns.ts';
import { type Duck, type DuckRow, quoteLiteral } from '../duckdb/instance.ts';

const ENTRY_COLUMNS = `_raw_object, _raw_row, reason, detail, source, CAST(received_at AS VARCHAR) AS received_at,
  CAST(event_date AS VARCHAR) AS event_date, schema_version, _transform_version, _run_id,
  CAST(_published_at AS VARCHAR) AS _published_at`;

const hasTableIn =
  (duck: Duck) =>
  async (pipeline: CompiledPipeline, table: string): Promise<boolean> => {
    const found = await duck.rows(
      `SELECT 1 AS there FROM duckdb_tables() WHERE schema_name = ${quoteLiteral(pipeline.name)} AND table_name = ${quoteLiteral(table)}`,
    );
    return found.length > 0;
  };

export function createDuckQuarantine(duck: Duck): Quarantine {
  const hasTable = hasTableIn(duck);
  return {
    objects: async (pipeline, filter) => {
      if (!(await hasTable(pipeline, 'quarantine'))) return [];
      const rows = await duck.rows(
        `SELECT DISTINCT _raw_object FROM ${pipeline.name}.quarantine WHERE ${where(filter)} ORDER BY 1`,
      );
      return rows.map((row) => String(row._raw_object));
    },
    places: async (pipeline, filter, rawObject) => {
      const rows = await duck.rows(`SELECT _raw_row, reason, CAST(event_date AS VARCHAR) AS event_date
        FROM ${pipeline.name}.quarantine WHERE ${where(filter)} AND _raw_object = ${quoteLiteral(rawObject)} ORDER BY _raw_row`);
      return rows.map((row) => ({
        rawRow: Number(row._raw_row),
        reason: String(row.reason),
        date: textOf(row.event_date),
      }));
    },
  };
}

export function createDuckInspector(duck: Duck): Inspector {
  const hasTable = hasTableIn(duck);
  return {
    quarantineCounts: async (pipeline, filter) => {
      if (!(await hasTable(pipeline, 'quarantine'))) return [];
      const rows = await duck.rows(`SELECT reason, CAST(event_date AS VARCHAR) AS date, count(*) AS n
        FROM ${pipeline.name}.quarantine WHERE ${where(filter)} GROUP BY ALL ORDER BY date NULLS FIRST, reason`);
      return rows.map((row) => ({ reason: String(row.reason), date: textOf(row.date), entries: Number(row.n) }));
    },
    quarantineEntries: async (pipeline, filter, entriesMax) => {
      if (!(await hasTable(pipeline, 'quarantine'))) return [];
      const rows = await duck.rows(`SELECT ${ENTRY_COLUMNS} FROM ${pipeline.name}.quarantine AS quarantine
        WHERE ${where(filter)}
        ORDER BY quarantine.received_at DESC NULLS FIRST, _raw_object DESC, _raw_row DESC LIMIT ${entriesMax}`);
      return rows.map(entryOf);
    },
    quarantineEntry: async (pipeline, rawObject, rawRow) => {
      if (!(await hasTable(pipeline, 'quarantine'))) return undefined;
      const rows = await duck.rows(`SELECT ${ENTRY_COLUMNS} FROM ${pipeline.name}.quarantine
        WHERE _raw_object = ${quoteLiteral(rawObject)} AND _raw_row = ${Math.trunc(rawRow)}`);
      return rows[0] && entryOf(rows[0]);
    },
    rowsOf: async (pipeline, table, eventId) => {
      if (!(await hasTable(pipeline, table.name))) return [];
      const columns = warehouseColumns(table);
      const texts = columns.map(({ name, type }) => `${asText(name, type)} AS "${name}"`);
      const rows = await duck.rows(`SELECT ${texts.join(', ')} FROM ${pipeline.name}.${table.name} AS target
        WHERE target.event_id = ${quoteLiteral(eventId)} ORDER BY ${table.key.map((key) => `target."${key}"`).join(', ')}`);
      return rows.map(
        (row): StoredRow => Object.fromEntries(columns.map(({ name }) => [name, textOf(row[name])] as const)),
      );
    },
    offeredBy: async (pipeline, table: CompiledTable, eventId) => {
      if (!(await hasTable(pipeline, table.name))) return 0;
      const rows = await duck.rows(
        `SELECT count(*) AS n FROM ${pipeline.name}.${table.name} WHERE _offered_by = ${quoteLiteral(eventId)}`,
      );
      return Number(rows[0]?.n ?? 0);
    },
  };
}

function where({ reason, from, to }: QuarantineFilter): string {
  const conditions = [
    ...(reason === undefined ? [] : [`reason = ${quoteLiteral(reason)}`]),
    ...(from === undefined ? [] : [`event_date >= DATE ${quoteLiteral(from)}`]),
    ...(to === undefined ? [] : [`event_date < DATE ${quoteLiteral(to)}`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

const asText = (name: string, type: SqlType): string =>
  type === 'timestamp' ? `CAST(epoch_us(target."${name}") AS VARCHAR)` : `CAST(target."${name}" AS VARCHAR)`;

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

const entryOf = (row: DuckRow): QuarantineEntry => ({
  rawObject: String(row._raw_object),
  rawRow: Number(row._raw_row),
  reason: String(row.reason),
  detail: textOf(row.detail),
  source: textOf(row.source),
  receivedAt: textOf(row.received_at),
  date: textOf(row.event_date),
  schemaVersion: textOf(row.schema_version),
  transformVersion: String(row._transform_version),
  runId: String(row._run_id),
  publishedAt: String(row._published_at),
});
