// Loads a declaration of another place or time: its modules are written into a folder of their own, loaded from there
// and compiled by today's compiler.

import { rm } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { type CompiledPipeline, compilePipeline } from '../../model/compile.ts';
import type { MeaningOf } from '../../model/digest.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import type { Pipeline } from '../../model/language.ts';
import { openTemporaryFolder } from '../system/outside-home.ts';
import { findDeclaration } from './against.ts';
import { materialise } from './materialise.ts';
import { meaningsOf } from './meaning.ts';

export interface Declaration {
  readonly pipeline: CompiledPipeline;
  readonly meaningOf: MeaningOf;
}

/**
 * The pipeline's declaration at `against`: a file, a folder or a git ref, seen from `folder`. Its code runs in this
 * process, as that of every pipeline does. Throws Configuration or ModelContradiction.
 */
export async function loadDeclaration(against: string, pipeline: string, folder: string): Promise<Declaration> {
  const { tree, entry } = await findDeclaration(against, pipeline, folder);
  const scratch = await openTemporaryFolder('declaration');
  try {
    const file = await materialise(tree, entry, scratch);
    const declared = await declaredIn(file, `${entry} in ${tree.name}`);
    if (declared?.name !== pipeline) {
      throw new RepriseError(
        'Configuration',
        `${entry} in ${tree.name} declares ${declared?.name ?? 'no pipeline'}, not ${pipeline}`,
        `compare pipelines of one name: export const pipeline = definePipeline({ name: '${pipeline}', … })`,
      );
    }
    const meaningOf = meaningsOf(file);
    return { pipeline: compiled(declared, meaningOf, tree.name), meaningOf };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function compiled(declared: Pipeline, meaningOf: MeaningOf, tree: string): CompiledPipeline {
  try {
    return compilePipeline(declared, { meaningOf });
  } catch (error) {
    if (isRepriseError(error)) throw error;
    throw new RepriseError(
      'Configuration',
      `today’s compiler cannot read the declaration in ${tree}: it is written in another form of the language`,
      'compare with a newer declaration',
    );
  }
}

async function declaredIn(file: string, name: string): Promise<Pipeline | undefined> {
  try {
    return ((await import(pathToFileURL(file).href)) as { pipeline?: Pipeline }).pipeline;
  } catch (error) {
    throw new RepriseError(
      'Configuration',
      `${name} cannot be loaded: ${error instanceof Error ? error.name : 'it throws'}`,
      'build it where it is and look: npm run build, then reprise pipelines show',
    );
  }
}
