// The Approve state in process: asks the person at the terminal, or waits at the task token until somebody decides from
// elsewhere, or leaves the run to wait without a process.

import { explainLimit } from '../../engine/publish/gate.ts';
import type { Preview } from '../../engine/publish/preview.ts';
import { askedOf, asking } from '../../engine/run/asked.ts';
import { decideOn, decisionOf, rejection, saveWaiting } from '../../engine/run/decision.ts';
import { checkedRun } from '../../engine/run/recorded.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { Execution, JsonValue, TaskCall } from '../../lib/asl/asl.ts';
import { isoTime } from '../../ports/clock.ts';
import { memberOf } from '../../tasks/context.ts';
import type { Engine } from './engine.ts';

const LOOK_EVERY_MS = 500;

/** How a person's approval is obtained. */
export interface Asking {
  /** Asks a person to approve, with the question; when nobody can be asked, the run waits for approval. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Called with the question when the run waits at the Approve state until somebody approves or rejects it from elsewhere. */
  readonly awaitDecision?: ((question: string) => void) | undefined;
}

export async function approve(
  engine: Engine,
  run: RunRecord,
  call: TaskCall,
  options: Asking,
  execution: Execution,
): Promise<JsonValue> {
  const token = String(memberOf(call.payload, 'taskToken'));
  const preview = await engine.runs.document<Preview>(run.runId, 'preview');
  const question =
    preview === undefined ? 'the change is larger than its limit' : explainLimit(preview.share, run.options);
  const waiting = { attempt: run.attempt, since: isoTime(engine.clock), question };
  const { recorded } = await checkedRun(engine.controlDeps, run.runId);
  // Whoever sits at the terminal began the run.
  const mayAsk = options.ask !== undefined && recorded.created?.fourEyes !== true;
  if (mayAsk && (await options.ask?.(question))) {
    const deps = { ...engine.leaseDeps, runs: engine.runs };
    await saveWaiting(engine.runs, run.runId, waiting);
    await decideOn(deps, await engine.runs.run(run.runId), 'approved', 'asked on the terminal');
    execution.sendTaskSuccess(token, {});
  } else if (options.ask === undefined && options.awaitDecision !== undefined) {
    await saveWaiting(engine.runs, run.runId, waiting);
    options.awaitDecision(question);
    const refused = await decisionFor(engine, run, call.signal);
    if (refused === undefined) execution.sendTaskSuccess(token, {});
    else execution.sendTaskFailure(token, refused.error, refused.cause);
  } else {
    execution.sendTaskFailure(token, 'ChangeTooLarge', question);
  }
  return {};
}

/** Undefined for a yes. Looks until there is a decision on this attempt, or the run is asked to stop. */
async function decisionFor(
  engine: Engine,
  run: RunRecord,
  signal: AbortSignal,
): Promise<{ readonly error: string; readonly cause: string } | undefined> {
  for (;;) {
    const decided = await decisionOf(engine.leaseDeps, run);
    if (decided?.attempt === run.attempt)
      return decided.decision === 'approved' ? undefined : { error: 'Rejected', cause: rejection(decided) };
    const asked = await askedOf(engine.runs, run.runId);
    if (asked !== undefined) return { error: asked.ask === 'cancel' ? 'Cancelled' : 'Paused', cause: asking(asked) };
    await engine.clock.sleep(LOOK_EVERY_MS, signal);
  }
}
