// Coverage of a pipeline as one value, whatever its documents are called: for tests that compare all there is.

import { Coverage, type CoverageView } from '../engine/reconcile/coverage.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { CoverageModel } from './engine/coverage-model.ts';

/** Undefined when there is none, or a part of it is damaged. */
export const wholeCoverage = (control: ObjectStore, pipeline: string): Promise<CoverageModel | undefined> =>
  new Coverage(control, pipeline).look(async (view) => view && wholeView(view));

export async function wholeView({ root, day }: CoverageView): Promise<CoverageModel> {
  const { wholeEpochs, wholeNeeded, lastToken, days } = root;
  const objects: [string, CoverageModel['objects'][string]][] = [];
  for (const date of Object.keys(days)) objects.push(...(await day(date)));
  return {
    wholeEpochs,
    wholeNeeded,
    objects: Object.fromEntries(objects),
    ...(lastToken === undefined ? {} : { lastToken }),
  };
}
