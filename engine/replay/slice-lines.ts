// What the tasks of slices are told: one line of JSON a slice, with all that its task needs, so that no task reads the plan.
// Lines are derived: a task that is given one which is not as it was written reads its slice from the plan again.

import { createHmac } from 'node:crypto';
import { hashJson } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { encodedLines } from '../ledger/lines.ts';
import type { Plan, Slice, SlicePart } from '../plan/plan-document.ts';
import { slicesBackwards, slicesOf } from '../plan/shards.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';

export interface SliceLine {
  readonly slice: number;
  readonly parts: readonly SlicePart[];
  /** Made with the key of the home, for the run and the slice. */
  readonly seal: string;
}

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
      if (left.has(slice)) yield { slice, parts, seal: sealOf(deliveryKey, runId, slice, parts) };
  };
  return (await stage.writeNamed(encodedLines(lines()), () => `${runId}/slices.jsonl`)).key;
}

/** What the slice of a line reads; of a line that is not as it was written, by the plan. Throws NotAsRecorded. */
export async function partsOf(
  { control, runs, deliveryKey }: Omit<LineDeps, 'stage'> & { readonly runs: Runs },
  { runId, planId }: Pick<RunRecord, 'runId' | 'planId'>,
  { slice, parts, seal }: SliceLine,
): Promise<readonly SlicePart[]> {
  if (Array.isArray(parts) && seal === sealOf(deliveryKey, runId, slice, parts)) return parts;
  return sliceOf(control, await runs.plan(planId), slice);
}

/** What a slice of the plan reads. Reads the plan's slices to their end. Throws NotAsRecorded. */
export async function sliceOf(control: ObjectStore, plan: Plan, number: number): Promise<readonly SlicePart[]> {
  let found: Slice | undefined;
  for await (const slice of slicesOf(control, plan)) if (slice.slice === number) found = slice;
  if (found === undefined)
    throw new RangeError(`plan ${plan.id} has ${plan.body.slices.count} slices, no number ${number}`);
  return found.parts;
}

const sealOf = (key: Uint8Array, runId: string, slice: number, parts: readonly SlicePart[]): string =>
  hashJson(createHmac('sha256', key).update(`slice parts\n${runId}\n${slice}\n`), parts);
