// How statements name Parquet files: the one place where a path becomes part of a statement. DuckDB takes a path to
// read for a pattern, the folders in it (`dt=…`, `env=…`) for columns, and `s3://…` for an address; here each path
// names one local file, whatever it is called.

import { isAbsolute } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import { quoteLiteral } from './instance.ts';

export interface ReadParquetOptions {
  /** Adds the column `filename`: the path as it was given. */
  readonly filename?: boolean;
  /** Adds the column `file_row_number`. */
  readonly rowNumber?: boolean;
  /** Columns that a file lacks are null in its rows. */
  readonly unionByName?: boolean;
}

/** A relation of the rows of one or more local Parquet files. */
export function readParquet(paths: string | readonly string[], options: ReadParquetOptions = {}): string {
  const files = typeof paths === 'string' ? literal(paths) : `[${paths.map(literal).join(', ')}]`;
  const set = [
    'hive_partitioning = false',
    ...(options.filename === true ? ['filename = true'] : []),
    ...(options.rowNumber === true ? ['file_row_number = true'] : []),
    ...(options.unionByName === true ? ['union_by_name = true'] : []),
  ];
  return `read_parquet(${files}, ${set.join(', ')})`;
}

/** The statement that writes a query's rows to a local Parquet file. */
export function copyToParquet(query: string, path: string, options = 'COMPRESSION zstd'): string {
  return `COPY (${query}) TO ${quoteLiteral(absolute(path))} (FORMAT parquet${options === '' ? '' : `, ${options}`})`;
}

/** A relation of what a local Parquet file says of itself: `key` and `value` as text. */
export const readKeyValues = (path: string): string =>
  `(SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${literal(path)}))`;

/** A class of one character is that character; backslash escapes nothing in DuckDB's patterns. */
const literal = (path: string): string => quoteLiteral(absolute(path).replaceAll(/[*?[]/g, '[$&]'));

/** Only a path from the root is never taken for an address or for one below the user's own folder. */
function absolute(path: string): string {
  if (isAbsolute(path)) return path;
  throw new RepriseError('Internal', `the path ${path} is not absolute`, 'report this');
}
