// Names that a declaration may not use, because the tables could not be made or asked for under them: words that SQL
// reserves, and the schemas that the warehouse has of its own.

/** Words that DuckDB reserves, or takes for functions and types. A test holds them against `duckdb_keywords()`. */
export const SQL_WORDS: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe distinct do else end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot using variadic when where window with ' +
    'anti asof at authorization binary by collation columns concurrently cross freeze full generated glob ilike inner is isnull join left like map natural notnull outer overlaps positional right semi similar struct tablesample try_cast unpack verbose'
  ).split(' '),
);

/** Schemas and databases of DuckDB, the schema of our own tables, and the name by which DuckDB knows the warehouse file. */
const OWN_SCHEMAS: ReadonlySet<string> = new Set([
  'information_schema',
  'main',
  'memory',
  'pg_catalog',
  'reprise',
  'system',
  'temp',
  'warehouse',
]);

/** Why a schema, a table or a column cannot have the name; undefined when it can. */
export function reservedBecause(what: 'schema' | 'table' | 'column', name: string): string | undefined {
  if (SQL_WORDS.has(name)) return `${name} is a word that SQL reserves, so no ${what} can be called so`;
  if (what === 'schema' && OWN_SCHEMAS.has(name)) return `${name} is a schema that the warehouse has of its own`;
  return undefined;
}
