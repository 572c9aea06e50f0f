// How far runs are: the lines that status, watch and cancel print, and their documents.

import type { GroupDates, Progress, ShownState } from '../../engine/run/progress.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { isTrueOf } from '../../engine/run/states.ts';
import { nextCommand } from './run.ts';
import { table } from './text.ts';

const DATES_SHOWN = 10;

export function progressDocument(progress: Progress): object {
  const { run, state, worker, reason, slices, groups, asked, decision, waiting } = progress;
  return {
    runId: run.runId,
    planId: run.planId,
    pipeline: run.pipeline,
    state,
    attempt: run.attempt,
    startedAt: run.startedAt,
    by: worker?.by ?? run.by,
    holder: worker?.holder ?? run.holder,
    leaseUntil: worker?.leaseUntil,
    reason,
    undoes: run.undoes,
    slices: { planned: slices.planned, staged: slices.staged, left: slices.planned - slices.staged },
    groups,
    asked,
    decision,
    waiting,
    failure: run.failure,
    next: nextOf(progress),
  };
}

/** Where the run stands, after what it did. */
export function progressLines(progress: Progress): string[] {
  const { run, state, worker, reason, slices, groups, asked, decision, waiting } = progress;
  const lines = [`attempt ${run.attempt} of ${run.startedAt}${run.by === undefined ? '' : `, by ${run.by}`}`];
  if (reason !== '') lines.push(`reason: ${reason}`);
  if (worker !== undefined) lines.push(`executed by ${worker.by} (${worker.holder})${until(worker.leaseUntil)}`);
  if (state === 'interrupted') lines.push('the process that executed it is gone; what it did is kept');
  if (slices.planned > 0) lines.push(`slices: ${slices.staged} of ${slices.planned} staged`);
  if (groups.planned > 0) {
    const left = groups.left.length === 0 ? '' : `; left: ${datesOf(groups.left)}`;
    const done = groups.published.length === 0 ? '' : ` (${datesOf(groups.published)})`;
    lines.push(`groups: ${groups.published.length} of ${groups.planned} published${done}${left}`);
  }
  if (waiting !== undefined) lines.push(`waits for approval since ${waiting.since}: ${waiting.question}`);
  if (asked !== undefined) lines.push(`asked to ${asked.ask} by ${asked.by} at ${asked.at}${because(asked.reason)}`);
  if (decision !== undefined)
    lines.push(`${decision.decision} by ${decision.by} at ${decision.at}${because(decision.reason)}`);
  return lines;
}

/** One line, which says the same as long as nothing has changed. */
export function progressLine(progress: Progress): string {
  const { run, state, slices, groups } = progress;
  const parts = [`run ${run.runId}  ${state}`];
  if (state === 'running') parts.push(phaseOf(progress));
  if (slices.planned > 0) parts.push(`slices ${slices.staged} of ${slices.planned}`);
  if (groups.planned > 0) parts.push(`groups ${groups.published.length} of ${groups.planned}`);
  if (progress.asked !== undefined) parts.push(`asked to ${progress.asked.ask}`);
  return parts.join('  ');
}

function phaseOf({ slices, groups, waiting }: Progress): string {
  if (waiting !== undefined) return 'waits for approval';
  if (slices.staged < slices.planned) return 'staging';
  return groups.left.length > 0 ? 'deciding and publishing' : 'verifying';
}

export function runsTable(rows: readonly { readonly run: RunRecord; readonly state: ShownState }[]): string {
  return table(
    ['run', 'pipeline', 'state', 'started', 'by', 'next'],
    rows.map(({ run, state }) => [
      run.runId,
      run.pipeline,
      state,
      run.startedAt,
      run.by ?? '',
      state === 'running' ? `reprise watch ${run.runId}` : nextCommand(run),
    ]),
  );
}

export const runRow = ({ run, state }: { readonly run: RunRecord; readonly state: ShownState }): object => ({
  runId: run.runId,
  planId: run.planId,
  pipeline: run.pipeline,
  state,
  attempt: run.attempt,
  by: run.by,
  reason: run.reason,
  undoes: run.undoes,
  startedAt: run.startedAt,
  finishedAt: run.finishedAt,
});

/** The command that a person most likely wants now. */
export function nextOf({ run, state, waiting, decision }: Progress): string {
  if (waiting !== undefined)
    return `reprise diff ${run.runId}, then reprise approve ${run.runId} or reprise reject ${run.runId}`;
  if (isTrueOf(state, 'awaitsDecision') && decision?.decision === 'approved') return `reprise resume ${run.runId}`;
  return state === 'running' ? `reprise watch ${run.runId}` : nextCommand(run);
}

function datesOf(groups: readonly GroupDates[]): string {
  const dates = groups.flatMap((group) => group.dates);
  const more = dates.length > DATES_SHOWN ? `, and ${dates.length - DATES_SHOWN} more` : '';
  return `${dates.slice(0, DATES_SHOWN).join(', ')}${more}`;
}

const until = (leaseUntil: string | undefined): string =>
  leaseUntil === undefined ? ', which has just begun' : `, lease until ${leaseUntil}`;
const because = (reason: string): string => (reason === '' ? '' : `: ${reason}`);
