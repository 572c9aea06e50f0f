// Runs a run in the foreground: progress on stderr, Ctrl-C ends it in a state that resume continues from.

import type { Plan } from '../../engine/plan/plan-document.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { executeRun } from '../../profiles/embedded/execute.ts';
import { exitCodeOf, renderRun, runDocument } from '../render/run.ts';
import type { Terminal } from '../render/terminal.ts';
import { count, duration } from '../render/text.ts';

/**
 * Executes the run and shows what became of it. Gives the exit code. `awaitApproval`: a change that needs a yes is
 * waited with until somebody decides from elsewhere.
 */
export async function execute(
  engine: Engine,
  plan: Plan,
  run: RunRecord,
  terminal: Terminal,
  awaitApproval = false,
): Promise<number> {
  const startedMs = engine.clock.nowMs();
  const ended = await drive(engine, plan, run, terminal, awaitApproval);
  const durationMs = engine.clock.nowMs() - startedMs;
  terminal.result(runDocument(ended, durationMs), renderRun(ended, durationMs));
  return exitCodeOf(ended);
}

/** Executes the run to its end, whatever that is. */
export async function drive(
  engine: Engine,
  plan: Plan,
  run: RunRecord,
  terminal: Terminal,
  awaitApproval = false,
): Promise<RunRecord> {
  const abort = new AbortController();
  const interrupt = (): void => {
    terminal.say('stopping: slices that are being read are finished first; press again to leave at once');
    abort.abort();
    process.once('SIGINT', () => process.exit(130));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const rowsToRead = plan.body.objects.rows;
  let rows = 0;
  let state = 'Admit';
  let slicesDone = 0;
  let stateStartedMs = engine.clock.nowMs();
  const draw = (force = false): void => {
    const elapsedMs = Math.max(engine.clock.nowMs() - stateStartedMs, 1);
    const reading = state === 'Stage' || state === 'Verify';
    const rate = rows / (elapsedMs / 1000);
    const left = rate > 0 && rowsToRead > rows ? `, about ${duration(((rowsToRead - rows) / rate) * 1000)} left` : '';
    const read = reading
      ? `: ${count(rows)} of ${count(rowsToRead)} deliveries, ${count(Math.round(rate))}/s${left}`
      : '';
    const slices = state === 'Stage' ? `, slice ${slicesDone} of ${plan.body.slices.count}` : '';
    terminal.progress(`${run.runId} ${state}${read}${slices}`, force);
  };
  try {
    return await executeRun(engine, run, {
      signal: abort.signal,
      ask: awaitApproval ? undefined : terminal.ask,
      awaitDecision: awaitApproval ? (question) => terminal.say(waitingText(run, question)) : undefined,
      onEvent: (event) => {
        const at = event.path === '' ? event.state : event.path;
        if (event.type === 'state-entered' && event.path === '') {
          state = event.state;
          rows = 0;
          stateStartedMs = engine.clock.nowMs();
          draw();
        }
        if (event.type === 'map-item-succeeded' && event.state === 'Stage') slicesDone++;
        if (event.type === 'state-retried')
          terminal.say(`${at}: ${event.error}, retry ${event.retry} in ${duration(event.delayMs)}`);
        terminal.detail(
          `${run.runId} ${at} ${event.type}${'index' in event ? ` ${event.index}` : ''}${'error' in event ? ` ${event.error}` : ''}`,
        );
      },
      onRows: (more) => {
        rows += more;
        draw();
      },
    });
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}

const waitingText = (run: RunRecord, question: string): string =>
  `${question}\nrun ${run.runId} waits: reprise diff ${run.runId}, then reprise approve ${run.runId} or reprise reject ${run.runId}`;
