// Transforms deliveries of a file and prints the rows they would give; nothing is landed.

import { createHash, randomBytes } from 'node:crypto';
import { type Delivery, readDelivery } from '../../engine/land/delivery.ts';
import { notADelivery, readLines } from '../../engine/land/lines.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { type Evaluation, Evaluator } from '../../model/evaluate.ts';
import { decodeUtf8 } from '../../model/json.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { canonicalText } from '../../model/tables.ts';
import { formatMicros } from '../../model/time.ts';
import { bodyBytes } from '../../ports/raw-writer.ts';
import { openDeliveryFile } from '../../profiles/embedded/landing.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import { type Arguments, type Command, textArgument } from '../command.ts';
import { count, plural, table } from '../render/text.ts';
import { RESTRICTED, shortDecimal, shownValue } from '../render/values.ts';

const LIMIT = 20;

interface TriedRow {
  readonly table: string;
  readonly eventId: string;
  readonly occurredAt: string;
  /** As text; null for null, `(restricted)` for restricted columns. */
  readonly columns: Readonly<Record<string, string | null>>;
}

interface Tried {
  readonly line: number;
  readonly source: string | null;
  readonly receivedAt: string;
  readonly outcome:
    | { readonly accepted: true; readonly eventId: string; readonly rows: readonly TriedRow[] }
    | { readonly accepted: false; readonly reason: string; readonly detail: string };
}

export const tryCommand: Command = {
  usage: 'try <pipeline> <file>',
  summary: 'transform deliveries of a file without landing them: the rows they would give, and what is rejected',
  positionals: {
    pipeline: { type: 'string', describe: 'the pipeline' },
    file: { type: 'string', describe: 'NDJSON deliveries, .gz or not; - is standard input' },
  },
  options: { limit: { type: 'number', default: LIMIT, describe: 'deliveries to transform; 0 for all' } },
  examples: [
    ['reprise try pulsecart events.ndjson.gz', 'the first 20 deliveries'],
    ['tail -n 5 today.ndjson | reprise try chatorbit - --json', 'what just came'],
  ],
  run: async (args, terminal) => {
    const pipeline = await new Pipelines(args.pipelines).compiled(textArgument(args, 'pipeline'));
    const file = textArgument(args, 'file');
    const limit = limitOf(args);
    // Of this call alone: what is keyed need not agree with a home's, and nobody must be able to make it.
    const evaluator = new Evaluator(pipeline, randomBytes(32));
    const tried: Tried[] = [];
    let more = false;
    for await (const { line, delivery } of deliveriesOf(file)) {
      if (limit > 0 && tried.length >= limit) {
        more = true;
        break;
      }
      const raw = rawRow(line - 1, delivery);
      tried.push(outcomeOf(pipeline, line, raw, evaluator.evaluate(raw)));
    }
    const summary = summaryOf(pipeline, tried);
    terminal.result(
      { pipeline: pipeline.name, ...summary, more, deliveries: tried },
      render(pipeline, tried, summary, more, file),
    );
    return 0;
  },
};

async function* deliveriesOf(file: string): AsyncGenerator<{ line: number; delivery: Delivery }> {
  for await (const { first, lines } of readLines(await openDeliveryFile(file))) {
    for (const [place, text] of lines.entries()) {
      if (text === '' || text === '\r') continue;
      const read = readDelivery(text);
      if ('fault' in read) throw notADelivery(first + place, read.fault);
      yield { line: first + place, delivery: read.delivery };
    }
  }
}

/** The delivery as raw would give it back. */
function rawRow(row: number, { receivedAtMicros, source, body }: Delivery): RawRow {
  const bytes = bodyBytes(body);
  return {
    row,
    receivedAtMicros,
    source,
    body: bytes.length > LIMITS.bodyBytesMax ? undefined : decodeUtf8(bytes),
    bodyBytes: bytes.length,
    bodySha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

function outcomeOf(pipeline: CompiledPipeline, line: number, raw: RawRow, evaluation: Evaluation): Tried {
  const delivery = {
    line,
    source: evaluation.accepted ? raw.source : evaluation.source,
    receivedAt: formatMicros(raw.receivedAtMicros),
  };
  if (!evaluation.accepted) {
    return { ...delivery, outcome: { accepted: false, reason: evaluation.reason, detail: evaluation.detail } };
  }
  const rows = evaluation.rows.map((row): TriedRow => {
    const made = pipeline.tables[row.table];
    const columns = (made?.own ?? []).map(({ name, type, restricted }, place): [string, string | null] => {
      const text = canonicalText(row.values[place] ?? null, type);
      return [name, restricted ? RESTRICTED : type === 'decimal' ? shortDecimal(text) : text];
    });
    return {
      table: made?.name ?? '',
      eventId: row.eventId,
      occurredAt: formatMicros(row.occurredAtMicros),
      columns: Object.fromEntries(columns),
    };
  });
  return { ...delivery, outcome: { accepted: true, eventId: evaluation.eventId, rows } };
}

interface Summary {
  readonly tried: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly rows: Readonly<Record<string, number>>;
}

function summaryOf(pipeline: CompiledPipeline, tried: readonly Tried[]): Summary {
  const rows = Object.fromEntries(pipeline.tables.map((one) => [one.name, 0]));
  const rejected: Record<string, number> = {};
  let accepted = 0;
  for (const { outcome } of tried) {
    if (!outcome.accepted) {
      rejected[outcome.reason] = (rejected[outcome.reason] ?? 0) + 1;
      continue;
    }
    accepted++;
    for (const row of outcome.rows) rows[row.table] = (rows[row.table] ?? 0) + 1;
  }
  return { tried: tried.length, accepted, rejected, rows };
}

function render(
  pipeline: CompiledPipeline,
  tried: readonly Tried[],
  summary: Summary,
  more: boolean,
  file: string,
): string {
  const lines: string[] = [];
  for (const { name, own } of pipeline.tables) {
    const rows = tried.flatMap(({ line, outcome }) =>
      outcome.accepted ? outcome.rows.filter((row) => row.table === name).map((row) => ({ line, row })) : [],
    );
    if (rows.length === 0) continue;
    lines.push(
      `── ${pipeline.name}.${name}`,
      table(
        ['line', 'event_id', 'occurred_at', ...own.map((column) => column.name)],
        rows.map(({ line, row }) => [
          String(line),
          shownValue(row.eventId, 60),
          row.occurredAt,
          ...own.map((column) => shownValue(row.columns[column.name] ?? null, 40)),
        ]),
      ),
      '',
    );
  }
  const rejected = tried.flatMap(({ line, source, outcome }) =>
    outcome.accepted ? [] : [[String(line), source ?? 'null', outcome.reason, outcome.detail]],
  );
  if (rejected.length > 0) lines.push('── rejected', table(['line', 'source', 'reason', 'detail'], rejected), '');
  const reasons = Object.entries(summary.rejected).map(([reason, n]) => `${reason} ${count(n)}`);
  const rows = Object.entries(summary.rows).filter(([, n]) => n > 0);
  lines.push(
    `${plural(summary.tried, 'delivery', 'deliveries')}: ${count(summary.accepted)} accepted, ${count(summary.tried - summary.accepted)} rejected${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`,
    `rows: ${rows.length === 0 ? 'none' : rows.map(([name, n]) => `${name} ${count(n)}`).join(', ')}`,
  );
  if (more) lines.push('the file goes on: --limit 0 transforms all of it');
  lines.push(`nothing was landed; next: reprise land ${pipeline.name} ${shownValue(file)}`);
  return lines.join('\n');
}

function limitOf(args: Arguments): number {
  const limit = Number(args.limit);
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw new RepriseError('Usage', `--limit ${String(args.limit)} is no count`, 'give a whole number, 0 for all');
}
