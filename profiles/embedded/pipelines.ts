// Finds the pipelines: every folder of the pipelines folder that holds a pipeline.js. A product is added by adding its
// folder; nothing here names one.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { meaningsOf } from '../../adapters/declaration/meaning.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { type CompiledPipeline, compilePipeline } from '../../model/compile.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Pipeline } from '../../model/language.ts';

export class Pipelines {
  readonly folder: string;
  readonly #compiled = new Map<string, Promise<CompiledPipeline>>();

  /** `folder` holds built pipelines; without one, those that ship. */
  constructor(folder: string | undefined) {
    this.folder = folder ?? join(packageRoot(), 'dist', 'pipelines');
  }

  names(): string[] {
    if (!existsSync(this.folder)) {
      throw new RepriseError(
        'Configuration',
        `there is no pipelines folder ${this.folder}`,
        'build first: npm run build',
      );
    }
    return readdirSync(this.folder)
      .filter((name) => existsSync(this.fileOf(name)))
      .sort();
  }

  /** The built module that declares a pipeline. */
  fileOf(name: string): string {
    return join(this.folder, name, 'pipeline.js');
  }

  /** Throws UnknownPipeline that lists those there are, or ModelContradiction. */
  compiled(name: string): Promise<CompiledPipeline> {
    let compiled = this.#compiled.get(name);
    if (compiled === undefined) {
      compiled = this.#load(name);
      this.#compiled.set(name, compiled);
    }
    return compiled;
  }

  async #load(name: string): Promise<CompiledPipeline> {
    const names = this.names();
    if (!names.includes(name)) {
      throw new RepriseError('UnknownPipeline', `there is no pipeline ${name}`, `one of: ${names.join(', ')}`);
    }
    const file = this.fileOf(name);
    const module = (await import(pathToFileURL(file).href)) as { pipeline?: Pipeline };
    if (module.pipeline?.name !== name) {
      throw new RepriseError(
        'ModelContradiction',
        `${file} declares ${module.pipeline?.name ?? 'nothing'}`,
        `export const pipeline = definePipeline({ name: '${name}', … })`,
      );
    }
    return compilePipeline(module.pipeline, { meaningOf: meaningsOf(file) });
  }
}
