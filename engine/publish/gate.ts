// Whether a change may be published without approval. Deleting is what on-call regrets, so it has a limit of its own, and
// values that no replay can make again are never lost without approval. Rows that no cause explains are never published
// unless somebody has said why.

import { RepriseError } from '../../model/errors.ts';
import type { GroupOutcome, LostValues, Unexplained } from '../../ports/warehouse.ts';
import type { RunOptions } from '../run/run-record.ts';
import type { ChangeShare } from './summary.ts';

/** Share of the rows that stood there before which may be deleted without a yes, unless the run says otherwise. */
export const DELETED_SHARE_MAX = 0.1;

/** `maxChange` limits updates and deletes together, and then stands in for the limit of deletes. */
export function withinLimit(share: ChangeShare, options: Pick<RunOptions, 'approved' | 'maxChange'>): boolean {
  if (options.approved) return true;
  if ((share.lost ?? []).length > 0) return false;
  if (share.changed === 0) return true;
  if (options.maxChange !== undefined) return share.changed <= options.maxChange * share.before;
  return share.deleted <= DELETED_SHARE_MAX * share.before;
}

/** Under four eyes a larger limit that whoever began the run gave it does not replace the one that holds without. */
export const withinLimits = (
  share: ChangeShare,
  options: Pick<RunOptions, 'approved' | 'maxChange'>,
  fourEyes: boolean,
): boolean => withinLimit(share, options) && (!fourEyes || withinLimit(share, { ...options, maxChange: undefined }));

/** The change against its limit, as a sentence. */
export function explainLimit(share: ChangeShare, options: Pick<RunOptions, 'maxChange'>): string {
  const percent = (part: number): string => `${((100 * part) / Math.max(share.before, 1)).toFixed(1)} %`;
  const rows =
    options.maxChange === undefined
      ? `${share.deleted} of ${share.before} events would be deleted (${percent(share.deleted)}, the limit is ${DELETED_SHARE_MAX * 100} %)`
      : `${share.changed} of ${share.before} events would be updated or deleted (${percent(share.changed)}, the limit is ${options.maxChange * 100} %)`;
  const lost = share.lost ?? [];
  return lost.length === 0 ? rows : `${namedLost(lost)} would be lost with their rows; ${rows}`;
}

/** `3 values of orders.my_note, which is not declared`. */
const namedLost = (lost: readonly LostValues[]): string =>
  `${lost.map(({ table, column, values }) => `${values} ${values === 1 ? 'value' : 'values'} of ${table}.${column}`).join(', ')}, which the declaration does not have,`;

/** What somebody took the responsibility for: the very rows that were shown, as a document of the run. */
export interface Acknowledged {
  readonly by: string;
  readonly reason: string;
  readonly rows: readonly Unexplained[];
}

export const ACKNOWLEDGED = 'acknowledged';

const TABLES_NAMED_MAX = 10;

/** Throws Unexplained when rows would change for no known cause, others than those that were acknowledged. */
export function refuseUnexplained(
  runId: string,
  outcomes: readonly Pick<GroupOutcome, 'unexplained'>[],
  acknowledged: Acknowledged | undefined,
): void {
  const known = new Set((acknowledged?.rows ?? []).map(textOf));
  const found = outcomes.flatMap((outcome) => outcome.unexplained ?? []).filter((one) => !known.has(textOf(one)));
  if (found.length === 0) return;
  const total = found.reduce((sum, one) => sum + one.rows, 0);
  const named = found.slice(0, TABLES_NAMED_MAX).map(({ table, date, rows, keys }) => {
    const more = rows > keys.length ? `, and ${rows - keys.length} more` : '';
    return `${table} ${date}: ${keys.map((key) => JSON.stringify(key)).join(', ')}${more}`;
  });
  if (found.length > named.length) named.push(`and ${found.length - named.length} more tables and dates`);
  throw new RepriseError(
    'Unexplained',
    `${total} row(s) would change for no known cause: the same transforms made them of the same deliveries. ${named.join('; ')}`,
    `look at them: reprise diff ${runId}; were they edited by hand, plan again with --repair; else say why: reprise approve ${runId} --reason …`,
  );
}

const textOf = (one: Unexplained): string => JSON.stringify([one.table, one.date, one.rows, one.keys]);
