// Loads the .sql files of this dialect and fills their placeholders. Values are never put in here, only identifiers,
// numbers, dates and expressions that this folder makes.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RepriseError } from '../../ports/errors.ts';

const loaded = new Map<string, string>();

/** The statement of `sql/duckdb/<name>.sql` with every `{{placeholder}}` filled. */
export function sql(name: string, fill: Readonly<Record<string, string>> = {}): string {
  let text = loaded.get(name);
  if (text === undefined) {
    text = readFileSync(join(packageRoot(), 'sql', 'duckdb', `${name}.sql`), 'utf8');
    loaded.set(name, text);
  }
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => {
    const value = fill[key];
    if (value === undefined)
      throw new RepriseError('Internal', `sql/duckdb/${name}.sql wants {{${key}}}`, 'report this');
    return value;
  });
}

/** The folder that holds package.json, whether this runs from source or from dist/. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new RepriseError('Internal', 'package.json was not found above the program', 'install again');
    folder = parent;
  }
  return folder;
}
