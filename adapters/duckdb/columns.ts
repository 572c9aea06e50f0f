// The DuckDB spelling of a pipeline's tables: column types, CREATE TABLE, and the expressions that recompute row
// hashes from columns exactly as the evaluator makes them (model/canonical.ts).

import type { CompiledTable } from '../../model/compile.ts';
import {
  LEADING_COLUMNS,
  PUBLISH_COLUMNS,
  QUARANTINE_COLUMNS,
  type SqlType,
  type TableColumn,
} from '../../model/tables.ts';

const DUCK_TYPES: Readonly<Record<SqlType, string>> = {
  text: 'VARCHAR',
  json: 'VARCHAR',
  integer: 'BIGINT',
  decimal: 'DECIMAL(38,18)',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

export const duckType = (type: SqlType): string => DUCK_TYPES[type];

/** Column definitions for CREATE TABLE; of stage tables when `publishing` is false. */
export function columnDefinitions(columns: readonly TableColumn[]): string {
  return columns.map((c) => `"${c.name}" ${duckType(c.type)}${c.required ? ' NOT NULL' : ''}`).join(', ');
}

/** All columns of a warehouse table, those that publishing adds included. */
export function warehouseColumns(table: CompiledTable): readonly TableColumn[] {
  return [...table.columns, ...PUBLISH_COLUMNS];
}

export const quarantineColumns = (): readonly TableColumn[] => [...QUARANTINE_COLUMNS, ...PUBLISH_COLUMNS];

export const columnList = (columns: readonly TableColumn[], prefix = ''): string =>
  columns.map((c) => `${prefix}"${c.name}"`).join(', ');

/** SQL that makes the hash of a row of `target` from its columns. */
export function rowHashSql(table: CompiledTable, alias = 'target'): string {
  return hashSql([...LEADING_COLUMNS.filter((c) => c.name !== 'event_date'), ...table.own], alias);
}

/** SQL that makes a hash of some columns of a row, as canonical.ts does. */
export function hashSql(columns: readonly TableColumn[], alias: string): string {
  // One concat of all, because each || would copy a long text again.
  const values = columns.map((column) => {
    const text = canonicalSql(`${alias}."${column.name}"`, column.type);
    return `coalesce(strlen(${text}) || ':', '-'), coalesce(${text}, '')`;
  });
  return `sha256(concat(${values.join(', ')}))`;
}

function canonicalSql(column: string, type: SqlType): string {
  if (type === 'timestamp') return `CAST(epoch_us(${column}) AS VARCHAR)`;
  return type === 'text' || type === 'json' ? column : `CAST(${column} AS VARCHAR)`;
}

/** SQL for an order-independent digest over hashes: how many, and the sums of two 60-bit pieces of each. */
export const digestSql = (hash: string): string =>
  digestOfSums('count(*)', `sum(${hashPiece(hash, 1)})`, `sum(${hashPiece(hash, 2)})`);

/** SQL for the first or second 60 bits of a hash in hexadecimal. */
export const hashPiece = (hash: string, ordinal: 1 | 2): string =>
  `CAST(('0x' || substr(${hash}, ${ordinal === 1 ? 1 : 16}, 15)) AS BIGINT)`;

/** SQL for the digest of hashes of which are known: how many, and the sum of each piece. */
export const digestOfSums = (count: string, first: string, second: string): string =>
  `${count} || '-' || md5(coalesce(${first}, 0) || ' ' || coalesce(${second}, 0))`;

/** SQL for the 60-bit hash under which the catalog keeps keys, by the macro of open-seal.sql. */
export const keyHashSql = (key: string): string => `catalog_key(${key})`;
