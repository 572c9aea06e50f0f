// Keeps what a pipeline declares whenever a plan is made with it, so that an auditor can see later what the transforms of a run
// were. Content-addressed: the ledger names it by its hash.

import { dirname, relative } from 'node:path';
import { readModules } from '../../lib/typescript/modules.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

export interface KeptDeclaration {
  readonly pipeline: string;
  readonly transformDigest: string;
  readonly schemaDigest: string;
  readonly timeRulesDigest: string;
  /** The code of the declaration by path, from the folder that holds the pipelines. */
  readonly files: Readonly<Record<string, string>>;
}

export const declarationKey = (digest: string): string => `declarations/${digest}.json`;

/** Gives the hash. What is kept under it and is something else was changed since, and is written again. */
export async function keepDeclaration(control: ObjectStore, pipeline: CompiledPipeline, file: string): Promise<string> {
  const { text, digest } = declarationOf(pipeline, file);
  const kept = await control.read(declarationKey(digest));
  if (kept === undefined || sha256Hex(kept) !== digest)
    await control.write(declarationKey(digest), Buffer.from(text), { if: 'always' });
  return digest;
}

/** What the pipeline declares, and its hash. `file`: the module that declares it. */
export function declarationOf(
  pipeline: CompiledPipeline,
  file: string,
): { readonly text: string; readonly digest: string } {
  const folder = dirname(dirname(file));
  const files: Record<string, string> = {};
  for (const [path, { text }] of readModules(file)) {
    const name = relative(folder, path);
    if (!name.startsWith('..')) files[name] = text;
  }
  const { name, transformDigest, schemaDigest, timeRulesDigest } = pipeline;
  const kept: KeptDeclaration = { pipeline: name, transformDigest, schemaDigest, timeRulesDigest, files };
  const text = canonicalJson(kept);
  return { text, digest: sha256Hex(text) };
}
