// Opens DuckDB with bounded memory and no way out to the network, and runs statements on it. The one place where its
// errors are read: what it says never passes, because it quotes rows.

import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api';
import { RepriseError } from '../../model/errors.ts';
import { classifyFileError, tooManyOpenFiles } from '../system/file-errors.ts';
import { makeFolder } from '../system/open-homes.ts';
import { programOf } from '../system/program.ts';

export interface DuckOptions {
  /** A database file; in memory when absent. Never two instances of one file: what the second writes is lost. */
  readonly path?: string;
  /** Opens the file beside others that only read it, and writes nothing to it. */
  readonly isReadOnly?: boolean;
  readonly memoryMb: number;
  readonly threads: number;
  /** Where it spills. */
  readonly tempFolder: string;
  /** Most it may spill; what DuckDB takes for the free disk when absent. */
  readonly tempMbMax?: number;
  /** True unless said otherwise. */
  readonly preserveInsertionOrder?: boolean;
}

/** A row with JavaScript values: integers as bigint, dates and decimals as DuckDB's own values. */
export type DuckRow = Readonly<Record<string, unknown>>;

export interface Duck {
  run(statement: string): Promise<void>;
  rows(statement: string): Promise<DuckRow[]>;
  /** Another connection to the same instance: an appender or a stream needs one of its own. */
  connect(): Promise<DuckDBConnection>;
  /** A result read chunk by chunk on a connection of its own, closed at its end. */
  stream(statement: string): AsyncIterable<DuckDBResult>;
  close(): Promise<void>;
}

export async function openDuck(options: DuckOptions): Promise<Duck> {
  await makeFolder(options.tempFolder).catch((error: unknown) => {
    throw classifyFileError(error, 'making a folder for what DuckDB spills');
  });
  const what = options.path === undefined ? 'a DuckDB instance in memory' : options.path;
  let instance: DuckDBInstance;
  try {
    instance = await DuckDBInstance.create(options.path ?? ':memory:', {
      memory_limit: `${options.memoryMb}MB`,
      threads: String(options.threads),
      temp_directory: options.tempFolder,
      ...(options.isReadOnly === true ? { access_mode: 'READ_ONLY' } : {}),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // It keeps some 20 KB of every file that was ever read, up to the memory limit; the system caches files anyway.
      enable_external_file_cache: 'false',
      // What was freed goes back to the machine, for the instance that comes next.
      allocator_flush_threshold: '16MB',
      allocator_bulk_deallocation_flush_threshold: '32MB',
      preserve_insertion_order: String(options.preserveInsertionOrder ?? true),
      ...(options.tempMbMax === undefined ? {} : { max_temp_directory_size: `${options.tempMbMax}MB` }),
    });
  } catch (error) {
    throw classifyDuckError(error, `opening ${what}`);
  }
  const connect = async (): Promise<DuckDBConnection> => {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    // Filters and joins would gather the rows of small chunks until they have a vector of 2,048, whatever their size: of
    // chunks that were cut by bytes that is half a gigabyte, which no memory limit counts.
    await connection.run('SET enable_caching_operators = false');
    return connection;
  };
  const connection = await connect().catch((error: unknown) => {
    instance.closeSync();
    throw classifyDuckError(error, `opening ${what}`);
  });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw classifyDuckError(error, what);
    }
  };
  return {
    run: (statement) => guarded(async () => void (await connection.run(statement))),
    rows: (statement) => guarded(async () => (await connection.runAndReadAll(statement)).getRowObjects()),
    connect: () => guarded(connect),
    stream: async function* (statement) {
      const own = await guarded(connect);
      try {
        yield await guarded(() => own.stream(statement));
      } finally {
        own.closeSync();
      }
    },
    close: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Frees what the chunk's vectors hold, at once: the garbage collector, which frees the chunk, does not know how much that
 * is. No value that was taken out of it as bytes may be used any more.
 */
export const releaseChunk = (chunk: DuckDBDataChunk): void => chunk.reset();

/** What a DuckDB failure means. Of its text only the class is kept. */
export function classifyDuckError(error: unknown, what: string): RepriseError {
  if (error instanceof RepriseError) return error;
  const text = error instanceof Error ? error.message : '';
  const kind = ERROR_KINDS.find((name) => text.startsWith(`${name} Error`)) ?? 'unknown';
  const holder = /Conflicting lock is held in .*?\(PID (\d+)\)/.exec(text)?.[1];
  if (holder !== undefined) {
    return new RepriseError(
      'WarehouseHeld',
      `${what} is open in another program (${programOf(Number(holder))})`,
      'close it there, then run this again',
    );
  }
  if (/Could not set lock on file/.test(text)) {
    return new RepriseError(
      'WarehouseHeld',
      `${what} is open in another program`,
      'close it there, then run this again',
    );
  }
  if (kind !== 'Out of Memory' && /No space left|max_temp_directory_size/.test(text)) {
    return new RepriseError(
      'DiskFull',
      `the disk is full: ${what}`,
      'free some space, then run this again; a run that has begun goes on with: reprise resume',
    );
  }
  const isCut = /Could not read enough bytes from file "[^"]*\.duckdb"/.test(text);
  if (isCut || /not a valid DuckDB database file|Corrupt database file|checksum/i.test(text)) {
    return new RepriseError(
      'Damaged',
      `${what}: the file is damaged, or no database of DuckDB`,
      'restore it from a backup. If there is none: move it away, and replay all there is: reprise backfill <pipeline> --all',
    );
  }
  if (/Too many open files/.test(text)) return tooManyOpenFiles(what);
  if (/Out of Memory/i.test(text)) {
    return new RepriseError(
      'WarehouseFailed',
      `out of memory: ${what}`,
      'resume the run; give it smaller slices when that does not help',
    );
  }
  if (kind === 'INTERRUPT') return new RepriseError('Cancelled', `interrupted: ${what}`, 'run this again');
  if (/No magic bytes found|not a parquet file|too small to be a Parquet|Invalid Parquet/i.test(text)) {
    const staged = /file '[^'\n]*\/(stage\/[\w./-]+)'/.exec(text)?.[1];
    if (staged !== undefined) {
      return new RepriseError(
        'Damaged',
        `${staged} is damaged: it is not a whole Parquet file`,
        'see what it is for and what to do: reprise doctor',
      );
    }
    return new RepriseError(
      'UnreadableObject',
      `a Parquet file cannot be read: ${what}`,
      'replace the file by an intact copy',
    );
  }
  const failure = new RepriseError(
    'WarehouseFailed',
    `DuckDB failed (${kind}): ${what}`,
    'resume the run; its outcome is looked up first',
  );
  return failure;
}

/** Whether a text column holds bytes that are no UTF-8, which fails every query that touches it. */
export function isInvalidText(error: unknown): boolean {
  return (
    error instanceof Error &&
    /Invalid string encoding|(not|in)[ -]?valid[ a-z]*UTF-?8|Invalid unicode/i.test(error.message)
  );
}

/** The class that DuckDB's text begins with, when it is one that it has. */
const ERROR_KINDS = [
  'Out of Memory',
  'Binder',
  'Catalog',
  'Connection',
  'Constraint',
  'Conversion',
  'Dependency',
  'FATAL',
  'INTERNAL',
  'INTERRUPT',
  'IO',
  'Invalid Input',
  'Invalid Configuration',
  'Mismatch Type',
  'Not implemented',
  'Out of Range',
  'Parser',
  'Permission',
  'Sequence',
  'Serialization',
  'Syntax',
  'TransactionContext Error',
] as const;

export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
