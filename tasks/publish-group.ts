// Task PublishGroup: one date group, one transaction.
import { publishGroup } from '../engine/publish/publish.ts';
import { numberOf, publishing, runOf, type Task } from './context.ts';

export const publishGroupTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload, { toItsEnd: true });
  const deps = { ...context, runs, folder: context.changesFolder(run.runId) };
  const outcome = await publishing(runs, run, () =>
    context.withWarehouse((warehouse) =>
      publishGroup({ ...deps, warehouse }, pipeline, plan, run, numberOf(payload, 'group')),
    ),
  );
  return { group: outcome.group };
};
