// Reads a plan back: whatever was changed in its body since it was made shows, because its id is the hash of it.

import { RepriseError } from '../../model/errors.ts';
import { type Plan, planIdOf } from './plan.ts';

/** Throws NotAsRecorded for a document that is not the plan of that id. */
export function checkedPlan(id: string, text: string): Plan {
  const plan = parsed(text);
  if (plan === undefined) throw changed(id, 'cannot be read as a plan', undefined);
  if (plan.id !== id) throw changed(id, `says that it is plan ${String(plan.id).slice(0, 12)}`, plan);
  const found = planIdOf(plan.body);
  if (found !== id)
    throw changed(id, `has a body whose hash is ${found.slice(0, 12)}: it was changed after it was made`, plan);
  return plan;
}

function parsed(text: string): Plan | undefined {
  try {
    const value = JSON.parse(text) as Partial<Plan> | null;
    return typeof value?.body === 'object' && value.body !== null ? (value as Plan) : undefined;
  } catch {
    return undefined;
  }
}

function changed(id: string, what: string, plan: Plan | undefined): RepriseError {
  const { pipeline, window } = (plan?.body ?? {}) as Partial<Plan['body']>;
  const isNamed = [pipeline, window?.from, window?.to].every((text) => /^[\w-]+$/.test(String(text ?? '')));
  const again = isNamed
    ? `reprise plan ${pipeline} --from ${window?.from} --to ${window?.to}`
    : 'reprise plan <pipeline> --from … --to …';
  return new RepriseError(
    'NotAsRecorded',
    `plan ${id.slice(0, 12)} ${what}`,
    `plan again (${again}), or restore control/plans/${id}.json from a backup`,
  );
}
