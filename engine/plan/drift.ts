// Whether what a plan pinned is still so. A plan that drifted is refused, with everything that changed.

import { RepriseError } from '../../ports/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import type { Plan } from './plan.ts';

/** Throws PlanDrifted that names each object, the transforms or the schema that are not as planned. */
export async function refuseDrift(plan: Plan, pipeline: CompiledPipeline, lake: ObjectStore): Promise<void> {
  const drifted: string[] = [];
  const { body } = plan;
  if (body.schemaDigest !== pipeline.schemaDigest)
    drifted.push(`the tables' columns changed (${short(body.schemaDigest)} → ${short(pipeline.schemaDigest)})`);
  if (body.transformDigest !== pipeline.transformDigest) {
    drifted.push(`the transforms changed (${short(body.transformDigest)} → ${short(pipeline.transformDigest)})`);
  }
  for (const object of body.objects) {
    const now = await lake.head(object.key);
    if (now === undefined) drifted.push(`${object.key} is gone`);
    else if (now.version !== object.version)
      drifted.push(`${object.key} changed (${object.bytes} → ${now.bytes} bytes)`);
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

const short = (digest: string): string => digest.slice(0, 8);
