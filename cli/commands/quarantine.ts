// Shows what was rejected, where its raw delivery is, and whether it would be accepted today; and has it replayed.

import { previewBody } from '../../engine/explain/preview.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { datesOf } from '../../model/dating.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { Evaluator } from '../../model/evaluate.ts';
import { LIMITS, REASONS, UNREADABLE_OBJECT } from '../../model/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { shownSource } from '../../model/unlisted.ts';
import type { Inspector, QuarantineEntry, QuarantineFilter } from '../../ports/inspector.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { inspectorOf, readParquet } from '../../profiles/embedded/readers.ts';
import { type Arguments, type Command, optionalText, textArgument } from '../command.ts';
import { entryId, parseEntryId, renderEntry, renderQuarantineList, type ShownEntry } from '../render/quarantine.ts';
import type { Terminal } from '../render/terminal.ts';
import { shellQuote } from '../render/values.ts';
import { type RetryOptions, retryQuarantine } from './quarantine-retry.ts';
import { dateArgument } from './run-options.ts';
import { withEngine } from './session.ts';

const ENTRIES = 20;

export const quarantineCommand: Command = {
  usage: 'quarantine <action> <pipeline> [entry]',
  summary: 'rejected deliveries and unreadable objects: how many and why, and one of them without its values',
  positionals: {
    action: {
      type: 'string',
      choices: ['list', 'show', 'retry'],
      describe: 'list, show one entry, or replay what is accepted today',
    },
    pipeline: { type: 'string', describe: 'the pipeline' },
    entry: { type: 'string', describe: 'what list prints: <object>#<row>' },
  },
  options: {
    reason: { type: 'string', choices: [...REASONS, UNREADABLE_OBJECT], describe: 'list or retry only these' },
    from: { type: 'string', describe: 'first event date (UTC), included' },
    to: { type: 'string', describe: 'event date (UTC) before which it ends, excluded' },
    limit: { type: 'number', default: ENTRIES, describe: 'entries to list, the newest first' },
    object: { type: 'string', describe: 'show: the raw object' },
    row: { type: 'number', describe: 'show: the row in it, from 0; -1 for the object itself' },
    'dry-run': { type: 'boolean', default: false, describe: 'retry: say what would be replayed' },
    yes: { type: 'boolean', alias: 'y', default: false, describe: 'retry: publish whatever the change is' },
    'max-active': { type: 'number', default: 2, describe: 'retry: slices at a time' },
  },
  examples: [
    ['reprise quarantine list pulsecart', 'counts by reason and date, and the newest entries'],
    ['reprise quarantine list pulsecart --reason schema_violation --from 2026-06-01 --to 2026-06-03', 'some of them'],
    ['reprise quarantine show pulsecart --object raw/pulsecart/dt=2026-06-01/hour=10/a.parquet --row 7', 'one of them'],
    ['reprise quarantine retry pulsecart --reason schema_violation', 'after the transform was mended'],
  ],
  run: (args, terminal) => {
    const act = async (engine: Engine): Promise<number> => {
      const pipeline = await engine.pipelines.compiled(textArgument(args, 'pipeline'));
      if (args.action === 'show') return show(engine, pipeline, args, terminal);
      if (args.action === 'list') return list(engine, pipeline, args, terminal);
      return retryQuarantine(engine, pipeline, filterOf(args), retryOptions(args), terminal);
    };
    return withEngine(args, terminal, 'quarantine', false, act, { onlyReads: args.action !== 'retry' });
  },
};

const retryOptions = (args: Arguments): RetryOptions => ({
  dryRun: args['dry-run'] === true,
  approved: args.yes === true,
  maxActive: Number(args['max-active']),
});

async function list(engine: Engine, pipeline: CompiledPipeline, args: Arguments, terminal: Terminal): Promise<number> {
  const filter = filterOf(args);
  const limit = Number(args.limit);
  if (!Number.isInteger(limit) || limit < 0)
    throw new RepriseError('Usage', `--limit ${String(args.limit)} is no count`, 'give a whole number: --limit 20');
  const inspector = inspectorOf(await engine.warehouse());
  const counts = await inspector.quarantineCounts(pipeline, filter);
  const entries = (await inspector.quarantineEntries(pipeline, filter, limit)).map((entry) =>
    shownOf(engine, pipeline, entry),
  );
  const byReason: Record<string, number> = {};
  for (const { reason, entries: n } of counts) byReason[reason] = (byReason[reason] ?? 0) + n;
  terminal.result(
    {
      pipeline: pipeline.name,
      total: counts.reduce((sum, one) => sum + one.entries, 0),
      byReason,
      byDate: counts,
      entries: entries.map((entry) => ({ id: entryId(entry), ...entry })),
    },
    renderQuarantineList(pipeline.name, counts, entries),
  );
  return 0;
}

function filterOf(args: Arguments): QuarantineFilter {
  return { reason: optionalText(args, 'reason'), from: dateArgument(args, 'from'), to: dateArgument(args, 'to') };
}

const shownOf = (engine: Engine, pipeline: CompiledPipeline, entry: QuarantineEntry): QuarantineEntry => ({
  ...entry,
  source: shownSource((name) => pipeline.sources.has(name), engine.home.deliveryKey, entry.source),
});

async function show(engine: Engine, pipeline: CompiledPipeline, args: Arguments, terminal: Terminal): Promise<number> {
  const { object, row } = placeOf(args);
  const inspector = inspectorOf(await engine.warehouse());
  const entry = await inspector.quarantineEntry(pipeline, object, row);
  const found = await rawOf(engine, pipeline, inspector, object, row);
  // Any delivery of the lake can be looked at: a fault of the declaration names one that was never rejected.
  if (entry === undefined && found.preview === undefined) {
    throw new RepriseError(
      'NotFound',
      `row ${row} of ${object} is not in the quarantine of ${pipeline.name}, and not in the lake`,
      `reprise quarantine list ${pipeline.name}`,
    );
  }
  const shown = { object, row, entry: entry && shownOf(engine, pipeline, entry), ...found };
  terminal.result(
    {
      pipeline: pipeline.name,
      id: entryId({ rawObject: object, rawRow: row }),
      ...shown.entry,
      raw: { object, row, path: shown.path ?? null, command: shown.command ?? null },
      preview: shown.preview ?? null,
      today: shown.today ?? null,
      eventId: shown.eventId ?? null,
    },
    renderEntry(pipeline.name, shown),
  );
  return 0;
}

function placeOf(args: Arguments): { object: string; row: number } {
  const id = optionalText(args, 'entry');
  const object = optionalText(args, 'object');
  const place =
    id !== undefined ? parseEntryId(id) : object === undefined ? undefined : { object, row: Number(args.row) };
  if (place !== undefined && Number.isInteger(place.row)) return place;
  throw new RepriseError(
    'Usage',
    'which entry is not said',
    'give --object KEY --row N, or the entry that `reprise quarantine list` prints: <object>#<row>',
  );
}

async function rawOf(
  engine: Engine,
  pipeline: CompiledPipeline,
  inspector: Inspector,
  object: string,
  row: number,
): Promise<Omit<ShownEntry, 'object' | 'row' | 'entry'>> {
  const nothing = { path: undefined, command: undefined, preview: undefined, today: undefined, eventId: undefined };
  if ((await engine.home.lake.head(object)) === undefined) return nothing;
  const local = await engine.home.lake.fetch(object);
  try {
    if (row < 0) return { ...nothing, path: local.path };
    const found = { ...nothing, path: local.path, command: readCommand(local.path, row) };
    const raw = await readRow(engine, local.path, row);
    if (raw === undefined) return found;
    return {
      ...found,
      preview: previewBody(pipeline, raw),
      today: todayOf(pipeline, engine.home.deliveryKey, raw),
      eventId: await eventOf(pipeline, inspector, raw),
    };
  } finally {
    await local.release();
  }
}

/** What today's transforms make of the delivery, or what keeps them from it. */
function todayOf(pipeline: CompiledPipeline, deliveryKey: Uint8Array, raw: RawRow): ShownEntry['today'] {
  try {
    const evaluation = new Evaluator(pipeline, deliveryKey).evaluate(raw);
    if (evaluation.accepted) return { accepted: true };
    return { accepted: false, reason: evaluation.reason, detail: evaluation.detail };
  } catch (error) {
    if (!isRepriseError(error) || error.code !== 'TransformFault') throw error;
    return { accepted: false, reason: error.code, detail: error.message };
  }
}

/**
 * The event that the delivery tells of, where its id stands in the warehouse already: of a body that was never accepted
 * no value is shown, and of a secret one none at all.
 */
async function eventOf(pipeline: CompiledPipeline, inspector: Inspector, raw: RawRow): Promise<string | undefined> {
  if (pipeline.sources.get(raw.source ?? '')?.secret !== undefined) return undefined;
  const id = datesOf(pipeline, raw).keys[0]?.key;
  const events = pipeline.tables[0];
  if (id === undefined || events === undefined) return undefined;
  return (await inspector.rowsOf(pipeline, events, id)).length > 0 ? id : undefined;
}

async function readRow(engine: Engine, path: string, row: number): Promise<RawRow | undefined> {
  try {
    for await (const batch of engine.reader.read(path, { from: row, to: row + 1 }, LIMITS.bodyBytesMax))
      return batch[0];
  } catch (error) {
    if (!isRepriseError(error) || error.code !== 'UnreadableObject') throw error;
  }
  return undefined;
}

const readCommand = (path: string, row: number): string => {
  return `duckdb -c ${shellQuote(`SELECT received_at, source, body FROM ${readParquet(path, { rowNumber: true })} WHERE file_row_number = ${row}`)}`;
};
