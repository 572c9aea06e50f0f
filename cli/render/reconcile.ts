// What a reconcile found and did, as a person reads it, and the document that --json prints.

import { activateCommand } from '../../engine/ledger/retired.ts';
import { addCounts, noCounts } from '../../engine/publish/summary.ts';
import type { NeedsWhole, Reconciliation } from '../../engine/reconcile/reconcile.ts';
import type { WaitingSince } from '../../engine/reconcile/waiting.ts';
import type { RunRecord, TableCounts } from '../../engine/run/run-record.ts';
import { exitCodeOf, nextCommand } from './run.ts';
import { renderSkipped } from './skipped.ts';
import { count, duration, plural, table } from './text.ts';

/** What a reconcile found and did, and since when what it left for the next time waits. */
export type Reconciled = Omit<Reconciliation, 'waiting'> & { readonly waiting: readonly WaitingSince[] };

const OBJECTS_SHOWN = 10;

/** `dry_run` stands for a dry run that found something. */
export type ReconcileState = 'nothing_to_do' | 'published' | 'waiting' | 'failed' | 'dry_run';

export function stateOf(found: Reconciled): ReconcileState {
  if (found.runs.some((run) => run.failure !== undefined || failedExit(run) !== 0)) return 'failed';
  if (found.waiting.length > 0) return 'waiting';
  if (found.would.length > 0) return 'dry_run';
  return found.runs.some((run) => run.state !== 'nothing_to_do') ? 'published' : 'nothing_to_do';
}

/** A date that the warehouse held is named as needing a whole plan: no failure. */
const failedExit = (run: RunRecord): number => ((run.summary?.heldDates.length ?? 0) > 0 ? 0 : exitCodeOf(run));

/**
 * 0, also while dates need a whole plan or somebody else works there: cron comes again. Dates that have waited for longer
 * than `maxWaitMs` are somebody's business, and 3.
 */
export function exitCodeOfReconciliation(found: Reconciled, strict: boolean, maxWaitMs: number, nowMs: number): number {
  const failed = found.runs.map(failedExit).find((exit) => exit !== 0);
  const overdue = found.waiting.some(({ since }) => nowMs - Date.parse(since) > maxWaitMs);
  if (failed === undefined && overdue) return 3;
  return failed ?? (strict && found.needsWhole.length + found.retired.length > 0 ? 3 : 0);
}

const backfillCommand = (pipeline: string, { from, to }: NeedsWhole): string =>
  `reprise backfill ${pipeline} --from ${from} --to ${to}`;

function tablesOf(found: Reconciled): Record<string, TableCounts> {
  const tables: Record<string, TableCounts> = {};
  for (const [name, counts] of found.runs.flatMap((run) => Object.entries(run.summary?.tables ?? {}))) {
    tables[name] ??= noCounts();
    addCounts(tables[name], counts);
  }
  return tables;
}

const datesOf = (found: Reconciled): string[] =>
  [...new Set(found.runs.flatMap((run) => run.summary?.dates ?? []))].sort();

export function reconcileDocument(pipeline: string, found: Reconciled, durationMs: number): unknown {
  const tables = tablesOf(found);
  const counts = Object.values(tables);
  return {
    pipeline,
    state: stateOf(found),
    objects: found.objects,
    withoutRaw: found.withoutRaw,
    objectsRead: found.objectsRead,
    read: found.read,
    dates: datesOf(found),
    inserted: counts.reduce((sum, one) => sum + one.inserted, 0),
    updated: counts.reduce((sum, one) => sum + one.updated, 0),
    tables,
    runs: found.runs.map(({ runId, planId, state, summary }) => ({
      runId,
      planId,
      state,
      dates: summary?.dates ?? [],
    })),
    would: found.would,
    waiting: found.waiting,
    needsWhole: found.needsWhole.map((one) => ({ ...one, command: backfillCommand(pipeline, one) })),
    retired: found.retired.map((one) => ({ ...one, command: activateCommand(pipeline, one) })),
    unreadable: found.unreadable,
    skipped: found.skipped,
    durationMs,
  };
}

export function renderReconciliation(pipeline: string, found: Reconciled, durationMs: number): string {
  const state = stateOf(found);
  const lines = [
    `${pipeline}: ${state}; ${plural(found.objects, 'raw object')} in the lake, ${count(found.objectsRead)} read, in ${duration(durationMs)}`,
  ];
  if (found.withoutRaw > 0)
    lines.push(
      `the lake has no raw object of ${pipeline}, and ${plural(found.withoutRaw, 'date')} were published from some: expired, or taken away`,
      `  the rows stay as they are; what was taken away is to be put back below lake/raw/${pipeline}`,
    );
  for (const { from, to, objects } of found.would) {
    lines.push(`would replay ${plural(objects.length, 'object')} into [${from}, ${to}):`);
    lines.push(...objects.slice(0, OBJECTS_SHOWN).map((key) => `  ${key}`));
    if (objects.length > OBJECTS_SHOWN) lines.push(`  and ${count(objects.length - OBJECTS_SHOWN)} more`);
  }
  const rows = Object.entries(tablesOf(found)).filter(([, c]) => c.inserted + c.updated > 0);
  if (rows.length > 0) {
    lines.push(`dates published: ${datesOf(found).join(', ')}`, '');
    lines.push(
      table(
        ['table', 'inserted', 'updated'],
        rows.map(([name, c]) => [name, c.inserted, c.updated]),
      ),
      '',
    );
  }
  for (const run of found.runs) {
    const why = run.failure === undefined ? '' : `: ${run.failure.error}, ${run.failure.cause}`;
    lines.push(`run ${run.runId}  ${run.state}${why}`);
    if (failedExit(run) !== 0) lines.push(`next: ${nextCommand(run)}`);
  }
  for (const { from, to, objects, because, since } of found.waiting)
    lines.push(
      `left for the next time: ${plural(objects, 'object')} for [${from}, ${to}), waiting since ${since}: ${because}`,
    );
  for (const { key, detail } of found.unreadable) lines.push(`cannot be read: ${key} (${detail})`);
  lines.push(...renderSkipped(found.skipped));
  for (const one of found.needsWhole)
    lines.push(`needs a whole plan, because ${one.because.join('; ')}:`, `  ${backfillCommand(pipeline, one)}`);
  for (const { undo, ...window } of found.retired)
    lines.push(
      `left out at [${window.from}, ${window.to}): the undo ${undo} took back what today's transforms had published there`,
      `  correct the pipeline, or allow them: ${activateCommand(pipeline, window)}`,
    );
  return lines.join('\n');
}
