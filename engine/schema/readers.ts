// Which models read what changes, as far as their text tells: a model that names the table, and for a change of a column
// names that too, or takes every column.

import type { SchemaChange } from './change.ts';

/** A query by its file, as it is written: with Jinja and comments. */
export interface SqlModel {
  readonly file: string;
  readonly sql: string;
}

export interface Reader {
  readonly file: string;
  /** The model takes all columns (`*`) and does not name this one. */
  readonly takesAll: boolean;
}

/** Models that read what the change concerns. `schema` is the pipeline's. */
export function readersOf(change: SchemaChange, schema: string, models: readonly SqlModel[]): Reader[] {
  return models.flatMap(({ file, sql }): Reader[] => {
    const text = withoutComments(sql);
    if (!namesTable(text, schema, change.table)) return [];
    if (change.column === undefined || word(change.column).test(text)) return [{ file, takesAll: false }];
    return takesEveryColumn(text) ? [{ file, takesAll: true }] : [];
  });
}

const withoutComments = (sql: string): string =>
  sql
    .replaceAll(/\{#[\s\S]*?#\}/g, ' ')
    .replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/--.*$/gm, ' ');

const escaped = (name: string): string => name.replaceAll(/[^\w]/g, '\\$&');

const word = (name: string): RegExp => new RegExp(`(?<![\\w$])${escaped(name)}(?![\\w$])`, 'i');

function namesTable(sql: string, schema: string, table: string): boolean {
  const [inSchema, name] = [escaped(schema), escaped(table)];
  const asSource = new RegExp(`source\\(\\s*['"]${inSchema}['"]\\s*,\\s*['"]${name}['"]\\s*\\)`, 'i');
  const plain = new RegExp(`(?<![\\w$])"?${inSchema}"?\\s*\\.\\s*"?${name}"?(?![\\w$])`, 'i');
  return asSource.test(sql) || plain.test(sql);
}

/** `select *`, `, *`, `t.*`; not `count(*)` and no product. */
const takesEveryColumn = (sql: string): boolean => /\bselect\s+(?:distinct\s+)?\*|,\s*\*|\w\s*\.\s*\*/i.test(sql);
