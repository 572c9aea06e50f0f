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
import type { SqlType } from '../../model/tables.ts';
import { releaseChunk } from './instance.ts';
import { STEP } from './memory.ts';

const CHUNK_ROWS = 2048;
/** A shorter text is taken for as many bytes as it can have at most: counting them would cost more than it tells. */
const COUNTED_TEXT_LENGTH = 64;
const CELL_BYTES = 16;
const UTF8_BYTES_MAX = 3;

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
  #chunkBytes = 0;
  #closed = false;
  rows = 0;
  /** About what the rows take in memory. */
  bytes = 0;
  /** Bytes of the longest text. */
  longestText = 0;

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
    let bytes = 0;
    for (let place = 0; place < cells.length; place++) {
      const cell = cells[place] as Cell;
      bytes += CELL_BYTES;
      if (typeof cell === 'string') {
        const length = textBytes(cell);
        bytes += length;
        if (length > this.longestText) this.longestText = length;
      }
      (this.#columns[place] as DuckDBValue[]).push(toDuck(cell, this.#types[place] as SqlType));
    }
    this.rows++;
    this.bytes += bytes;
    this.#chunkBytes += bytes;
    if ((this.#columns[0] as DuckDBValue[]).length === CHUNK_ROWS || this.#chunkBytes >= STEP.appendBytes)
      this.#flushChunk();
  }

  #flushChunk(): void {
    if ((this.#columns[0] as DuckDBValue[]).length === 0) return;
    const chunk = DuckDBDataChunk.create(this.#types.map((type) => TYPES[type]));
    chunk.setColumns(this.#columns);
    this.#appender.appendDataChunk(chunk);
    releaseChunk(chunk);
    this.#columns = this.#types.map(() => []);
    this.#chunkBytes = 0;
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

const textBytes = (text: string): number =>
  text.length <= COUNTED_TEXT_LENGTH ? UTF8_BYTES_MAX * text.length : Buffer.byteLength(text, 'utf8');

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
