// Finds the declaration that another one is compared with: a file, a folder, or a git ref.

import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../lib/package-root.ts';
import { RepriseError } from '../../model/errors.ts';
import type { SourceTree } from './materialise.ts';

/** A declaration's module in its tree. */
export interface Found {
  readonly tree: SourceTree;
  readonly entry: string;
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * `text` is a file (pipeline.ts, pipeline.js), a folder that holds one, or a git ref, also `<ref>:<path of a pipeline.ts>`.
 * What is there on the disk goes before a ref of that name. Throws Configuration when it is none of these.
 */
export async function findDeclaration(text: string, pipeline: string, folder: string): Promise<Found> {
  const path = resolve(folder, text);
  return existsSync(path) ? onDisk(path, pipeline) : inGit(text, pipeline, folder);
}

const places = (pipeline: string): string[] =>
  ['', `${pipeline}/`, `pipelines/${pipeline}/`].flatMap((place) => [`${place}pipeline.ts`, `${place}pipeline.js`]);

function onDisk(path: string, pipeline: string): Found {
  const tree: SourceTree = {
    name: path,
    read: (one) => readFile(one, 'utf8').catch(() => undefined),
  };
  if (!statSync(path).isDirectory()) return { tree, entry: path };
  const entry = places(pipeline)
    .map((place) => join(path, place))
    .find((place) => existsSync(place));
  if (entry !== undefined) return { tree, entry };
  throw new RepriseError(
    'Configuration',
    `folder ${path} holds no pipeline ${pipeline}: none of ${places(pipeline).join(', ')}`,
    'give the folder of the pipeline, or its pipeline.ts',
  );
}

async function inGit(text: string, pipeline: string, folder: string): Promise<Found> {
  const [ref = '', named] = text.split(/:(.+)/);
  for (const start of [folder, packageRoot()]) {
    const root = (await git(start, 'rev-parse', '--show-toplevel'))?.trim();
    const commit =
      root && (await git(root, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`))?.trim();
    if (!root || !commit) continue;
    const tree: SourceTree = {
      name: `git ref ${ref}`,
      read: (path) => git(root, 'show', `${commit}:${path}`),
    };
    for (const entry of named === undefined ? places(pipeline).slice(-2) : [named]) {
      if ((await tree.read(entry)) !== undefined) return { tree, entry };
    }
    throw new RepriseError(
      'Configuration',
      `git ref ${ref} has no ${named ?? `pipelines/${pipeline}/pipeline.ts`}`,
      'name the file: --against <ref>:<path of the pipeline.ts, from the top of the repository>',
    );
  }
  throw new RepriseError(
    'Configuration',
    `${text} is no file, no folder and no git ref here`,
    'give a path, or a branch, tag or commit: git log --oneline lists commits',
  );
}

/** What git prints; undefined when it fails. */
async function git(folder: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], { maxBuffer: OUTPUT_BYTES_MAX });
    return stdout;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') return undefined;
    throw new RepriseError(
      'Configuration',
      'there is no git on this machine',
      'install git, or give a file or a folder',
    );
  }
}
