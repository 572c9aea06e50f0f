// Digests of a declaration: what it computes (transform), what the tables look like (schema), and how deliveries get
// their identity and time (time rules). Equal digests mean equal rows.

import { createHash, type Hash, type Hmac } from 'node:crypto';
import type { Column, Derivation, Path, Pipeline, Shape } from './language.ts';

/** Raised when the evaluator itself gives other rows for the same declaration. */
const EVALUATOR_VERSION = 2;
/** Raised when it gives deliveries another identity or time, or when the catalog keeps keys in another way. */
const DATING_VERSION = 2;

/** JSON with sorted keys; functions as their source text, bigints as digits. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}n"`;
  if (typeof value === 'function') return JSON.stringify(value.toString());
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).filter(([, held]) => held !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, held]) => `${JSON.stringify(key)}:${canonicalJson(held)}`).join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}

/** So much of a text is hashed at once. */
const HASHED_CHARACTERS = 64 * 1024;

/** The hash, in hex, after the canonical text of the value: the same as of the whole text, which is never held. */
export function hashJson(hash: Hash | Hmac, value: unknown): string {
  let held = '';
  const add = (text: string): void => {
    held += text;
    if (held.length < HASHED_CHARACTERS) return;
    hash.update(held);
    held = '';
  };
  addJson(value, add);
  return hash.update(held).digest('hex');
}

function addJson(value: unknown, add: (text: string) => void): void {
  if (Array.isArray(value)) {
    let before = '[';
    for (const held of value) {
      add(before);
      addJson(held, add);
      before = ',';
    }
    add(value.length === 0 ? '[]' : ']');
    return;
  }
  if (value === null || typeof value !== 'object') {
    add(canonicalJson(value));
    return;
  }
  let before = '{';
  for (const name of Object.keys(value).sort()) {
    const held = (value as Record<string, unknown>)[name];
    if (held === undefined) continue;
    add(`${before}${JSON.stringify(name)}:`);
    addJson(held, add);
    before = ',';
  }
  add(before === '{' ? '{}' : '}');
}

export const sha256Hex = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Stands for what a function of a column does, whatever its comments and formatting. */
export type MeaningOf = (
  fn: (...inputs: never[]) => unknown,
  at: { readonly table: string; readonly column: string },
) => string;

/** What stands for the code of a declaration: a meaning for each function, or one digest of all code there is. */
export type CodeIdentity = { readonly meaningOf: MeaningOf } | { readonly sourceDigest: string };

/** Of all that the declaration computes; what it says to readers (`title`, `about`) is no part of that. */
export function transformDigest(pipeline: Pipeline, code: CodeIdentity): string {
  const meaningOf: MeaningOf = 'meaningOf' in code ? code.meaningOf : (fn) => fn.toString();
  const { title: _, tables, ...rest } = pipeline;
  const computed = Object.entries(tables).map(([name, { about: __, columns, ...table }]) => [
    name,
    { ...table, columns: Object.entries(columns).map(([at, one]) => [at, meaningOfColumn(one, meaningOf, name, at)]) },
  ]);
  const sourceDigest = 'sourceDigest' in code ? code.sourceDigest : '';
  return sha256Hex(canonicalJson({ evaluator: EVALUATOR_VERSION, pipeline: rest, tables: computed, sourceDigest }));
}

function meaningOfColumn(column: Column, meaningOf: MeaningOf, table: string, name: string): unknown {
  const { about: _, origin, ...rest } = column;
  const meant = (one: Path | Derivation): unknown =>
    typeof one === 'string' || one.from !== 'compute'
      ? one
      : { ...one, compute: meaningOf(one.compute, { table, column: name }) };
  if (typeof origin !== 'object' || !('byShape' in origin)) return { ...rest, origin: meant(origin) };
  const byShape = Object.entries(origin.byShape).map(([shape, one]) => [shape, meant(one)] as const);
  return { ...rest, origin: { byShape: Object.fromEntries(byShape) } };
}

/** Of table names, columns and their types. */
export function schemaDigest(
  tables: readonly { name: string; columns: readonly { name: string; type: string }[] }[],
): string {
  return sha256Hex(
    canonicalJson(tables.map(({ name, columns }) => ({ name, columns: columns.map((c) => [c.name, c.type]) }))),
  );
}

/**
 * Of what decides a delivery's date and keys alone: dispatch, identity, times and the rows with an own identity.
 * `kindOf` tells the type and form of the field at a path, so that other fields may change freely.
 */
export function timeRulesDigest(pipeline: Pipeline, kindOf: (shape: string, path: string) => string): string {
  const rules = (name: string, shape: Shape): unknown => ({
    source: shape.source,
    version: shape.version,
    when: shape.when,
    identity: [shape.identity, shape.identity.parts.map((part) => kindOf(name, part))],
    occurredAt: [shape.occurredAt, kindOf(name, shape.occurredAt)],
  });
  const offered = Object.entries(pipeline.tables).filter(([, table]) => table.offered !== undefined);
  return sha256Hex(
    canonicalJson({
      evaluator: DATING_VERSION,
      sources: Object.entries(pipeline.sources).map(([name, source]) => [name, source.versions]),
      shapes: Object.entries(pipeline.shapes).map(([name, shape]) => [name, rules(name, shape)]),
      offered: offered.map(([name, table]) => [name, table.shapes, table.rows, table.offered]),
    }),
  );
}
