// What one slice reads, with what the plan pinned of it, in a document of its own for each slice: a plan names every raw
// object, and what every task reads must not grow with their number. The documents are derived: one that is not there,
// or not as it was written, is made from the plan again.

import { createHmac } from 'node:crypto';
import { hashJson } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { derivableDocument } from '../ledger/document.ts';
import type { Plan } from '../plan/plan.ts';
import type { SlicePart } from '../plan/slices.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';

/** A part of a slice, and the version of its object that was planned. */
export interface PinnedPart extends SlicePart {
  readonly bytes: number;
  readonly version: string;
}

export interface PartsDeps {
  readonly runs: Runs;
  readonly stage: ObjectStore;
  readonly deliveryKey: Uint8Array;
}

interface PartsDocument {
  readonly parts: readonly PinnedPart[];
  /** Made with the key of the home, for the run and the slice. */
  readonly seal: string;
}

/** Of each of the plan's slices, in their order, what it reads. */
export function* pinnedSlices({ id, body }: Plan): Generator<readonly PinnedPart[], void, undefined> {
  const pinned = new Map(body.objects.map((object) => [object.key, object]));
  for (const slice of body.slices) {
    yield slice.parts.map((part) => {
      const object = pinned.get(part.key);
      if (object === undefined)
        throw new RangeError(`plan ${id} does not pin ${part.key}, which slice ${slice.number} reads`);
      return { ...part, bytes: object.bytes, version: object.version };
    });
  }
}

/** Writes the documents of the slices. Safe to repeat. */
export async function writeParts(
  { stage, deliveryKey }: PartsDeps,
  plan: Plan,
  runId: string,
  slices: readonly number[],
): Promise<void> {
  const wanted = new Set(slices);
  let number = -1;
  for (const parts of pinnedSlices(plan)) {
    if (!wanted.has(++number)) continue;
    const document: PartsDocument = { parts, seal: sealOf(deliveryKey, runId, number, parts) };
    await stage.write(keyOf(runId, number), Buffer.from(JSON.stringify(document)), { if: 'always' });
  }
}

/** What the slice reads: from its document, without one from the plan. */
export async function partsOf(
  { runs, stage, deliveryKey }: PartsDeps,
  { runId, planId }: Pick<RunRecord, 'runId' | 'planId'>,
  number: number,
): Promise<readonly PinnedPart[]> {
  const key = keyOf(runId, number);
  const content = await stage.read(key);
  const document = content && derivableDocument<Partial<PartsDocument>>(key, content);
  if (document?.parts !== undefined && document.seal === sealOf(deliveryKey, runId, number, document.parts))
    return document.parts;
  const plan = await runs.plan(planId);
  let place = 0;
  for (const parts of pinnedSlices(plan)) if (place++ === number) return parts;
  throw new RangeError(`plan ${plan.id} has ${plan.body.slices.length} slices, no number ${number}`);
}

const keyOf = (runId: string, slice: number): string => `${runId}/parts/${String(slice).padStart(6, '0')}.json`;

const sealOf = (key: Uint8Array, runId: string, slice: number, parts: readonly PinnedPart[]): string =>
  hashJson(createHmac('sha256', key).update(`slice parts\n${runId}\n${slice}\n`), parts);
