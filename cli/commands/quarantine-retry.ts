// Replays what is quarantined and would be accepted today, and says before and after what there is for which reason.

import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import type { Window } from '../../engine/plan/window.ts';
import { tryQuarantined } from '../../engine/reconcile/retry.ts';
import { createRun } from '../../engine/run/begin.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import type { QuarantineFilter } from '../../ports/inspector.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { inspectorOf, quarantineOf } from '../../profiles/embedded/readers.ts';
import { type Retried, renderRetry, retryDocument, retryExitCode } from '../render/quarantine-retry.ts';
import type { Terminal } from '../render/terminal.ts';
import { drive } from './execution.ts';
import { planAndSave } from './planning.ts';

export interface RetryOptions {
  readonly dryRun: boolean;
  /** Publishes whatever the change is. */
  readonly approved: boolean;
  readonly maxActive: number;
}

const REASON = 'quarantine retry';

export async function retryQuarantine(
  engine: Engine,
  pipeline: CompiledPipeline,
  filter: QuarantineFilter,
  options: RetryOptions,
  terminal: Terminal,
): Promise<number> {
  const before = await countsOf(engine, pipeline);
  const trial = await engine.withWarehouse((warehouse) =>
    tryQuarantined(
      {
        lake: engine.home.lake,
        catalog: engine.catalog(pipeline),
        reader: engine.reader,
        deliveryKey: engine.home.deliveryKey,
        quarantine: quarantineOf(warehouse),
        onProgress: (done, objects) => terminal.progress(`trying again: ${done} of ${objects} objects`),
      },
      pipeline,
      filter,
    ),
  );
  terminal.clear();
  const runs = options.dryRun ? [] : await backfillAll(engine, pipeline, trial.windows, options, terminal);
  const after = runs.length === 0 ? before : await countsOf(engine, pipeline);
  const retried: Retried = { trial, runs, dryRun: options.dryRun, before, after };
  terminal.result(retryDocument(pipeline.name, retried), renderRetry(pipeline.name, retried));
  return retryExitCode(retried);
}

/** One whole plan after the other; one that does not end well is the last. */
async function backfillAll(
  engine: Engine,
  pipeline: CompiledPipeline,
  windows: readonly Window[],
  options: RetryOptions,
  terminal: Terminal,
): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const window of windows) {
    const request = { window, reason: REASON, sliceBytes: PLAN_LIMITS.sliceBytes, onlyObjects: [], repair: false };
    const plan = await planAndSave(engine, pipeline.name, request, terminal);
    const run = await createRun(engine.controlDeps, plan, {
      stageOnly: false,
      approved: options.approved,
      maxChange: undefined,
      maxActive: options.maxActive,
      newestFirst: false,
      verify: true,
    });
    runs.push(await drive(engine, plan, run, terminal));
    if (runs.at(-1)?.failure !== undefined) break;
  }
  return runs;
}

async function countsOf(engine: Engine, pipeline: CompiledPipeline): Promise<Record<string, number>> {
  const all = { reason: undefined, from: undefined, to: undefined };
  const found = await engine.withWarehouse((warehouse) => inspectorOf(warehouse).quarantineCounts(pipeline, all));
  const counts: Record<string, number> = {};
  for (const { reason, entries } of found) counts[reason] = (counts[reason] ?? 0) + entries;
  return counts;
}
