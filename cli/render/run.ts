// A run as a person reads it, and the document that --json prints.

import type { RunRecord, RunSummary } from '../../engine/run/run-record.ts';
import type { LostValues } from '../../ports/warehouse.ts';
import { goneLines, keptColumns } from './raw-gone.ts';
import { nextOfRetired, renderRetired } from './retired.ts';
import { count, duration, plural, table } from './text.ts';
import { renderUndo, undoDocument } from './undo.ts';

/** What `run --json` and `backfill --json` print. */
export function runDocument(run: RunRecord, durationMs: number): unknown {
  return {
    runId: run.runId,
    planId: run.planId,
    pipeline: run.pipeline,
    state: run.state,
    tables: run.summary?.tables ?? {},
    quarantined: run.summary?.quarantined ?? {},
    ...(run.summary?.deliveries === undefined ? {} : { deliveries: run.summary.deliveries }),
    causes: run.summary?.causes ?? {},
    dates: run.summary?.dates ?? [],
    heldDates: run.summary?.heldDates ?? [],
    rawGone: run.summary?.rawGone ?? [],
    lost: run.summary?.lost ?? [],
    unreadable: run.summary?.unreadable ?? [],
    verified: run.summary?.verified,
    failure: run.failure,
    ...(run.summary?.retired === undefined ? {} : { retired: run.summary.retired }),
    ...undoDocument(run),
    durationMs,
    next: nextCommand(run),
  };
}

export function renderRun(run: RunRecord, durationMs: number | undefined): string {
  const { summary } = run;
  const took = durationMs === undefined ? '' : ` in ${duration(durationMs)}`;
  const undoes = run.undoes === undefined ? '' : `  undo of ${run.undoes}`;
  const lines = [`run ${run.runId}  ${run.pipeline}  ${run.state}${took}${undoes}`];
  if (run.failure !== undefined) lines.push(`  ${run.failure.error}: ${run.failure.cause}`);
  if (summary !== undefined) {
    const kept = keptColumns(Object.values(summary.tables));
    const rows = Object.entries(summary.tables).map(([name, c]) => [
      name,
      c.inserted,
      c.updated,
      c.deleted,
      c.unchanged,
      c.kept_newer,
      ...kept.map(([, counts]) => counts(c)),
    ]);
    const titles = ['table', 'inserted', 'updated', 'deleted', 'unchanged', 'kept newer'];
    lines.push('', table([...titles, ...kept.map(([title]) => title)], rows));
    const said = summaryLines(run, summary);
    if (said.length > 0) lines.push('', ...said);
    if (summary.undo !== undefined) lines.push(...renderUndo(run, summary.undo));
  }
  lines.push('', `next: ${nextCommand(run)}`);
  return lines.join('\n');
}

/** What there is to say of it beside the counts of its tables. */
function summaryLines(run: RunRecord, summary: RunSummary): string[] {
  const lines: string[] = [];
  if (summary.deliveries !== undefined) lines.push(readLine(summary.deliveries));
  const causes = Object.entries(summary.causes);
  if (causes.length > 0)
    lines.push(`events changed because of: ${causes.map(([cause, n]) => `${cause} ${count(n)}`).join(', ')}`);
  const quarantined = Object.entries(summary.quarantined);
  if (quarantined.length > 0)
    lines.push(`quarantined: ${quarantined.map(([reason, n]) => `${reason} ${count(n)}`).join(', ')}`);
  for (const { key, detail } of summary.unreadable)
    lines.push(`could not be read: ${key} (${detail}); nothing is deleted at the dates it may hold`);
  lines.push(...lostLines(summary.lost ?? []));
  if (summary.heldDates.length > 0)
    lines.push(`not touched, because the plan is partial: ${summary.heldDates.join(', ')}`);
  lines.push(...goneLines(summary.rawGone));
  if (summary.verified !== undefined) {
    lines.push(
      summary.verified.ok
        ? `verified: ${plural(summary.verified.checked, 'row')} derived again from raw, all as in the warehouse`
        : `verification found ${plural(summary.verified.differences, 'difference')} in ${plural(summary.verified.checked, 'row')}`,
    );
  }
  if (summary.retired !== undefined) lines.push(...renderRetired(run, summary.retired));
  return lines;
}

const readLine = ({ read, dropped }: { readonly read: number; readonly dropped: number }): string =>
  `read: ${plural(read, 'delivery', 'deliveries')}${dropped === 0 ? '' : `, ${count(dropped)} of them dropped because they belong to other dates`}`;

/** Values that no replay makes again, by the column. */
export const lostLines = (lost: readonly LostValues[]): string[] =>
  lost.map(
    ({ table, column, values }) =>
      `${plural(values, 'value')} of ${table}.${column}, which the declaration does not have, gone with their rows`,
  );

/** The command that a person most likely wants now. */
export function nextCommand(run: RunRecord): string {
  switch (run.state) {
    case 'succeeded':
    case 'published_with_gaps':
    case 'published_downstream_stale':
      return `reprise diff ${run.runId}`;
    case 'staged':
    case 'awaiting_approval':
      return `reprise diff ${run.runId}, then reprise approve ${run.runId} or reprise reject ${run.runId}`;
    case 'refused':
      if (run.undoes !== undefined) return `reprise status ${run.undoes}`;
      if (run.failure?.error === 'LeaseHeld') return `reprise resume ${run.runId}, when the other run has ended`;
      if (run.failure?.error === 'Unexplained') return `reprise diff ${run.runId}`;
      if (run.failure?.error === 'Rejected') return `reprise plan ${run.pipeline} …, or reprise approve ${run.runId}`;
      if (run.summary?.retired !== undefined) return nextOfRetired(run, run.summary.retired);
      return `reprise plan ${run.pipeline} …, then reprise run`;
    case 'nothing_to_do':
      return `reprise status`;
    case 'failed':
      // The delivery that shows the fault is named at the end of its message.
      if (run.failure?.error === 'TransformFault')
        return /reprise quarantine show .*$/.exec(run.failure.cause)?.[0] ?? `reprise status ${run.runId}`;
      return run.summary?.verified?.ok === false ? `reprise verify ${run.runId}` : `reprise resume ${run.runId}`;
    case 'partially_published':
      return (run.summary?.heldDates.length ?? 0) > 0
        ? `reprise backfill ${run.pipeline} --from ${run.summary?.heldDates[0]} --to …`
        : `reprise resume ${run.runId}`;
    case 'cancelled':
    case 'paused':
    case 'running':
      return `reprise resume ${run.runId}`;
  }
}

/** The exit code that a run's state stands for. */
export function exitCodeOf(run: RunRecord): number {
  switch (run.state) {
    case 'succeeded':
    case 'nothing_to_do':
    case 'published_with_gaps':
    case 'published_downstream_stale':
    case 'staged':
      return 0;
    case 'refused':
    case 'awaiting_approval':
      return 3;
    case 'failed':
      return run.summary?.verified?.ok === false ? 4 : 1;
    case 'partially_published':
      return (run.summary?.heldDates.length ?? 0) > 0 ? 3 : 1;
    case 'cancelled':
    case 'paused':
    case 'running':
      return 1;
  }
}
