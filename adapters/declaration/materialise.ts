// Writes a pipeline's modules, as they are in some other place, into a folder where they can be loaded: TypeScript
// becomes JavaScript by leaving its types out, nothing else is changed.

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import { isSyntax, parseModule, type Syntax } from '../../lib/typescript/syntax.ts';
import { RepriseError } from '../../model/errors.ts';

/** Where sources are read from. Paths are the tree's own, with `/`. */
export interface SourceTree {
  /** For messages: `main`, `this folder`. */
  readonly name: string;
  read(path: string): Promise<string | undefined>;
}

/**
 * Writes the module `entry` and all that it imports below `folder`; gives the path of the written entry. Modules of the
 * engine that the tree does not have are those of this product. Throws Configuration for what cannot be read.
 */
export async function materialise(tree: SourceTree, entry: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  const written = new Set<string>();
  const write = async (path: string, wantedBy: string): Promise<void> => {
    const target = join(folder, built(path));
    if (written.has(target)) return;
    if (path.startsWith('..')) {
      throw new RepriseError(
        'Configuration',
        `${wantedBy} wants ${path}, which is outside of ${tree.name}`,
        'a pipeline imports its own folder and model/ of its repository',
      );
    }
    written.add(target);
    const source = await readSource(tree, path);
    if (source === undefined) {
      throw new RepriseError(
        'Configuration',
        `${wantedBy} wants ${path}, which is not there in ${tree.name}`,
        'give a folder, a file or a git ref in which the pipeline can be built',
      );
    }
    const { text, imports } = await loadable(source.text, source.path, tree);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
    for (const specifier of imports) await write(join(dirname(path), specifier), path);
  };
  await write(entry, 'schema check');
  return join(folder, built(entry));
}

const built = (path: string): string => path.replace(/\.ts$/, '.js');

/** The file itself, or what it is built into or from, or this product's own part of the engine. */
async function readSource(tree: SourceTree, path: string): Promise<{ path: string; text: string } | undefined> {
  const swapped = path.endsWith('.ts') ? built(path) : path.replace(/\.js$/, '.ts');
  for (const candidate of [path, swapped]) {
    const text = await tree.read(candidate);
    if (text !== undefined) return { path: candidate, text };
  }
  // Declarations of earlier releases import the model from below engine/.
  const part = /(?:^|\/)(?:engine\/)?((?:model|ports)\/.+)\.[jt]s$/.exec(path)?.[1];
  const own = part === undefined ? undefined : join(packageRoot(), 'dist', `${part}.js`);
  return own !== undefined && existsSync(own) ? { path: own, text: readFileSync(own, 'utf8') } : undefined;
}

/** The text as JavaScript whose relative imports name JavaScript, and these imports. */
async function loadable(text: string, path: string, tree: SourceTree): Promise<{ text: string; imports: string[] }> {
  if (path.endsWith('.json')) return { text, imports: [] };
  const { code, statements } = await parsed(text, path, tree);
  const sources = statements.flatMap((node) => (isSyntax(node.source) ? [node.source] : []));
  const relative = sources.filter(({ value }) => String(value).startsWith('.'));
  let rewritten = code;
  for (const { start, end, value } of relative.toReversed()) {
    rewritten = `${rewritten.slice(0, start)}${JSON.stringify(built(String(value)))}${rewritten.slice(end)}`;
  }
  return { text: rewritten, imports: relative.map(({ value }) => String(value)) };
}

async function parsed(
  text: string,
  path: string,
  tree: SourceTree,
): Promise<{ code: string; statements: readonly Syntax[] }> {
  // Loaded where it is needed: no other command shall wait for it.
  const { default: swc } = await import('@swc/wasm-typescript');
  try {
    const code = path.endsWith('.ts') ? swc.transformSync(text, { mode: 'strip-only' }).code : text;
    return { code, statements: parseModule(code) };
  } catch {
    throw new RepriseError(
      'Configuration',
      `${path} in ${tree.name} cannot be read as ${path.endsWith('.ts') ? 'TypeScript that is JavaScript with types' : 'JavaScript'}`,
      'npx tsc --noEmit there says what is wrong',
    );
  }
}
