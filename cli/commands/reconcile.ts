// Replays what arrived since it was last looked, and names what has to be planned whole. Made to be run by cron.

import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import type { Window } from '../../engine/plan/window.ts';
import {
  type ReconcileDeps,
  type ReconcileRequest,
  reconcile,
  reconcileOptions,
} from '../../engine/reconcile/reconcile.ts';
import { MAX_WAIT_MINUTES, rememberWaiting } from '../../engine/reconcile/waiting.ts';
import { createRun } from '../../engine/run/begin.ts';
import { aboutWorker } from '../../engine/run/worker.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { endInterrupted } from '../../profiles/embedded/interrupted.ts';
import { offersOf } from '../../profiles/embedded/readers.ts';
import { type Arguments, type Command, textArgument } from '../command.ts';
import {
  exitCodeOfReconciliation,
  type Reconciled,
  reconcileDocument,
  renderReconciliation,
} from '../render/reconcile.ts';
import type { Terminal } from '../render/terminal.ts';
import { bytes } from '../render/text.ts';
import { drive } from './execution.ts';
import { noteLossesIfFree } from './losses.ts';
import { planAndSave } from './planning.ts';
import { withEngine } from './session.ts';

const REASON = 'reconcile';

export const reconcileCommand: Command = {
  usage: 'reconcile <pipeline>',
  summary: 'replay just the raw objects that were not read yet; name the dates that need a whole plan',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  options: {
    'dry-run': { type: 'boolean', default: false, describe: 'say what would be replayed, and replay nothing' },
    reason: { type: 'string', default: REASON, describe: 'why, for the ledger' },
    'max-wait': {
      type: 'number',
      default: MAX_WAIT_MINUTES,
      describe: 'exit 3 when dates have waited for more minutes than this, one reconcile after another',
    },
    strict: { type: 'boolean', default: false, describe: 'exit 3 while dates need a whole plan' },
    rebuild: { type: 'boolean', default: false, describe: 'derive what was read again from all runs there were' },
    'max-active': { type: 'number', default: 2, describe: 'slices at a time' },
  },
  examples: [
    ['reprise reconcile pulsecart', 'every 3 minutes, by cron: what arrived late, and nothing else'],
    ['reprise reconcile pulsecart --dry-run --json', 'what it would do'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'reconcile', false, async (engine) => {
      const startedMs = engine.clock.nowMs();
      const pipeline = textArgument(args, 'pipeline');
      const maxWaitMs = maxWaitOf(args) * 60_000;
      const found = await reconcileOn(engine, pipeline, terminal, {
        dryRun: args['dry-run'] === true,
        rebuild: args.rebuild === true,
        reason: textArgument(args, 'reason'),
        maxActive: Number(args['max-active']),
      });
      const durationMs = engine.clock.nowMs() - startedMs;
      terminal.result(
        reconcileDocument(pipeline, found, durationMs),
        renderReconciliation(pipeline, found, durationMs),
      );
      return exitCodeOfReconciliation(found, args.strict === true, maxWaitMs, engine.clock.nowMs());
    }),
};

function maxWaitOf(args: Arguments): number {
  const minutes = Number(args['max-wait']);
  if (Number.isFinite(minutes) && minutes >= 0) return minutes;
  throw new RepriseError(
    'Usage',
    `--max-wait must be a number of minutes; got ${String(args['max-wait'])}`,
    `give a number: --max-wait ${MAX_WAIT_MINUTES}`,
  );
}

export interface ReconcileOptions extends ReconcileRequest {
  readonly reason: string;
  readonly maxActive: number;
}

/** Reconciles a pipeline of the home; its runs are ordinary ones. */
export async function reconcileOn(
  engine: Engine,
  name: string,
  terminal: Terminal,
  options: ReconcileOptions,
): Promise<Reconciled> {
  const pipeline = await engine.pipelines.compiled(name);
  await noteLossesIfFree(engine, name, terminal);
  const deps = { ...depsOf(engine, pipeline, terminal), replay: replayWith(engine, pipeline, options, terminal) };
  const taken = options.dryRun
    ? []
    : await endInterrupted(engine, name, options.reason, (plan, run) => drive(engine, plan, run, terminal));
  const found = await reconcile(deps, pipeline, options);
  const waiting = options.dryRun
    ? []
    : await rememberWaiting({ control: engine.home.control, clock: engine.clock }, name, found.waiting);
  return { ...found, runs: [...taken, ...found.runs], waiting };
}

function depsOf(engine: Engine, pipeline: CompiledPipeline, terminal: Terminal): Omit<ReconcileDeps, 'replay'> {
  return {
    lake: engine.home.lake,
    control: engine.home.control,
    catalog: engine.catalog(pipeline),
    reader: engine.reader,
    runs: engine.runs,
    ledger: engine.ledger(pipeline.name),
    leases: engine.leases(pipeline.name),
    staleOffers: (rawObjects) =>
      engine.withWarehouse((warehouse) => offersOf(warehouse).staleOffers(pipeline, rawObjects)),
    onProgress: ({ objectsDone, objects, bytesDone, bytes: all }) =>
      terminal.progress(`cataloguing raw: ${objectsDone} of ${objects} objects, ${bytes(bytesDone)} of ${bytes(all)}`),
  };
}

const replayWith =
  (engine: Engine, pipeline: CompiledPipeline, { reason, maxActive }: ReconcileOptions, terminal: Terminal) =>
  async (window: Window, onlyObjects: readonly string[]) => {
    const request = { window, reason, sliceBytes: PLAN_LIMITS.sliceBytes, onlyObjects, repair: false };
    const plan = await planAndSave(engine, pipeline.name, request, terminal);
    const run = await createRun(engine.controlDeps, plan, reconcileOptions(maxActive), aboutWorker(engine.leaseDeps));
    return { plan, run: await drive(engine, plan, run, terminal) };
  };
