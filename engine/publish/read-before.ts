// Which of a plan's raw objects had been read already, at which dates and in which epoch: a row that such an object gives
// at such a date cannot have come late. Says nothing when raw that was read has changed or is gone since, because what
// lost then may win now; nor of partial plans, which do not see all copies.

import type { ObjectStore } from '../../ports/object-store.ts';
import type { ReadBefore } from '../../ports/warehouse.ts';
import type { Plan } from '../plan/plan.ts';
import { rawPrefix } from '../plan/raw-keys.ts';
import { inWindow } from '../plan/window.ts';
import { Coverage } from '../reconcile/coverage.ts';

export interface ReadBeforeDeps {
  readonly control: ObjectStore;
  readonly lake: ObjectStore;
}

export async function readBefore(deps: ReadBeforeDeps, plan: Plan): Promise<readonly ReadBefore[]> {
  const { body } = plan;
  const covered = body.partial ? undefined : await new Coverage(deps.control, body.pipeline).read();
  if (covered === undefined) return [];
  const versions = new Map<string, string>();
  for await (const { key, version } of deps.lake.list(rawPrefix(body.pipeline))) versions.set(key, version);
  const isAsRead = Object.entries(covered.objects).every(
    ([key, { version, unreadable }]) => unreadable === undefined && versions.get(key) === version,
  );
  if (!isAsRead) return [];
  return body.objects.flatMap(({ key }) =>
    Object.entries(covered.objects[key]?.published ?? {})
      .filter(([date, epoch]) => epoch > 0 && inWindow(date, body.window))
      .map(([date, epoch]) => ({ rawObject: key, date, epoch })),
  );
}
