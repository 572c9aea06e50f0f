// Finds the pipelines: every folder of the pipelines folder that holds a pipeline.js. A product is added by adding its
// folder; nothing here names one.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../adapters/local/duckdb/sql.ts';
import { type CompiledPipeline, compilePipeline } from '../../engine/model/compile.ts';
import { sha256Hex } from '../../engine/model/digest.ts';
import type { Pipeline } from '../../engine/model/language.ts';
import { RepriseError } from '../../ports/errors.ts';

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
      .filter((name) => existsSync(join(this.folder, name, 'pipeline.js')))
      .sort();
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
    const folder = join(this.folder, name);
    const module = (await import(pathToFileURL(join(folder, 'pipeline.js')).href)) as { pipeline?: Pipeline };
    if (module.pipeline?.name !== name) {
      throw new RepriseError(
        'ModelContradiction',
        `${folder}/pipeline.js declares ${module.pipeline?.name ?? 'nothing'}`,
        `export const pipeline = definePipeline({ name: '${name}', … })`,
      );
    }
    return compilePipeline(module.pipeline, { sourceDigest: sourceDigest(folder) });
  }
}

/** Digest of the code in a pipeline's folder; its samples are no transforms. */
function sourceDigest(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('samples.js'))
    .sort();
  return sha256Hex(files.map((file) => `${file} ${sha256Hex(readFileSync(join(folder, file)))}`).join('\n'));
}
