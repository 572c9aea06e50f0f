// What keeps an object from being read, as the errors of the raw reader's port.

import { UnreadableFile } from '../../lib/parquet/unreadable.ts';
import { RepriseError } from '../../model/errors.ts';
import { classifyFileError, codeOf } from '../system/file-errors.ts';

/** The object cannot be read; `detail` is of a fixed vocabulary and quotes nothing of it. */
export const unreadable = (
  detail: string,
  fix = 'replace the object by an intact copy, then replay the dates it was received at',
): RepriseError => new RepriseError('UnreadableObject', detail, fix);

/** What a failure to read an object means. A missing file is one that was there when it was listed. */
export function readFailure(error: unknown): unknown {
  if (error instanceof UnreadableFile) return unreadable(error.message, error.fix);
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return codeOf(error) === 'ENOENT'
    ? new RepriseError('ObjectMissing', 'the object is gone', 'plan again')
    : classifyFileError(error, 'opening an object');
}
