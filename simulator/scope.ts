// A scope as decisions over rows in memory want it: what is known of raw objects as sets.

import type { PublishScope, ScopeObject } from '../ports/warehouse.ts';

export interface SimScope extends PublishScope {
  readonly judgedObjects: ReadonlySet<string>;
  readonly goneObjects: ReadonlySet<string>;
}

export async function readScope(scope: PublishScope): Promise<SimScope> {
  const judgedObjects = new Set<string>();
  const goneObjects = new Set<string>();
  for await (const { rawObject, judged, gone } of scope.objects()) {
    if (judged === true) judgedObjects.add(rawObject);
    if (gone === true) goneObjects.add(rawObject);
  }
  return { ...scope, judgedObjects, goneObjects };
}

/** Objects of a scope that are there already. */
export const scopeObjects = (objects: readonly ScopeObject[]): PublishScope['objects'] =>
  async function* () {
    yield* objects;
  };
