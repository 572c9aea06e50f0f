// What people ask of a run while it works: to stop for good, or for a while. Whoever executes it looks at the start of
// every task, so that the answer is the same in one process and in many.

import { RepriseError } from '../../model/errors.ts';
import type { Runs } from './runs.ts';

export interface Asked {
  readonly ask: 'cancel' | 'pause';
  readonly attempt: number;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
}

const DOCUMENT = 'asked';

export async function askRun(runs: Runs, runId: string, asked: Asked): Promise<void> {
  await runs.saveDocument(runId, DOCUMENT, asked);
}

/** What is asked of this attempt; what was asked of an earlier one is over. */
export async function askedOf(runs: Runs, runId: string): Promise<Asked | undefined> {
  const asked = await runs.document<Asked>(runId, DOCUMENT);
  if (asked === undefined) return undefined;
  return asked.attempt >= (await runs.run(runId)).attempt ? asked : undefined;
}

/** Throws Cancelled or Paused when the run was asked to stop. */
export async function refuseIfAsked(runs: Runs, runId: string): Promise<void> {
  const asked = await askedOf(runs, runId);
  if (asked === undefined) return;
  throw new RepriseError(
    asked.ask === 'cancel' ? 'Cancelled' : 'Paused',
    asking(asked),
    `to go on from what is done: reprise resume ${runId}`,
  );
}

/** As a cause: who asked for it and why. */
export const asking = ({ ask, by, at, reason }: Asked): string =>
  `${by} asked at ${at} to ${ask} it${reason === '' ? '' : `: ${reason}`}`;
