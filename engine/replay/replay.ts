// One slice, from raw objects to staged rows: decode → reject → upcast → transform → mask → keep the winner → Parquet.
// The verbs are the evaluator's and the slice writer's; this file composes them.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { type Evaluation, Evaluator } from '../../model/evaluate.ts';
import { sealKey } from '../../model/keyed.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { isVersion, type ObjectStore } from '../../ports/object-store.ts';
import type { RawReader } from '../../ports/raw-reader.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import { countsFor, decodedEvents } from '../plan/events-outside.ts';
import type { SlicePart } from '../plan/plan-document.ts';
import { readRaw } from '../plan/read-raw.ts';
import { objectAt } from '../plan/shards.ts';
import type { SliceWork } from './slice-lines.ts';

export interface ReplayDeps {
  readonly control: ObjectStore;
  readonly lake: ObjectStore;
  readonly reader: RawReader;
  readonly stager: Stager;
  readonly deliveryKey: Uint8Array;
}

export interface SliceOutcome {
  readonly files: readonly StagedFile[];
  readonly deliveries: number;
  readonly rejected: number;
  /** Deliveries that count for other dates than those of the plan. */
  readonly dropped: number;
  /** Objects that turned out to be unreadable, with a fixed-vocabulary detail. Nothing of them is staged. */
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
}

/**
 * Stages one slice. An object that is not in the pinned version any more is refused
 * (ObjectChanged, ObjectMissing), and a fault of the declaration stops it (TransformFault). An object that cannot be
 * read to its end gives nothing at all: when it gave rows before, the slice is read again without it. `onRows` hears
 * of rows as they are read.
 */
export async function replaySlice(
  deps: ReplayDeps,
  pipeline: CompiledPipeline,
  slice: SliceWork,
  onRows: (rows: number) => void,
): Promise<SliceOutcome> {
  const unreadable = new Map<string, string>();
  const filters = await filtersOf(deps, pipeline, slice);
  for (;;) {
    const writer = await deps.stager.openSlice(pipeline);
    const evaluator = new Evaluator(pipeline, deps.deliveryKey);
    let deliveries = 0;
    let rejected = 0;
    let dropped = 0;
    try {
      const parts = slice.parts.filter(({ key }) => !unreadable.has(key));
      const check = (part: SlicePart): Promise<void> => refuseChanged(deps.lake, part);
      let begun: string | undefined;
      let isBroken = false;
      for await (const found of readRaw(deps, parts, check)) {
        const { key } = found.part;
        if (found.kind === 'unreadable') {
          unreadable.set(key, found.detail);
          // What it gave before cannot be taken out of the writer again.
          isBroken = begun === key;
          if (isBroken) break;
        }
        begun = key;
        if (found.kind !== 'rows') continue;
        const counts = filters.get(key);
        for (const raw of found.rows) {
          if (counts?.(raw) === false) {
            dropped++;
            continue;
          }
          const evaluation = evaluated(evaluator, pipeline.name, key, raw);
          if (!evaluation.accepted) rejected++;
          writer.add(key, raw, evaluation);
        }
        deliveries += found.rows.length;
        onRows(found.rows.length);
        await writer.drain();
      }
      if (isBroken) {
        await writer.discard();
        continue;
      }
      const files = await writer.finish();
      return {
        files,
        deliveries,
        rejected,
        dropped,
        unreadable: [...unreadable].map(([key, detail]) => ({ key, detail })),
      };
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }
}

/** Of each object with deliveries outside of the window what says which of its deliveries count. */
async function filtersOf(
  { control, deliveryKey }: ReplayDeps,
  pipeline: CompiledPipeline,
  { window, objects, parts }: SliceWork,
): Promise<ReadonlyMap<string, (raw: RawRow) => boolean>> {
  const secret = sealKey(deliveryKey);
  const filters = new Map<string, (raw: RawRow) => boolean>();
  for (const { key, line } of parts) {
    if (line === undefined || filters.has(key)) continue;
    const { eventsOutside = '' } = await objectAt(control, objects, line);
    filters.set(key, countsFor(pipeline, window, decodedEvents(eventsOutside), secret));
  }
  return filters;
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

async function refuseChanged(lake: ObjectStore, { key, bytes, version }: SlicePart): Promise<void> {
  const now = await lake.head(key);
  if (now === undefined) {
    throw new RepriseError(
      'ObjectMissing',
      `raw object ${key} vanished after it was planned`,
      'plan again; rows that came from it stay',
    );
  }
  if (!isVersion(now, version)) {
    throw new RepriseError(
      'ObjectChanged',
      `raw object ${key} changed after it was planned (${bytes} → ${now.bytes} bytes)`,
      'plan again',
    );
  }
}
