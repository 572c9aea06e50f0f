// Whether a change may be published without a yes. Deleting is what on-call regrets, so it has a limit of its own.

import type { RunOptions } from '../ledger/runs.ts';
import type { ChangeShare } from './summary.ts';

/** Share of the rows that stood there before which may be deleted without a yes, unless the run says otherwise. */
export const DELETED_SHARE_MAX = 0.1;

/** `maxChange` limits updates and deletes together, and then stands in for the limit of deletes. */
export function withinLimit(share: ChangeShare, options: Pick<RunOptions, 'approved' | 'maxChange'>): boolean {
  if (options.approved || share.changed === 0) return true;
  if (options.maxChange !== undefined) return share.changed <= options.maxChange * share.before;
  return share.deleted <= DELETED_SHARE_MAX * share.before;
}

/** The change against its limit, as a sentence. */
export function explainLimit(share: ChangeShare, options: Pick<RunOptions, 'maxChange'>): string {
  const percent = (part: number): string => `${((100 * part) / Math.max(share.before, 1)).toFixed(1)} %`;
  return options.maxChange === undefined
    ? `${share.deleted} of ${share.before} events would be deleted (${percent(share.deleted)}, the limit is ${DELETED_SHARE_MAX * 100} %)`
    : `${share.changed} of ${share.before} events would be updated or deleted (${percent(share.changed)}, the limit is ${options.maxChange * 100} %)`;
}
