// The changes of a run as a person reads them, and the document that --json prints.

import type { RunRecord } from '../../engine/run/run-record.ts';
import { LEADING_COLUMNS, LINEAGE_COLUMNS, OFFER_COLUMNS } from '../../model/tables.ts';
import type {
  ChangeAction,
  ChangedCause,
  ChangedColumn,
  ChangedRow,
  ChangedValue,
  TableChanges,
} from '../../ports/changes.ts';
import type { LostValues } from '../../ports/warehouse.ts';
import { lostLines, nextCommand } from './run.ts';
import { count, plural, table } from './text.ts';
import { RESTRICTED, shownValue } from './values.ts';

const DATES_SHOWN = 40;
const VALUES_SHOWN = 12;
const DIGEST_SHOWN = 8;
/** Every row has them: of a row that comes or goes they say nothing. */
const COMMON = new Set([...LEADING_COLUMNS, ...LINEAGE_COLUMNS, ...OFFER_COLUMNS].map((column) => column.name));
const LINEAGE = new Set([...LINEAGE_COLUMNS, ...OFFER_COLUMNS].map((column) => column.name));

const CAUSES: Readonly<Record<string, string>> = {
  first_load: 'dates that were never published before',
  late_arrival: 'new events at dates that were published before',
  correction: 'another delivery of the event wins now',
  transform_changed: 'other transforms made the row before',
  schema_version: 'other transforms read the delivery as another schema version before',
  rejected_today: 'the delivery that gave the row is rejected today',
  republished: 'published before, and lost with the warehouse that was restored or replaced',
  repaired_quarantine: 'rejected or not readable before, accepted today',
  unreadable_object: 'a raw object that cannot be read',
  raw_changed: 'its raw object has other content than when it was read',
  live_row: 'a row that no run wrote gives way to what raw gives',
  repaired: 'edited by hand, made again (--repair)',
  lineage: 'the same content from another place in raw',
  undone: 'as it was before the run that is taken back',
  unexplained: 'NO CAUSE: same transforms, same delivery; edited by hand, or not deterministic',
};

export interface DiffOptions {
  /** Whether the changes were published, all or in part. */
  readonly published: boolean;
  readonly schema: string;
  /** Digest of the run's transforms. */
  readonly transformDigest: string;
  /** Values of undeclared columns that go with their rows. */
  readonly lost: readonly LostValues[];
}

export function diffDocument(run: RunRecord, changes: readonly TableChanges[], options: DiffOptions): unknown {
  return {
    runId: run.runId,
    planId: run.planId,
    pipeline: run.pipeline,
    state: run.state,
    published: options.published,
    transformDigest: options.transformDigest,
    lost: options.lost,
    unexplained: changes
      .flatMap((one) => one.causes)
      .reduce((sum, one) => sum + (isUnexplained(one) ? one.rows : 0), 0),
    tables: Object.fromEntries(
      changes.map((one) => [
        `${options.schema}.${one.table}`,
        {
          ...totalsOf(one),
          dates: one.dates,
          causes: one.causes.map((cause) => causeDocument(cause, options)),
          columns: byColumn(one.columns),
          samples: one.samples.map((sample) => ({ ...sample, values: sample.values.map(valueDocument) })),
        },
      ]),
    ),
  };
}

const isUnexplained = ({ cause }: ChangedCause): boolean => cause === 'unexplained';

const causeDocument = (cause: ChangedCause, options: DiffOptions): unknown =>
  cause.fromTransform === undefined ? cause : { ...cause, toTransform: options.transformDigest };

/** `1a2b3c4d → 5e6f7081`: the transforms before and now. */
const transforms = (from: string | undefined, options: DiffOptions): string =>
  from === undefined ? '' : `${from.slice(0, DIGEST_SHOWN)} → ${options.transformDigest.slice(0, DIGEST_SHOWN)}`;

const valueDocument = ({ column, before, after }: ChangedRow['values'][number]): unknown =>
  before === undefined && after === undefined
    ? { column, before: RESTRICTED, after: RESTRICTED }
    : { column, before, after };

export function renderDiff(run: RunRecord, changes: readonly TableChanges[], options: DiffOptions): string {
  const changed = changes.filter((one) => one.dates.length > 0);
  const lines = [
    `run ${run.runId}  ${run.pipeline}  ${run.state}: what it ${options.published ? 'changed' : 'would change'}`,
    '',
  ];
  if (changed.length === 0) return [...lines, 'nothing: every row is as it was', '', next(run, options)].join('\n');
  lines.push(
    table(
      ['table', 'inserted', 'updated', 'deleted', 'moved to another date'],
      changed.map((one) => {
        const { inserted, updated, deleted, moved } = totalsOf(one);
        return [`${options.schema}.${one.table}`, inserted, updated, deleted, moved];
      }),
    ),
    '',
  );
  if (options.lost.length > 0) lines.push(...lostLines(options.lost), '');
  const causes = changed.flatMap((one) => one.causes.map((cause) => ({ table: one.table, ...cause })));
  if (causes.length > 0) {
    lines.push(
      table(
        ['cause', 'action', 'table', 'rows', 'transforms', ''],
        causes.map(({ cause, action, table: name, fromTransform, rows }) => [
          cause,
          action,
          name,
          rows,
          transforms(fromTransform, options),
          CAUSES[cause] ?? '',
        ]),
      ),
      '',
    );
  }
  for (const one of changed) lines.push(...renderTable(one, options));
  lines.push(next(run, options));
  return lines.join('\n');
}

/** A published diff has been seen; what was only staged waits for its next command. */
const next = (run: RunRecord, options: DiffOptions): string =>
  options.published
    ? `next: reprise verify ${run.runId}`
    : `next: ${nextCommand(run).replace(/^reprise diff \S+, then /, '')}`;

function renderTable(changes: TableChanges, options: DiffOptions): string[] {
  const lines = [`── ${options.schema}.${changes.table}`];
  const dates = changes.dates.slice(0, DATES_SHOWN);
  lines.push(
    table(
      ['event date', 'inserted', 'updated', 'deleted', 'moved here'],
      dates.map(({ date, inserted, updated, deleted, moved }) => [date ?? 'none', inserted, updated, deleted, moved]),
    ),
  );
  if (changes.dates.length > dates.length)
    lines.push(`and ${count(changes.dates.length - dates.length)} more dates: --json has all`);
  const columns = byColumn(changes.columns);
  if (columns.length > 0) {
    const { updated } = totalsOf(changes);
    lines.push(
      '',
      table(
        ['column', `differs, of ${plural(updated, 'updated row')}`, 'because of'],
        columns.map(({ column, rows, causes }) => [
          column,
          rows,
          Object.entries(causes)
            .map(([cause, n]) => `${cause} ${count(n)}`)
            .join(', '),
        ]),
      ),
    );
  }
  if (changes.samples.length > 0) lines.push('', ...changes.samples.flatMap((sample) => renderSample(sample, options)));
  return [...lines, ''];
}

function renderSample(sample: ChangedRow, options: DiffOptions): string[] {
  const key = Object.entries(sample.key).map(([name, value]) =>
    name === 'event_id' ? shownValue(value) : `${name} ${shownValue(value, 120)}`,
  );
  const moved = sample.fromDate === undefined ? '' : `${sample.fromDate} → `;
  const cause = `  ${sample.cause ?? ''} ${transforms(sample.fromTransform, options)}`.trimEnd();
  const telling = sample.values.filter(({ column }) => !(sample.action === 'update' ? LINEAGE : COMMON).has(column));
  const values = telling.length > 0 ? telling : sample.values;
  const shown = values.slice(0, VALUES_SHOWN);
  const width = Math.max(...shown.map(({ column }) => column.length), 0);
  const lines = [`${sample.action}  ${key.join(', ')}  ${moved}${sample.date ?? 'no date'}${cause}`];
  for (const { column, before, after } of shown)
    lines.push(`    ${column.padEnd(width)}  ${changeText(sample.action, before, after)}`);
  if (values.length > shown.length)
    lines.push(`    and ${plural(values.length - shown.length, 'more column')}: --json has all`);
  return lines;
}

function changeText(action: ChangeAction, before: ChangedValue['before'], after: ChangedValue['after']): string {
  if (before === undefined && after === undefined) return action === 'update' ? `${RESTRICTED}, changed` : RESTRICTED;
  if (action === 'insert') return shownValue(after);
  return action === 'delete' ? shownValue(before) : `${shownValue(before)} → ${shownValue(after)}`;
}

function totalsOf(changes: TableChanges): { inserted: number; updated: number; deleted: number; moved: number } {
  const totals = { inserted: 0, updated: 0, deleted: 0, moved: 0 };
  for (const date of changes.dates) {
    totals.inserted += date.inserted;
    totals.updated += date.updated;
    totals.deleted += date.deleted;
    totals.moved += date.moved;
  }
  return totals;
}

/** Counts of a column over all causes, and by cause where there is one. */
function byColumn(
  columns: readonly ChangedColumn[],
): { column: string; rows: number; causes: Readonly<Record<string, number>> }[] {
  const sums = new Map<string, { column: string; rows: number; causes: Record<string, number> }>();
  for (const { column, cause, rows } of columns) {
    const sum = sums.get(column) ?? { column, rows: 0, causes: {} };
    sum.rows += rows;
    if (cause !== undefined) sum.causes[cause] = (sum.causes[cause] ?? 0) + rows;
    sums.set(column, sum);
  }
  return [...sums.values()];
}
