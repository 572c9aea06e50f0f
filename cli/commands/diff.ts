// Shows what a run changed, or would change when it is staged only.

import { join } from 'node:path';
import { prunedAt } from '../../engine/publish/prune.ts';
import { lostValues } from '../../engine/publish/summary.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { RepriseError } from '../../model/errors.ts';
import { shownSource } from '../../model/unlisted.ts';
import type { TableChanges } from '../../ports/changes.ts';
import type { StagedFile } from '../../ports/stage.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { changeReaderOf } from '../../profiles/embedded/readers.ts';
import { type Arguments, type Command, textArgument } from '../command.ts';
import { type DiffOptions, diffDocument, renderDiff } from '../render/diff.ts';
import { withReader } from './session.ts';

const SAMPLES = 5;
const SAMPLES_MAX = 1000;

export const diffCommand: Command = {
  usage: 'diff <run>',
  summary: 'what a run changed or would change: rows by date, cause and column, with samples before and after',
  positionals: { run: { type: 'string', describe: 'the run id' } },
  options: { samples: { type: 'number', default: SAMPLES, describe: 'sample rows for each table' } },
  examples: [
    ['reprise diff 3f9a1c22b0d4-1', 'before publishing what was staged, or to explain what was published'],
    ['reprise diff 3f9a1c22b0d4-1 --samples 50 --json', 'more rows, as data'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'diff', async (engine) => {
      const samples = samplesOf(args);
      const run = await engine.findRun(textArgument(args, 'run'));
      const { changes, options } = await changesOf(engine, run, samples);
      terminal.result(diffDocument(run, changes, options), renderDiff(run, changes, options));
      return 0;
    }),
};

/** The diff of a run as text. */
export async function renderDiffOf(engine: Engine, run: RunRecord, samples: number): Promise<string> {
  const { changes, options } = await changesOf(engine, run, samples);
  return renderDiff(run, changes, options);
}

async function changesOf(
  engine: Engine,
  run: RunRecord,
  samplesMax: number,
): Promise<{ changes: readonly TableChanges[]; options: DiffOptions }> {
  const pipeline = await engine.pipelines.compiled(run.pipeline);
  const settled = await engine.runs.document<{ files: { table: string; key: string; rows: number }[] }>(
    run.runId,
    'settled',
  );
  const pruned = await prunedAt(engine.runs, run);
  if (pruned !== undefined) {
    throw new RepriseError(
      'NotFound',
      `what run ${run.runId} staged and changed was removed at ${pruned} (reprise prune)`,
      `its counts are still there: reprise status ${run.runId}`,
    );
  }
  if (settled === undefined && run.undoes === undefined) {
    throw new RepriseError(
      'NotFound',
      `run ${run.runId} (${run.state}) is not staged to its end, so there is nothing to compare yet`,
      `reprise resume ${run.runId}`,
    );
  }
  const held: { release(): Promise<void> }[] = [];
  const files: StagedFile[] = [];
  try {
    for (const { table, key, rows } of settled?.files ?? []) {
      const local = await engine.home.stage.fetch(key);
      held.push(local);
      files.push({ table, path: local.path, rows });
    }
    const reader = await changeReaderOf(engine);
    const folder = join(engine.home.path, 'stage', run.runId, 'changes');
    const changes = await reader.read({ pipeline, folder, settled: files, samplesMax });
    const groups = await engine.runs.groups(run.runId);
    const published = groups.length > 0;
    const preview = await engine.runs.document<{ outcomes: readonly GroupOutcome[] }>(run.runId, 'preview');
    const lost = lostValues(published ? groups : (preview?.outcomes ?? []));
    const shown = (source: string): string | null =>
      shownSource((name) => pipeline.sources.has(name), engine.home.deliveryKey, source);
    const safe = changes.map((table) => withoutUnlistedSources(table, shown));
    const { transformDigest } = (await engine.runs.plan(run.planId)).body;
    return { changes: safe, options: { published, schema: pipeline.name, transformDigest, lost } };
  } finally {
    for (const local of held) await local.release();
  }
}

function samplesOf(args: Arguments): number {
  const samples = Number(args.samples);
  if (Number.isInteger(samples) && samples >= 0 && samples <= SAMPLES_MAX) return samples;
  throw new RepriseError(
    'Usage',
    `--samples ${String(args.samples)} is no count from 0 to ${SAMPLES_MAX}`,
    'give a whole number: --samples 5',
  );
}

/** Versions before this one kept sources that are not listed as they were sent, whatever they held. */
function withoutUnlistedSources(changes: TableChanges, shownAs: (source: string) => string | null): TableChanges {
  if (changes.table !== 'quarantine') return changes;
  const shown = (source: string | null | undefined): string | null | undefined =>
    typeof source === 'string' ? shownAs(source) : source;
  const samples = changes.samples.map((sample) => ({
    ...sample,
    values: sample.values.map((value) =>
      value.column === 'source' ? { ...value, before: shown(value.before), after: shown(value.after) } : value,
    ),
  }));
  return { ...changes, samples };
}
