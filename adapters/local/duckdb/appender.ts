// Appends rows to a DuckDB table in chunks, by a connection of its own.

import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import type { SqlType } from '../../../engine/model/tables.ts';

const CHUNK_ROWS = 2048;

const TYPES: Readonly<Record<SqlType, DuckDBType>> = {
  text: VARCHAR,
  json: VARCHAR,
  integer: BIGINT,
  decimal: DECIMAL(38, 18),
  boolean: BOOLEAN,
  date: DATE,
  timestamp: TIMESTAMP,
};

/** A cell: decimals unscaled, timestamps in microseconds, dates as day numbers. */
export type Cell = string | bigint | boolean | number | null;

export class TableAppender {
  readonly #connection: DuckDBConnection;
  readonly #appender: DuckDBAppender;
  readonly #types: readonly SqlType[];
  #columns: DuckDBValue[][];
  #closed = false;
  rows = 0;

  private constructor(connection: DuckDBConnection, appender: DuckDBAppender, types: readonly SqlType[]) {
    this.#connection = connection;
    this.#appender = appender;
    this.#types = types;
    this.#columns = types.map(() => []);
  }

  static async open(connection: DuckDBConnection, table: string, types: readonly SqlType[]): Promise<TableAppender> {
    return new TableAppender(connection, await connection.createAppender(table), types);
  }

  /** Cells in the order of the table's columns. */
  add(cells: readonly Cell[]): void {
    for (let place = 0; place < cells.length; place++) {
      (this.#columns[place] as DuckDBValue[]).push(toDuck(cells[place] as Cell, this.#types[place] as SqlType));
    }
    this.rows++;
    if ((this.#columns[0] as DuckDBValue[]).length === CHUNK_ROWS) this.#flushChunk();
  }

  #flushChunk(): void {
    if ((this.#columns[0] as DuckDBValue[]).length === 0) return;
    const chunk = DuckDBDataChunk.create(this.#types.map((type) => TYPES[type]));
    chunk.setColumns(this.#columns);
    this.#appender.appendDataChunk(chunk);
    this.#columns = this.#types.map(() => []);
  }

  /** Writes what is left and ends the appender; again, it does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flushChunk();
    this.#appender.closeSync();
    this.#connection.closeSync();
  }
}

function toDuck(cell: Cell, type: SqlType): DuckDBValue {
  if (cell === null) return null;
  switch (type) {
    case 'decimal':
      return new DuckDBDecimalValue(cell as bigint, 38, 18);
    case 'timestamp':
      return new DuckDBTimestampValue(cell as bigint);
    case 'date':
      return new DuckDBDateValue(cell as number);
    case 'integer':
      return typeof cell === 'number' ? BigInt(cell) : cell;
    default:
      return cell;
  }
}
