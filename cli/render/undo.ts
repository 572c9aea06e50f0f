// What an undo left alone, and what became of transforms, as a person reads it.

import { activateCommand, windowsText } from '../../engine/ledger/retired.ts';
import type { Window } from '../../engine/plan/window.ts';
import { tableCounts } from '../../engine/publish/summary.ts';
import type { UndoPreview } from '../../engine/publish/undo.ts';
import type { RunRecord, UndoSummary } from '../../engine/run/run-record.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import type { LeftAlone, LeftAloneReason, LeftAloneRow } from '../../ports/warehouse.ts';
import { count, plural, table } from './text.ts';
import { shownValue } from './values.ts';

const ROWS_SHOWN = 20;
const REASONS: Readonly<Record<LeftAloneReason, string>> = {
  changed_since: 'changed since',
  raw_gone: 'raw object gone',
};

/** What `--json` says of the undo in a run. */
export function undoDocument(run: RunRecord): object {
  if (run.undoes === undefined) return {};
  const { undo } = run.summary ?? {};
  return { undoes: run.undoes, reason: run.reason, ...(undo === undefined ? {} : { undo: leftAloneDocument(undo) }) };
}

type Left = Pick<UndoSummary, 'leftAlone' | 'leftAloneRows'>;

function leftAloneDocument<T extends Left>({ leftAlone, leftAloneRows, ...rest }: T): object {
  const rowsOf = (reason: LeftAloneReason): number => sum(leftAlone.filter((one) => one.reason === reason));
  return {
    ...rest,
    changedSince: rowsOf('changed_since'),
    rawGone: rowsOf('raw_gone'),
    leftAlone,
    rows: leftAloneRows,
  };
}

/** The lines that an undo adds to its run. */
export function renderUndo(run: RunRecord, undo: UndoSummary): string[] {
  return ['', ...renderLeftAlone(undo, run.pipeline), ...transformLines(run, undo)];
}

function transformLines(run: RunRecord, undo: UndoSummary): string[] {
  const digest = undo.transformDigest.slice(0, 12);
  switch (undo.transforms) {
    case 'retired':
      return retiredLines(run.pipeline, digest, `are retired`, undo.windows);
    case 'activated':
      return [`the transforms ${digest} may publish again${at(undo.windows)}`];
    case 'as before':
      return [];
  }
}

const at = (windows: readonly Window[] = []): string => (windows.length === 0 ? '' : ` at ${windowsText(windows)}`);

/** `are`: that it is so, or will be. */
function retiredLines(pipeline: string, digest: string, are: string, windows: readonly Window[] = []): string[] {
  const lines = [
    `the transforms ${digest} ${are}${at(windows)}: plans that hold these dates are refused, others are not`,
  ];
  const [first] = windows;
  if (first !== undefined)
    lines.push(
      `  correct the pipeline and replay: reprise backfill ${pipeline} --from ${first.from} --to ${first.to}`,
      `  or allow them there after all: ${activateCommand(pipeline, first)}`,
    );
  return lines;
}

function previewTransformLines(
  undone: RunRecord,
  digest: string,
  { transforms, windows }: UndoPreview['transforms'],
): string[] {
  switch (transforms) {
    case 'retired':
      return retiredLines(undone.pipeline, digest.slice(0, 12), 'will be retired', windows);
    case 'activated':
      return [`the transforms ${digest.slice(0, 12)} will be allowed again${at(windows)}`];
    case 'as before':
      return [];
  }
}

function renderLeftAlone({ leftAlone, leftAloneRows }: Left, schema: string): string[] {
  if (leftAlone.length === 0) return ['every row was as the run had left it'];
  const lines = [
    `left alone: ${plural(sum(leftAlone), 'row')}, no longer as the run had left ${sum(leftAlone) === 1 ? 'it' : 'them'}, or of raw that is gone`,
  ];
  const groups = new Map<string, LeftAlone[]>();
  for (const one of leftAlone) {
    const name = `${one.table}\n${one.reason}\n${one.runId ?? ''}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  lines.push(
    table(
      ['table', 'why', 'now of run', 'rows'],
      [...groups.values()].map((some) => {
        const one = some[0] as LeftAlone;
        return [`${schema}.${one.table}`, REASONS[one.reason], one.runId ?? 'none: not there', sum(some)];
      }),
    ),
    '',
    ...leftAloneRows.slice(0, ROWS_SHOWN).map((row) => rowLine(row, schema)),
  );
  const more = sum(leftAlone) - Math.min(leftAloneRows.length, ROWS_SHOWN);
  if (more > 0) lines.push(`  and ${plural(more, 'more row')}: --json names up to 100`);
  return lines;
}

function rowLine(row: LeftAloneRow, schema: string): string {
  const key = Object.entries(row.key).map(([name, value]) => `${name} ${shownValue(value)}`);
  return `  ${schema}.${row.table}  ${row.date ?? 'no date'}  ${key.join(', ')}`;
}

const sum = (some: readonly LeftAlone[]): number => some.reduce((all, one) => all + one.rows, 0);

/** What `undo --dry-run --json` prints. */
export function previewDocument(
  undone: RunRecord,
  pipeline: CompiledPipeline,
  transformDigest: string,
  preview: UndoPreview,
): unknown {
  return {
    undoes: undone.runId,
    pipeline: undone.pipeline,
    dryRun: true,
    changes: preview.changes,
    transforms: { transformDigest, ...preview.transforms },
    tables: tableCounts(pipeline, preview.outcomes),
    undo: leftAloneDocument(leftOf(preview)),
  };
}

/** What an undo would do. */
export function renderPreview(
  undone: RunRecord,
  pipeline: CompiledPipeline,
  transformDigest: string,
  preview: UndoPreview,
): string {
  const rows = Object.entries(tableCounts(pipeline, preview.outcomes)).map(([name, c]) => [
    name,
    c.updated,
    c.inserted,
    c.deleted,
    c.kept_newer + c.raw_gone,
  ]);
  return [
    `taking back run ${undone.runId} (${undone.pipeline}) would write ${plural(preview.changes, 'row')}; nothing is changed yet`,
    '',
    table(['table', 'put back', 'there again', 'deleted', 'left alone'], rows),
    '',
    ...renderLeftAlone(leftOf(preview), undone.pipeline),
    `events that stand at the dates: ${count(preview.share.before)}`,
    ...previewTransformLines(undone, transformDigest, preview.transforms),
    '',
    `next: reprise undo ${undone.runId}`,
  ].join('\n');
}

const leftOf = (preview: UndoPreview): Left => ({
  leftAlone: preview.outcomes.flatMap((outcome) => outcome.leftAlone),
  leftAloneRows: preview.outcomes.flatMap((outcome) => outcome.leftAloneRows),
});
