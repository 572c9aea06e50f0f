// Before the tests: builds dist/ when a source is newer than it, because worker threads and the command line run what is
// built. `npm test` has just built, so this then costs nothing; `npx vitest` alone needs it.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const BUILT_FROM = [
  'cli',
  'profiles',
  'tasks',
  'engine',
  'ports',
  'model',
  'adapters',
  'lib',
  'pipelines',
  'generator',
];

export default function freshBuild(): void {
  const sources = BUILT_FROM.flatMap((folder) => filesBelow(folder, '.ts'));
  const isFresh = sources.every((source) => {
    const built = join(root, 'dist', source.replace(/\.ts$/, '.js'));
    return existsSync(built) && statSync(built).mtimeMs >= statSync(join(root, source)).mtimeMs;
  });
  if (isFresh) return;
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the build failed; the tests would run what was built before');
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));
}
