// What became of quarantined deliveries that were tried again, as a person reads it, and the document that --json prints.

import type { Retrial } from '../../engine/reconcile/retry.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { exitCodeOf, nextCommand } from './run.ts';
import { count, plural, table } from './text.ts';

export interface Retried {
  readonly trial: Retrial;
  readonly runs: readonly RunRecord[];
  readonly dryRun: boolean;
  /** Entries of the whole pipeline by reason, before and after the runs. */
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

export type RetryState = 'nothing_to_retry' | 'dry_run' | 'retried' | 'failed';

const stateOf = (retried: Retried): RetryState => {
  if (retried.trial.windows.length === 0) return 'nothing_to_retry';
  if (retried.dryRun) return 'dry_run';
  return retryExitCode(retried) === 0 ? 'retried' : 'failed';
};

export const retryExitCode = ({ runs }: Retried): number => runs.map(exitCodeOf).find((exit) => exit !== 0) ?? 0;

export function retryDocument(pipeline: string, retried: Retried): unknown {
  const { trial, runs, before, after } = retried;
  return {
    pipeline,
    state: stateOf(retried),
    ...trial,
    runs: runs.map(({ runId, planId, state, summary }) => ({ runId, planId, state, causes: summary?.causes ?? {} })),
    before,
    after,
  };
}

export function renderRetry(pipeline: string, retried: Retried): string {
  const { trial, runs, before, after } = retried;
  const accepted = Object.values(trial.accepted).reduce((sum, n) => sum + n, 0);
  const lines = [
    `${pipeline}: ${plural(trial.entries, 'entry', 'entries')} tried again, ${count(accepted)} accepted by today’s transforms`,
  ];
  for (const [reason, n] of Object.entries(trial.accepted)) lines.push(`  ${reason} → accepted: ${count(n)}`);
  for (const [reason, today] of Object.entries(trial.rejected))
    for (const [now, n] of Object.entries(today)) lines.push(`  ${reason} → ${now}: ${count(n)}`);
  for (const key of trial.objectsReadable) lines.push(`  can be read now: ${key}`);
  for (const key of trial.objectsUnreadable) lines.push(`  still cannot be read: ${key}`);
  if (trial.notRead > 0)
    lines.push(`  ${plural(trial.notRead, 'entry', 'entries')} of raw that is gone or cannot be read`);
  if (trial.windows.length === 0) return [...lines, 'nothing to retry'].join('\n');
  if (retried.dryRun) {
    const commands = trial.windows.map(({ from, to }) => `  reprise backfill ${pipeline} --from ${from} --to ${to}`);
    return [...lines, 'would be planned whole:', ...commands].join('\n');
  }
  for (const run of runs) {
    lines.push(`run ${run.runId}  ${run.state}${run.failure === undefined ? '' : `: ${run.failure.cause}`}`);
    lines.push(`next: ${nextCommand(run)}`);
  }
  const reasons = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const rows = reasons.map((reason) => [reason, before[reason] ?? 0, after[reason] ?? 0]);
  return [...lines, '', table(['quarantined', 'before', 'after'], rows)].join('\n');
}
