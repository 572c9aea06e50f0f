// What people decide on a change that waits for approval: an entry of the ledger with name and reason, which a process that
// waits at the Approve state looks for.

import { RepriseError } from '../../model/errors.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import { readEntries } from '../ledger/inspect.ts';
import { Ledger, type LedgerDeps } from '../ledger/ledger.ts';
import { ACKNOWLEDGED, type Acknowledged } from '../publish/gate.ts';
import { refuseOwnApproval } from './four-eyes.ts';
import { checkedDocument, checkedRun, type Decision, documentDigest, type Recorded, recordedOf } from './recorded.ts';
import type { RunRecord } from './run-record.ts';
import type { Runs } from './runs.ts';

/** What a process writes that waits at the Approve state. */
export interface Waiting {
  readonly attempt: number;
  readonly since: string;
  readonly question: string;
}

const WAITING = 'waiting';

export interface DecisionDeps extends LedgerDeps {
  readonly runs: Runs;
}

/** What a run waits for a decision on; undefined when it does not. */
export type WaitsFor = 'approval' | 'publish' | 'explanation' | 'approval after all';

function waitsFor(run: RunRecord, waiting: Waiting | undefined): WaitsFor | undefined {
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
 * preview showed, and needs a reason. Throws Usage for a run that waits for nothing, FourEyes.
 */
export async function decideOn(
  deps: DecisionDeps,
  found: RunRecord,
  decision: Decision['decision'],
  reason: string,
): Promise<Decision> {
  const { run, recorded } = await checkedRun(deps, found.runId);
  const waits = waitsFor(run, await waitingOf(deps, run));
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
  if (decision === 'approved') refuseOwnApproval(run.runId, recorded, deps.author.by);
  const { runId, attempt } = run;
  const documents =
    decision === 'approved' && waits === 'explanation' ? await acknowledge(deps, run, recorded, reason) : undefined;
  const event = { kind: decision, runId, attempt, reason, ...(documents === undefined ? {} : { documents }) } as const;
  const { by, at } = await new Ledger(deps, run.pipeline).append(event);
  return { decision, attempt, by, at, reason };
}

/** Keeps the rows that were shown; the ledger names them by the digest of the document. */
async function acknowledge(
  { runs, author }: DecisionDeps,
  { runId }: RunRecord,
  recorded: Recorded,
  reason: string,
): Promise<{ readonly [ACKNOWLEDGED]: string }> {
  const preview = await checkedDocument<{ outcomes: readonly GroupOutcome[] }>(runs, runId, 'preview', recorded);
  const rows = (preview?.outcomes ?? []).flatMap((outcome) => outcome.unexplained ?? []);
  const acknowledged: Acknowledged = { by: author.by, reason, rows };
  await runs.saveDocument(runId, ACKNOWLEDGED, acknowledged);
  return { [ACKNOWLEDGED]: documentDigest(acknowledged) };
}

/** The newest decision on the run, of whichever attempt. Throws LedgerBroken. */
export async function decisionOf(
  { control }: Pick<DecisionDeps, 'control'>,
  { runId, pipeline }: Pick<RunRecord, 'runId' | 'pipeline'>,
): Promise<Decision | undefined> {
  return recordedOf(await readEntries(control, pipeline), runId).decision;
}

export const saveWaiting = (runs: Runs, runId: string, waiting: Waiting): Promise<void> =>
  runs.saveDocument(runId, WAITING, waiting);

/** Undefined when no process of this attempt waits at the Approve state, or when it has its answer. */
export async function waitingOf(
  deps: Pick<DecisionDeps, 'control' | 'runs'>,
  run: RunRecord,
): Promise<Waiting | undefined> {
  const waiting = await deps.runs.document<Waiting>(run.runId, WAITING);
  if (run.state !== 'running' || waiting?.attempt !== run.attempt) return undefined;
  return (await decisionOf(deps, run))?.attempt === run.attempt ? undefined : waiting;
}

/** As a cause: who rejected it and why. */
export const rejection = ({ by, at, reason }: Decision): string =>
  `${by} rejected it at ${at}${reason === '' ? '' : `: ${reason}`}`;

/** Throws Rejected for a run that was rejected and not approved since. */
export async function refuseRejected(deps: Pick<DecisionDeps, 'control'>, run: RunRecord): Promise<void> {
  const decided = await decisionOf(deps, run);
  if (decided?.decision !== 'rejected') return;
  const fix = `approve it after all: reprise approve ${run.runId} --reason …`;
  throw new RepriseError('Rejected', rejection(decided), fix);
}
