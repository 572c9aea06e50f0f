// All of a lake in one list, for tests whose lakes are small.

import { rawDays } from '../engine/plan/raw-days.ts';
import type { ObjectInfo, ObjectStore } from '../ports/object-store.ts';

/** Every raw object of the pipeline, ascending by key. */
export async function listRaw(lake: ObjectStore, pipeline: string): Promise<ObjectInfo[]> {
  const listed: ObjectInfo[] = [];
  for await (const { objects } of rawDays(lake, pipeline)) listed.push(...objects);
  return listed;
}
