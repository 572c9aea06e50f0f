// What an error of the file system means. Its message is dropped, its code is kept.

import { RepriseError } from '../../model/errors.ts';

export function classifyFileError(error: unknown, what: string): RepriseError {
  if (error instanceof RepriseError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new RepriseError('DiskFull', `${what}: the disk is full`, 'free space on the disk, then run this again');
  }
  if (code === 'EMFILE' || code === 'ENFILE') return tooManyOpenFiles(what);
  return new RepriseError(
    'StoreUnavailable',
    `${what} failed (${code})`,
    'check that the folder is there and may be read and written, then run this again',
  );
}

/** An error of the system that nobody classified where it happened, as one of ours; any other as it is. */
export function asFileError(error: unknown): unknown {
  const isSystem = error instanceof Error && 'syscall' in error && codeOf(error) !== 'unknown';
  return isSystem && !(error instanceof RepriseError)
    ? classifyFileError(error, `file system (${error.syscall})`)
    : error;
}

/** Below this many open files Node, DuckDB and a run's workers have no room to work in. */
const OPEN_FILES_WANTED = 256;

/** Neither this process nor a retry can open more: somebody has to raise the limit. */
export function tooManyOpenFiles(what: string): RepriseError {
  // Asked of the process, because reading it from /proc would open one more file.
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { soft?: number | string } };
  };
  const soft = userLimits?.open_files?.soft;
  return new RepriseError(
    'OpenFilesLimit',
    `${what}: too many open files${soft === undefined ? '' : `, this process may have ${soft}`}`,
    `allow it more: ulimit -n ${Math.max(OPEN_FILES_WANTED, 4 * (Number(soft) || 0))}, then run this again`,
  );
}

/** ENOENT and the like; `unknown` when it is none of the system's. */
export function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'unknown';
}

/** Runs the work; undefined when the file is not there. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
