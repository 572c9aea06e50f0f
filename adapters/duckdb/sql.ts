// Loads the .sql files of this dialect and fills their placeholders. Values are never put in here, only identifiers,
// numbers, dates and expressions that this folder makes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import { RepriseError } from '../../model/errors.ts';

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
