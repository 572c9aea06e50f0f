// Builds a copy of a pipeline's sources as the product is built, after edits, in a folder of its own.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { packageRoot } from '../../lib/package-root.ts';

export interface Digests {
  readonly transform: string;
  readonly schema: string;
  readonly timeRules: string;
}

const READ_DIGESTS = `
  const [loader, folder, pipeline] = process.argv.slice(1);
  const { Pipelines } = await import(loader);
  const { transformDigest, schemaDigest, timeRulesDigest } = await new Pipelines(folder || undefined).compiled(pipeline);
  console.log(JSON.stringify({ transform: transformDigest, schema: schemaDigest, timeRules: timeRulesDigest }));`;

/** What the built product makes of a built pipeline: in a process of its own, where no test runner rewrites modules. */
export async function digestsOf(pipelines: string | undefined, pipeline: string): Promise<Digests> {
  const loader = pathToFileURL(join(packageRoot(), 'dist', 'profiles', 'embedded', 'pipelines.js')).href;
  const args = ['--input-type=module', '-e', READ_DIGESTS, loader, pipelines ?? '', pipeline];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Digests;
}

export type Edit = (text: string, file: string) => string;

export interface BuiltCopy {
  /** Of built pipelines, as `--pipelines` takes it. */
  readonly pipelines: string;
  /** The copy of the pipeline's sources. */
  readonly sources: string;
  remove(): void;
}

/** `files` are those of the pipeline's folder that the edit is made in. */
export async function buildCopy(pipeline: string, files: readonly string[], edit: Edit): Promise<BuiltCopy> {
  const root = packageRoot();
  const copy = mkdtempSync(join(tmpdir(), 'reprise-copy-'));
  for (const folder of ['engine', 'model', 'ports', `pipelines/${pipeline}`]) {
    mkdirSync(join(copy, folder), { recursive: true });
    cpSync(join(root, folder), join(copy, folder), {
      recursive: true,
      filter: (path) => !path.endsWith('samples.ts'),
    });
  }
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json'])
    cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const sources = join(copy, 'pipelines', pipeline);
  for (const file of files) {
    const text = readFileSync(join(sources, file), 'utf8');
    const edited = edit(text, file);
    if (edited === text) throw new Error(`the edit changes nothing in ${file}`);
    writeFileSync(join(sources, file), edited);
  }
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: copy }).catch((error) => {
    throw new Error(`the edited copy is not built: ${(error as { stdout: string }).stdout}`);
  });
  return {
    pipelines: join(copy, 'dist', 'pipelines'),
    sources,
    remove: () => rmSync(copy, { recursive: true, force: true }),
  };
}
