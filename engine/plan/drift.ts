// Whether what a plan pinned is still so. A plan that drifted is refused, with everything that changed.

import type { CompiledPipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import { isVersion, type ObjectInfo, type ObjectStore } from '../../ports/object-store.ts';
import type { PinnedObject, Plan } from './plan-document.ts';
import { rawDays } from './raw-days.ts';
import { arrivalDate } from './raw-keys.ts';
import { objectsOf } from './shards.ts';

/**
 * Throws PlanDrifted when the pipeline that is loaded is not the one that the run was staged with. Nothing of the run is
 * touched: whoever has the right pipeline can go on with it.
 */
export function refuseOtherPipeline(plan: Plan, pipeline: CompiledPipeline, runId: string, command: string): void {
  const { body } = plan;
  const differs = pipelineDrift(plan, pipeline);
  if (differs.length === 0) return;
  throw new RepriseError(
    'PlanDrifted',
    `run ${runId} was staged with another pipeline ${body.pipeline} than the one loaded here: ${differs.join('; ')}. The run and its stage are left as they are`,
    `go on from the code it was staged with: reprise ${command} ${runId} --pipelines FOLDER; or plan again with this one: reprise plan ${body.pipeline} --from ${body.window.from} --to ${body.window.to}`,
  );
}

function pipelineDrift({ body }: Plan, pipeline: CompiledPipeline): string[] {
  const drifted: string[] = [];
  if (body.schemaDigest !== pipeline.schemaDigest)
    drifted.push(`the tables' columns changed (${short(body.schemaDigest)} → ${short(pipeline.schemaDigest)})`);
  if (body.transformDigest !== pipeline.transformDigest)
    drifted.push(`the transforms changed (${short(body.transformDigest)} → ${short(pipeline.transformDigest)})`);
  return drifted;
}

/** Throws PlanDrifted that names each object, the transforms or the schema that are not as planned. */
export async function refuseDrift(
  { control, lake }: { readonly control: ObjectStore; readonly lake: ObjectStore },
  plan: Plan,
  pipeline: CompiledPipeline,
): Promise<void> {
  const { body } = plan;
  const drifted = pipelineDrift(plan, pipeline);
  for await (const { planned, now } of plannedAndListed({ control, lake }, plan)) {
    if (now === undefined) drifted.push(`${planned.key} is gone`);
    else if (!isVersion(now, planned.version))
      drifted.push(`${planned.key} changed (${planned.bytes} → ${now.bytes} bytes)`);
  }
  if (drifted.length === 0) return;
  const shown = drifted.slice(0, 20).map((what) => `  ${what}`);
  if (drifted.length > shown.length) shown.push(`  and ${drifted.length - shown.length} more`);
  throw new RepriseError(
    'PlanDrifted',
    `plan ${plan.id.slice(0, 12)} no longer holds, ${drifted.length} thing(s) changed since ${plan.createdAt}:\n${shown.join('\n')}`,
    `plan again: reprise plan ${body.pipeline} --from ${body.window.from} --to ${body.window.to}`,
  );
}

/** Each object of the plan beside what is listed under its key now, by listing the dates on which they arrived. */
export async function* plannedAndListed(
  { control, lake }: { readonly control: ObjectStore; readonly lake: ObjectStore },
  plan: Plan,
): AsyncGenerator<{ readonly planned: PinnedObject; readonly now: ObjectInfo | undefined }, void, undefined> {
  let date: string | undefined;
  let listed = new Map<string, ObjectInfo>();
  for await (const planned of objectsOf(control, plan)) {
    if (arrivalDate(planned.key) !== date) {
      date = arrivalDate(planned.key);
      listed = new Map();
      for await (const { objects } of rawDays(lake, plan.body.pipeline, { dates: [date] }))
        for (const object of objects) listed.set(object.key, object);
    }
    yield { planned, now: listed.get(planned.key) };
  }
}

const short = (digest: string): string => digest.slice(0, 8);
