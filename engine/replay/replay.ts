// One slice, from raw objects to staged rows: decode → reject → upcast → transform → mask → keep the winner → Parquet.
// The verbs are the evaluator's and the slice writer's; this file composes them.

import { RepriseError } from '../../ports/errors.ts';
import { isVersion, type ObjectStore } from '../../ports/object-store.ts';
import type { RawReader, RawRow } from '../../ports/raw-reader.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { type Evaluation, Evaluator } from '../model/evaluate.ts';
import { LIMITS } from '../model/limits.ts';
import type { PinnedObject } from '../plan/plan.ts';
import type { Slice } from '../plan/slices.ts';

export interface ReplayDeps {
  readonly lake: ObjectStore;
  readonly reader: RawReader;
  readonly stager: Stager;
  readonly deliveryKey: Uint8Array;
}

export interface SliceOutcome {
  readonly files: readonly StagedFile[];
  readonly deliveries: number;
  readonly rejected: number;
  /** Objects that turned out to be unreadable, with a fixed-vocabulary detail. Nothing of them is staged. */
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * Stages one slice. `pinned` are the plan's objects by key; one that is not the pinned version any more is refused
 * (ObjectChanged, ObjectMissing), and a fault of the declaration stops it (TransformFault). An object that cannot be read to its end gives nothing at all: the slice is read
 * again without it. `onRows` hears of rows as they are read.
 */
export async function replaySlice(
  deps: ReplayDeps,
  pipeline: CompiledPipeline,
  slice: Slice,
  pinned: ReadonlyMap<string, PinnedObject>,
  onRows: (rows: number) => void,
): Promise<SliceOutcome> {
  const unreadable = new Map<string, string>();
  for (;;) {
    const writer = await deps.stager.openSlice(pipeline);
    const evaluator = new Evaluator(pipeline, deps.deliveryKey);
    let deliveries = 0;
    let rejected = 0;
    try {
      let broken: string | undefined;
      for (const part of slice.parts) {
        if (unreadable.has(part.key)) continue;
        await refuseChanged(deps.lake, pinned.get(part.key), part.key);
        const local = await deps.lake.fetch(part.key);
        try {
          for await (const batch of deps.reader.read(local.path, part.rows, LIMITS.bodyBytesMax)) {
            for (const raw of batch) {
              const evaluation = evaluated(evaluator, pipeline.name, part.key, raw);
              if (!evaluation.accepted) rejected++;
              writer.add(part.key, raw, evaluation);
            }
            deliveries += batch.length;
            onRows(batch.length);
            await writer.drain();
          }
          await refuseChanged(deps.lake, pinned.get(part.key), part.key);
        } catch (error) {
          if (!(error instanceof RepriseError) || error.code !== 'UnreadableObject') throw error;
          unreadable.set(part.key, error.message);
          broken = part.key;
        } finally {
          await local.release();
        }
        if (broken !== undefined) break;
      }
      if (broken !== undefined) {
        await writer.discard();
        continue;
      }
      const files = await writer.finish();
      return { files, deliveries, rejected, unreadable: [...unreadable].map(([key, detail]) => ({ key, detail })) };
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }
}

/** A fault of the declaration is named with the delivery that shows it. */
function evaluated(evaluator: Evaluator, pipeline: string, key: string, raw: RawRow): Evaluation {
  try {
    return evaluator.evaluate(raw);
  } catch (error) {
    if (!(error instanceof RepriseError) || error.code !== 'TransformFault') throw error;
    const place = `'${`${key}#${raw.row}`.replaceAll("'", "'\\''")}'`;
    throw new RepriseError(
      'TransformFault',
      `${error.message}; the delivery that shows it: reprise quarantine show ${pipeline} ${place}`,
      error.fix,
    );
  }
}

async function refuseChanged(lake: ObjectStore, pinned: PinnedObject | undefined, key: string): Promise<void> {
  const now = await lake.head(key);
  if (now === undefined) {
    throw new RepriseError(
      'ObjectMissing',
      `raw object ${key} vanished after it was planned`,
      'plan again; rows that came from it stay',
    );
  }
  if (pinned === undefined || !isVersion(now, pinned.version)) {
    throw new RepriseError(
      'ObjectChanged',
      `raw object ${key} changed after it was planned (${pinned?.bytes ?? 0} → ${now.bytes} bytes)`,
      'plan again',
    );
  }
}
