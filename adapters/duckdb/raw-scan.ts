// The query that reads raw rows of one file, and its rows as they leave DuckDB. Bodies over the limit never leave it;
// no text is ever cast to bytes or back, since both directions interpret escapes.

import type { DuckDBBlobValue, DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { type FooterColumn, type ParquetFooter, RAW_COLUMNS, type RawColumn } from '../../lib/parquet/footer.ts';
import { RAW_READ_LIMITS } from '../../lib/parquet/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { RowRange } from '../../ports/raw-reader.ts';
import { readParquet } from './parquet-path.ts';
import { batches, microsOfNanos, rawRow } from './raw-row.ts';
import { unreadable } from './unreadable.ts';

type TimeForm = 'micros' | 'nanos' | 'text';

export interface RawScan {
  /** Streams the rows of a range, ascending. */
  readonly sql: (range: RowRange) => string;
  /** The same without the bodies. */
  readonly besideSql: (range: RowRange) => string;
  readonly timeForm: TimeForm;
}

/** Looks at how DuckDB types the three columns, and makes the query for them. Several files have the same columns. */
export async function prepareScan(
  connection: DuckDBConnection,
  paths: string | readonly string[],
  footer: ParquetFooter,
  bodyBytesMax: number,
): Promise<RawScan> {
  const file = readParquet(paths);
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
  const types = described.getRowObjectsJS().map((row) => String(row.column_type));
  if (types.length !== footer.columnCount) throw unreadable('corrupt footer');
  const typeOf = (name: RawColumn): string => types[footer.columns[name].place] ?? '';
  const bytes = Object.fromEntries(
    RAW_COLUMNS.map((name) => [name, asBytes(name, footer.columns[name], typeOf(name))]),
  ) as Record<RawColumn, string>;
  const timeForm = timeFormOf(typeOf('received_at'));
  const at = `c${footer.columns.received_at.place}`;
  const time = {
    micros: `epoch_us(${at})`,
    nanos: `epoch_ns(${at})`,
    text: `CASE WHEN octet_length(${bytes.received_at}) <= ${RAW_READ_LIMITS.timeTextBytesMax} THEN ${bytes.received_at} END`,
  }[timeForm];
  // By place, not by name: DuckDB takes names that differ in case alone for one, and renames a column.
  const names = types.map((_, place) => `c${place}`).join(', ');
  const beside = `file_row_number, ${time}, ${bytes.source}[1:${RAW_READ_LIMITS.sourceBytesMax}]`;
  return {
    timeForm,
    besideSql: ({ from, to }) => `SELECT ${beside} FROM ${file} AS object(${names})
      WHERE file_row_number >= ${from} AND file_row_number < ${to}`,
    sql: ({ from, to }) => `
      SELECT ${beside},
        CASE WHEN octet_length(${bytes.body}) <= ${bodyBytesMax} THEN ${bytes.body} END,
        octet_length(${bytes.body}),
        CASE WHEN octet_length(${bytes.body}) > ${bodyBytesMax} THEN sha256(${bytes.body}) END,
        file_index
      FROM ${file} AS object(${names})
      WHERE file_row_number >= ${from} AND file_row_number < ${to}`,
  };
}

function timeFormOf(type: string): TimeForm {
  if (type === 'TIMESTAMP_NS') return 'nanos';
  return type.startsWith('TIMESTAMP') ? 'micros' : 'text';
}

function asBytes(name: RawColumn, { place, isNull }: FooterColumn, type: string): string {
  if (isNull) return '(NULL::BLOB)';
  if (type === 'BLOB') return `c${place}`;
  if (type === 'VARCHAR') return `encode(c${place})`;
  if (type === 'JSON') return `encode(c${place}::VARCHAR)`;
  if (name === 'received_at' && type.startsWith('TIMESTAMP')) return `c${place}`;
  throw unreadable(`column ${name} is of an unknown type`);
}

/** The rows of a chunk in batches of bounded bytes. `next` is the row that the chunk must begin with. */
export function rawBatches(chunk: DuckDBDataChunk, next: number, timeForm: TimeForm): Iterable<RawRow[]> {
  return batches(rawRows(chunk, next, timeForm));
}

function* rawRows(chunk: DuckDBDataChunk, next: number, timeForm: TimeForm): Generator<RawRow, void, undefined> {
  let expected = next;
  for (const { row } of placedRows(chunk, timeForm)) {
    if (row.row !== expected++) throw unreadable('corrupt');
    yield row;
  }
}

/** The rows of a chunk, each with the place of its file among those that are scanned. */
export function* placedRows(
  chunk: DuckDBDataChunk,
  timeForm: TimeForm,
): Generator<{ readonly file: number; readonly row: RawRow }, void, undefined> {
  const positions = chunk.getColumnVector(0);
  const times = chunk.getColumnVector(1);
  const sources = chunk.getColumnVector(2);
  const bodies = chunk.getColumnVector(3);
  const sizes = chunk.getColumnVector(4);
  const hashes = chunk.getColumnVector(5);
  const files = chunk.getColumnVector(6);
  const rows = chunk.rowCount;
  for (let place = 0; place < rows; place++) {
    const longHash = hashes.getItem(place) as string | null;
    const row = rawRow(Number(positions.getItem(place)), {
      receivedAt: timeOf(times.getItem(place), timeForm),
      source: (sources.getItem(place) as DuckDBBlobValue | null)?.bytes,
      body: (bodies.getItem(place) as DuckDBBlobValue | null)?.bytes,
      long: longHash === null ? undefined : { bytes: Number(sizes.getItem(place)), sha256: longHash },
    });
    yield { file: Number(files.getItem(place)), row };
  }
}

/** Ends what the connection still runs; a query that was left half read would go on. */
export function leave(connection: DuckDBConnection): void {
  connection.interrupt();
  connection.closeSync();
}

/** A cell of `received_at`. */
export function timeOf(held: unknown, form: TimeForm): bigint | Uint8Array | null {
  if (held === null) return null;
  if (form === 'text') return (held as DuckDBBlobValue).bytes;
  return form === 'nanos' ? microsOfNanos(held as bigint) : (held as bigint);
}
