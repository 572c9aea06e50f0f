// The declaration that `schema apply` brought to the tables last: a document of the control store whose hash the ledger has.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import type { Surface } from '../../engine/schema/surface.ts';
import { sha256Hex } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

export const appliedKey = (pipeline: string): string => `schemas/${pipeline}.json`;

export interface Applied {
  /** Undefined where nothing was applied, or what was cannot be relied on. */
  readonly surface: Surface | undefined;
  /** What is wrong with the document. */
  readonly fault: string | undefined;
}

export async function readApplied(control: ObjectStore, pipeline: string): Promise<Applied> {
  const content = await control.read(appliedKey(pipeline));
  const { entries } = await inspectLedger(control, pipeline);
  const last = entries.findLast((entry) => entry.kind === 'schema_applied');
  const hash = last?.kind === 'schema_applied' ? last.applied : undefined;
  const damaged = (how: string): Applied => ({
    surface: undefined,
    fault: `control/${appliedKey(pipeline)} ${how}`,
  });
  if (content === undefined)
    return hash === undefined ? { surface: undefined, fault: undefined } : damaged('is missing: a schema was applied');
  if (hash !== undefined && sha256Hex(content) !== hash) return damaged('is not what was applied last: it was changed');
  try {
    return { surface: JSON.parse(Buffer.from(content).toString('utf8')) as Surface, fault: undefined };
  } catch {
    return damaged(`is damaged: its ${content.length} bytes are not a whole JSON document`);
  }
}

/** Pipelines that have such a document, or should have one. */
export async function pipelinesWithApplied(control: ObjectStore): Promise<string[]> {
  const names = new Set(await pipelinesWithLedger(control));
  for await (const { key } of control.list('schemas/')) names.add(key.slice('schemas/'.length).replace(/\.json$/, ''));
  return [...names].sort();
}
