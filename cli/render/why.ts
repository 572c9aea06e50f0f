// The story of a row as a person reads it, and the document that --json prints.

import type { Copy } from '../../engine/explain/copies.ts';
import type { Story, ToldColumn, ToldCopy, ToldRow } from '../../engine/explain/story.ts';
import type { Rule } from '../../engine/explain/winner.ts';
import { nextDate } from '../../engine/plan/window.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { LEADING_COLUMNS } from '../../model/tables.ts';
import { formatMicros } from '../../model/time.ts';
import { originText } from './pipeline.ts';
import { bytes, count, plural, table } from './text.ts';
import { RESTRICTED, shortDecimal, shownValue } from './values.ts';

export interface ToldStory {
  readonly pipeline: CompiledPipeline;
  readonly key: string;
  readonly story: Story;
  /** Runs that wrote rows, by id; absent when nothing is kept of one. */
  readonly runs: ReadonlyMap<string, RunRecord>;
}

const RULES: Readonly<Record<Rule, string>> = {
  'only one accepted': 'no other copy is accepted',
  'source precedence': 'its source goes before',
  'received later': 'received later',
  'greater sha256': 'received at the same time, its body has the greater sha256',
  'greater source name': 'the same body at the same time, its source is the later by name',
  'first place': 'the same delivery again, the first place in raw counts',
  'later in the list': 'twice in one list, the later counts',
};

const ROWS_SHOWN = 50;
const TIMES = new Set(['occurred_at', 'received_at']);

/** A value as shown: restricted ones hidden, times readable, decimals without their trailing zeros. */
function valueText(
  column: ToldColumn,
  value: string | null | undefined,
  pipeline: CompiledPipeline,
  tableName: string,
) {
  if (value === undefined) return undefined;
  if (column.restricted) return RESTRICTED;
  if (value !== null && TIMES.has(column.name)) return formatMicros(BigInt(value));
  const type = pipeline.tables.find((one) => one.name === tableName)?.own.find((one) => one.name === column.name)?.type;
  return type === 'decimal' ? shortDecimal(value) : value;
}

export function whyDocument(key: string, stories: readonly ToldStory[]): unknown {
  return {
    eventId: key,
    stories: stories.map(({ pipeline, story, runs }) => ({
      pipeline: pipeline.name,
      kind: story.kind,
      winner: story.winner === undefined ? null : placeOf(story.winner),
      winsBy: story.winsBy ?? null,
      agrees: story.rows.every((row) => row.agreement === 'agrees'),
      copies: story.copies.map((told) => copyDocument(told)),
      rows: story.rows.map((row) => rowDocument(pipeline, row, runs)),
      offered: story.offered,
      unreadableObjects: story.unreadable,
      transformVersionToday: pipeline.transformDigest,
    })),
  };
}

const placeOf = (copy: Copy): { object: string; row: number } => ({ object: copy.rawObject, row: copy.rawRow });

function copyDocument({ copy, isWinner, losesBy, offers }: ToldCopy): unknown {
  const { evaluation } = copy;
  return {
    ...placeOf(copy),
    receivedAt: formatMicros(copy.receivedAtMicros),
    source: copy.source,
    eventId: copy.eventId,
    bodyBytes: copy.bodyBytes,
    shape: copy.shape ?? null,
    accepted: evaluation.accepted,
    ...(evaluation.accepted
      ? { delivery: evaluation.delivery }
      : { reason: evaluation.reason, detail: evaluation.detail }),
    winner: isWinner,
    losesBy: losesBy ?? null,
    offersTheRow: offers,
  };
}

function rowDocument(pipeline: CompiledPipeline, row: ToldRow, runs: ReadonlyMap<string, RunRecord>): unknown {
  const { stored } = row;
  return {
    table: `${pipeline.name}.${row.table}`,
    agreement: row.agreement,
    columns: row.columns.map((column) => ({
      name: column.name,
      value: valueText(column, column.stored, pipeline, row.table) ?? null,
      today: valueText(column, column.today, pipeline, row.table) ?? null,
      differs: column.differs,
      from: column.origin === undefined ? null : originText(column.origin),
    })),
    ...(stored === undefined
      ? {}
      : {
          rawObject: stored._raw_object,
          rawRow: Number(stored._raw_row),
          runId: stored._run_id,
          runState: runs.get(stored._run_id ?? '')?.state ?? null,
          transformVersion: stored._transform_version,
          transformsOfToday: stored._transform_version === pipeline.transformDigest,
          publishedAt: stored._published_at === null ? null : formatMicros(BigInt(stored._published_at ?? '0')),
        }),
  };
}

export function renderStory(told: ToldStory): string {
  const { pipeline, key, story } = told;
  const what = { event: 'event', offered: 'row that events offer', 'unknown in raw': 'event' }[story.kind];
  const lines = [`${pipeline.name}: ${what} ${shownValue(key, 300)}`, '', ...renderCopies(story), ''];
  if (story.winner !== undefined && story.winsBy !== undefined) {
    lines.push(`the winner is row ${story.winner.rawRow} of ${story.winner.rawObject}: ${RULES[story.winsBy]}`, '');
  }
  lines.push(...renderRows(told));
  for (const { table: name, stored, today } of story.offered)
    lines.push(
      `${pipeline.name}.${name}: ${plural(stored, 'row')} in the warehouse from this event; by today’s transforms it offers ${count(today)}`,
    );
  for (const object of story.unreadable) lines.push(`may hold other copies, but cannot be read: ${object}`);
  lines.push(...verdict(told));
  return lines.join('\n');
}

function renderCopies(story: Story): string[] {
  if (story.copies.length === 0) return ['raw holds no copy of it'];
  const events = new Set(story.copies.map((told) => told.copy.eventId));
  const rows = story.copies.map(({ copy, isWinner, losesBy, offers }) => {
    const { evaluation } = copy;
    const fate = !evaluation.accepted
      ? `rejected: ${evaluation.reason}: ${evaluation.detail}`
      : isWinner
        ? copy === story.winner
          ? 'accepted, wins'
          : 'accepted, wins its event'
        : `accepted, loses: ${losesBy === undefined ? 'to another' : losesBy}`;
    return [
      ...(events.size > 1 || story.kind === 'offered'
        ? [`${shownValue(copy.eventId, 60)}${offers ? '' : ' (offers it not)'}`]
        : []),
      formatMicros(copy.receivedAtMicros),
      copy.source,
      bytes(copy.bodyBytes),
      fate,
      `${copy.rawObject}#${copy.rawRow}`,
    ];
  });
  const head = ['received', 'source', 'body', 'fate', 'raw row'];
  return [
    `${plural(story.copies.length, 'copy', 'copies')} in raw:`,
    table(story.kind === 'offered' ? ['event', ...head] : head, rows),
  ];
}

/** What all rows of the event share is shown once; then table by table the product's own columns. */
function renderRows(told: ToldStory): string[] {
  const { pipeline, story } = told;
  const first = story.rows[0];
  if (first === undefined) return [];
  const lines = [...vertical(told, first, isCommon), ...provenance(told, first), ''];
  for (const name of new Set(story.rows.map((row) => row.table))) {
    const rows = story.rows.filter((row) => row.table === name);
    const agreements = [...new Set(rows.map((row) => row.agreement))];
    const verdicts = agreements.map((one) =>
      rows.length === 1
        ? AGREEMENTS[one]
        : `${count(rows.filter((row) => row.agreement === one).length)} ${AGREEMENTS[one]}`,
    );
    lines.push(`── ${pipeline.name}.${name}: ${verdicts.join('; ')}`);
    const isPlain = rows.length > 1 && agreements.length === 1 && agreements[0] === 'agrees';
    if (isPlain) lines.push(horizontal(told, rows));
    for (const row of isPlain ? [] : rows) {
      const alone =
        row.stored?._run_id !== first.stored?._run_id || row.stored?._raw_object !== first.stored?._raw_object;
      lines.push(...vertical(told, row, (column) => !isCommon(column) || column.differs));
      if (alone) lines.push(...provenance(told, row));
      if (rows.length > 1) lines.push('');
    }
    lines.push('');
  }
  return lines;
}

const COMMON = new Set([...LEADING_COLUMNS.map((column) => column.name), '_delivery']);
const isCommon = (column: ToldColumn): boolean => COMMON.has(column.name);

function vertical({ pipeline }: ToldStory, row: ToldRow, isShown: (column: ToldColumn) => boolean): string[] {
  const columns = row.columns.filter(isShown);
  if (columns.length === 0) return [];
  const isStored = row.stored !== undefined;
  const differs = columns.some((column) => column.differs);
  const cells = columns.map((column) => {
    const value = valueText(column, isStored ? column.stored : column.today, pipeline, row.table);
    const today = column.differs ? shownValue(valueText(column, column.today, pipeline, row.table), 60) : '';
    return [
      `  ${column.name}`,
      value === undefined ? '' : shownValue(value, 60),
      ...(differs ? [today] : []),
      column.origin === undefined ? '' : originText(column.origin),
    ];
  });
  return [table(['  column', isStored ? 'warehouse' : 'today', ...(differs ? ['today'] : []), 'from'], cells)];
}

/** Rows of one table below each other, with where each column comes from above them. */
function horizontal({ pipeline }: ToldStory, rows: readonly ToldRow[]): string {
  const columns = rows[0]?.columns.filter((column) => !isCommon(column)) ?? [];
  const cells = rows
    .slice(0, ROWS_SHOWN)
    .map((row) =>
      row.columns
        .filter((column) => !isCommon(column))
        .map((column) => shownValue(valueText(column, column.stored, pipeline, row.table) ?? null, 40)),
    );
  const origins = columns.map((column) => (column.origin === undefined ? '' : originText(column.origin)));
  const text = table(
    columns.map((column) => column.name),
    [origins, ...cells],
  );
  const more =
    rows.length > ROWS_SHOWN ? `\n  and ${plural(rows.length - ROWS_SHOWN, 'more row')}: --json has all` : '';
  return `${text.replaceAll(/^/gm, '  ')}${more}`;
}

function provenance({ pipeline, runs }: ToldStory, { stored }: ToldRow): string[] {
  if (stored === undefined) return [];
  const run = runs.get(stored._run_id ?? '');
  const isToday = stored._transform_version === pipeline.transformDigest;
  const published = stored._published_at === null ? '' : ` at ${formatMicros(BigInt(stored._published_at ?? '0'))}`;
  return [
    `  from row ${stored._raw_row} of ${stored._raw_object}`,
    `  written by run ${stored._run_id}${run === undefined ? ' (nothing is kept of it)' : ` (${run.state})`}${published}`,
    `  by transforms ${stored._transform_version?.slice(0, 12)}${isToday ? ', today’s' : `, today’s are ${pipeline.transformDigest.slice(0, 12)}`}`,
  ];
}

const AGREEMENTS: Readonly<Record<ToldRow['agreement'], string>> = {
  agrees: 'as today’s transforms make it',
  differs: 'not as today’s transforms make it',
  missing: 'not in the warehouse, today’s transforms give it',
  unexpected: 'in the warehouse, but today’s transforms do not give it',
};

function verdict({ pipeline, story }: ToldStory): string[] {
  if (story.kind === 'unknown in raw') {
    const object = story.rows[0]?.stored?._raw_object;
    return [`raw does not hold it any more: it came from ${object ?? 'an unknown object'}, and stays`];
  }
  const wrong = story.rows.filter((row) => row.agreement !== 'agrees');
  if (story.winner === undefined && story.rows.length === 0)
    return ['every copy is rejected, so it has no row', `next: reprise quarantine list ${pipeline.name}`];
  if (wrong.length === 0) return ['the warehouse agrees with raw and today’s transforms'];
  const dates = wrong
    .flatMap((row) => row.columns.filter((column) => column.name === 'event_date'))
    .flatMap((column) => [column.stored, column.today])
    .filter((date) => typeof date === 'string')
    .sort();
  return [
    `${plural(wrong.length, 'row')} not as today’s transforms make it`,
    dates.length === 0
      ? `next: reprise plan ${pipeline.name} --all`
      : `next: reprise plan ${pipeline.name} --from ${dates[0]} --to ${nextDate(dates.at(-1) as string)}`,
  ];
}
