// What people decide on a change that waits for a yes. The decision is a document of the run, which a process that waits
// at the Approve state looks for, and an entry of the ledger with name and reason.

import { isoTime } from '../../ports/clock.ts';
import { RepriseError } from '../../ports/errors.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import { ACKNOWLEDGED, type Acknowledged } from '../publish/gate.ts';
import { Ledger, type LedgerDeps } from './ledger.ts';
import type { RunRecord, Runs } from './runs.ts';

export interface Decision {
  readonly decision: 'approved' | 'rejected';
  readonly attempt: number;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
}

/** What a process writes that waits at the Approve state. */
export interface Waiting {
  readonly attempt: number;
  readonly since: string;
  readonly question: string;
}

const DECISION = 'decision';
const WAITING = 'waiting';

export interface DecisionDeps extends LedgerDeps {
  readonly runs: Runs;
}

/** What a run waits for a decision on; undefined when it does not. */
export type WaitsFor = 'approval' | 'publish' | 'explanation' | 'approval after all';

export function waitsFor(run: RunRecord, waiting: Waiting | undefined): WaitsFor | undefined {
  if (run.failure?.error === 'Unexplained') return 'explanation';
  switch (run.state) {
    case 'awaiting_approval':
      return 'approval';
    case 'staged':
      return 'publish';
    case 'refused':
      return run.failure?.error === 'Rejected' ? 'approval after all' : undefined;
    case 'running':
      return waiting === undefined ? undefined : 'approval';
    default:
      return undefined;
  }
}

/**
 * Writes the decision down. Approving rows that no cause explains takes the responsibility for the very rows that the
 * preview showed, and needs a reason. Throws Usage for a run that waits for nothing.
 */
export async function decideOn(
  deps: DecisionDeps,
  run: RunRecord,
  decision: Decision['decision'],
  reason: string,
): Promise<Decision> {
  const { runs } = deps;
  const waits = waitsFor(run, await waitingOf(runs, run));
  if (waits === undefined) {
    throw new RepriseError(
      'Usage',
      `run ${run.runId} (${run.state}) does not wait for a decision`,
      `see how it is: reprise status ${run.runId}`,
    );
  }
  if (decision === 'approved' && waits === 'explanation' && reason.trim() === '') {
    throw new RepriseError(
      'Usage',
      `run ${run.runId} would change rows for no known cause: publishing them needs a reason`,
      `say why: reprise approve ${run.runId} --reason …`,
    );
  }
  const decided: Decision = { decision, attempt: run.attempt, by: deps.author.by, at: isoTime(deps.clock), reason };
  await new Ledger(deps, run.pipeline).append({ kind: decision, runId: run.runId, reason });
  if (decision === 'approved' && waits === 'explanation') await acknowledge(runs, run, decided);
  await runs.saveDocument(run.runId, DECISION, decided);
  return decided;
}

async function acknowledge(runs: Runs, run: RunRecord, { by, at, reason }: Decision): Promise<void> {
  const preview = await runs.document<{ outcomes: readonly GroupOutcome[] }>(run.runId, 'preview');
  const rows = (preview?.outcomes ?? []).flatMap((outcome) => outcome.unexplained ?? []);
  await runs.saveDocument(run.runId, ACKNOWLEDGED, { by, at, reason, rows } satisfies Acknowledged);
}

/** The newest decision on the run, of whichever attempt. */
export const decisionOf = (runs: Runs, runId: string): Promise<Decision | undefined> =>
  runs.document<Decision>(runId, DECISION);

export const saveWaiting = (runs: Runs, runId: string, waiting: Waiting): Promise<void> =>
  runs.saveDocument(runId, WAITING, waiting);

/** Undefined when no process of this attempt waits at the Approve state, or when it has its answer. */
export async function waitingOf(runs: Runs, run: RunRecord): Promise<Waiting | undefined> {
  const waiting = await runs.document<Waiting>(run.runId, WAITING);
  if (run.state !== 'running' || waiting?.attempt !== run.attempt) return undefined;
  return (await decisionOf(runs, run.runId))?.attempt === run.attempt ? undefined : waiting;
}

/** As a cause: who rejected it and why. */
export const rejection = ({ by, at, reason }: Decision): string =>
  `${by} rejected it at ${at}${reason === '' ? '' : `: ${reason}`}`;

/** Throws Rejected for a run that was rejected and not approved since. */
export async function refuseRejected(runs: Runs, runId: string): Promise<void> {
  const decided = await decisionOf(runs, runId);
  if (decided?.decision !== 'rejected') return;
  throw new RepriseError('Rejected', rejection(decided), `approve it after all: reprise approve ${runId} --reason …`);
}
