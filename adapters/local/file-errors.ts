// What an error of the file system means. Its message is dropped, its code is kept.

import { RepriseError } from '../../ports/errors.ts';

export function classifyFileError(error: unknown, what: string): RepriseError {
  if (error instanceof RepriseError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new RepriseError('DiskFull', `${what}: the disk is full`, 'free space on the disk, then run this again');
  }
  return new RepriseError(
    'StoreUnavailable',
    `${what} failed (${code})`,
    'check that the folder is there and may be read and written, then run this again',
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
