// Task PublishGroup: one date group, one transaction.
import { publishGroup } from '../engine/publish/publish.ts';
import { numberOf, runOf, type Task } from './context.ts';

export const publishGroupTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload);
  const deps = { ...context, runs, folder: context.changesFolder(run.runId) };
  const outcome = await context.withWarehouse((warehouse) =>
    publishGroup({ ...deps, warehouse }, pipeline, plan, run, numberOf(payload, 'group')),
  );
  return { group: outcome.group };
};
