// Reads a plan's root back: whatever was changed in it since it was made shows, because its id is the hash of it. A plan of an
// earlier release had all its objects and slices in one document; it is read as one whose shards are in memory.

import { RepriseError } from '../../model/errors.ts';
import type { RowRange } from '../../ports/raw-reader.ts';
import { type PinnedObject, type Plan, type PlanBody, planIdOf } from './plan-document.ts';

/** Throws NotAsRecorded for a document that is not the plan of that id. */
export function checkedPlan(id: string, text: string): Plan {
  const plan = parsed(text);
  if (plan === undefined) throw changed(id, 'cannot be read as a plan', undefined);
  if (plan.id !== id) throw changed(id, `says that it is plan ${String(plan.id).slice(0, 12)}`, plan);
  const found = planIdOf(plan.body);
  if (found !== id)
    throw changed(id, `has a body whose hash is ${found.slice(0, 12)}: it was changed after it was made`, plan);
  if (isFormer(plan.body)) return upToDate(plan, plan.body);
  // Nothing beside the body is covered by the hash, so that nothing else decides anything.
  const { body, reason, createdAt } = plan;
  return { id, body, reason, createdAt };
}

/** The body of a plan of format 1, where it differs. */
interface FormerBody extends Omit<PlanBody, 'format' | 'objects' | 'slices' | 'goneObjects'> {
  readonly format: 1;
  readonly objects: readonly Omit<PinnedObject, 'rowGroups'>[];
  readonly goneObjects?: readonly string[];
  readonly slices: readonly {
    readonly number: number;
    readonly bytes: number;
    readonly parts: readonly { readonly key: string; readonly rows?: RowRange }[];
  }[];
}

const isFormer = (body: object): body is FormerBody => (body as { format?: number }).format === 1;

/** The plan as today's release has it. Its id stays the hash of the body that it was made with. */
function upToDate(plan: Plan, body: FormerBody): Plan {
  const pinned = new Map(body.objects.map((object) => [object.key, object]));
  const objects = body.objects.map((object) => ({ ...object, rowGroups: [] }));
  const slices = body.slices.map(({ number, bytes, parts }) => ({
    slice: number,
    bytes,
    parts: parts.map((part) => ({
      ...part,
      bytes: pinned.get(part.key)?.bytes ?? 0,
      version: pinned.get(part.key)?.version ?? '',
    })),
  }));
  const sum = (of: (object: PinnedObject) => number): number => objects.reduce((total, one) => total + of(one), 0);
  const { goneObjects, ...rest } = body;
  return {
    ...plan,
    body: {
      ...rest,
      format: 2,
      objects: {
        count: objects.length,
        sha256: '',
        unreadable: sum(({ unreadable }) => (unreadable === undefined ? 0 : 1)),
        bytes: sum(({ bytes }) => bytes),
        rows: sum(({ rows }) => rows),
      },
      slices: { count: slices.length, sha256: '' },
      ...(goneObjects === undefined ? {} : { goneObjects: { count: goneObjects.length, sha256: '' } }),
    },
    former: { objects, slices, goneObjects: goneObjects ?? [] },
  };
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
