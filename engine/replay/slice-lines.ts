// The input of the tasks of slices: one line of JSON a slice, with all that its task needs, so that no task reads the plan.
// Lines are derived: a task that is given one which is not as it was written reads its slice from the plan again.

import { createHmac } from 'node:crypto';
import { hashJson } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { encodedLines } from '../ledger/lines.ts';
import type { Plan, Slice, SlicePart } from '../plan/plan-document.ts';
import { slicesBackwards, slicesOf } from '../plan/shards.ts';
import type { Window } from '../plan/window.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';

/** What one slice reads, and what counts of it. */
export interface SliceWork {
  readonly window: Window;
  /** Digest of the plan's objects, of which parts name lines. */
  readonly objects: string;
  readonly parts: readonly SlicePart[];
}

export interface SliceLine extends SliceWork {
  readonly slice: number;
  /** Made with the key of the home, for the run and the slice. */
  readonly seal: string;
}

export const workOf = ({ body }: Plan, parts: readonly SlicePart[]): SliceWork => ({
  window: body.window,
  objects: body.objects.sha256,
  parts,
});

export interface LineDeps {
  readonly control: ObjectStore;
  readonly stage: ObjectStore;
  readonly deliveryKey: Uint8Array;
}

/** Writes the lines of the slices that are left, in the order in which they are to be read. Gives their key. Safe to repeat. */
export async function writeSliceLines(
  { control, stage, deliveryKey }: LineDeps,
  plan: Plan,
  runId: string,
  { left, newestFirst }: { readonly left: ReadonlySet<number>; readonly newestFirst: boolean },
): Promise<string> {
  const lines = async function* (): AsyncGenerator<SliceLine, void, undefined> {
    for await (const { slice, parts } of (newestFirst ? slicesBackwards : slicesOf)(control, plan))
      if (left.has(slice)) {
        const work = workOf(plan, parts);
        yield { slice, ...work, seal: sealOf(deliveryKey, runId, slice, work) };
      }
  };
  return (await stage.writeNamed(encodedLines(lines()), () => `${runId}/slices.jsonl`)).key;
}

/** What the slice of a line reads; of a line that is not as it was written, by the plan. Throws NotAsRecorded. */
export async function workOfLine(
  { control, runs, deliveryKey }: Omit<LineDeps, 'stage'> & { readonly runs: Runs },
  { runId, planId }: Pick<RunRecord, 'runId' | 'planId'>,
  { slice, window, objects, parts, seal }: SliceLine,
): Promise<SliceWork> {
  const work = { window, objects, parts };
  if (Array.isArray(parts) && seal === sealOf(deliveryKey, runId, slice, work)) return work;
  return sliceOf(control, await runs.plan(planId), slice);
}

/** What a slice of the plan reads. Reads the plan's slices to their end. Throws NotAsRecorded. */
export async function sliceOf(control: ObjectStore, plan: Plan, number: number): Promise<SliceWork> {
  let found: Slice | undefined;
  for await (const slice of slicesOf(control, plan)) if (slice.slice === number) found = slice;
  if (found === undefined)
    throw new RangeError(`plan ${plan.id} has ${plan.body.slices.count} slices, no number ${number}`);
  return workOf(plan, found.parts);
}

const sealOf = (key: Uint8Array, runId: string, slice: number, work: SliceWork): string =>
  hashJson(createHmac('sha256', key).update(`slice\n${runId}\n${slice}\n`), work);
