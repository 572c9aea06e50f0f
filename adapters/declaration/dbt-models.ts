// Reads the models of a dbt project: every .sql file below its models folder.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface DbtModel {
  /** From the project's folder on. */
  readonly file: string;
  readonly sql: string;
}

/** Undefined when `folder` holds no `models`. */
export function readDbtModels(folder: string): readonly DbtModel[] | undefined {
  const models = join(folder, 'models');
  if (!existsSync(models)) return undefined;
  return readdirSync(models, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      file: relative(folder, join(models, file)).split(sep).join('/'),
      sql: readFileSync(join(models, file), 'utf8'),
    }));
}
