// What changes for the readers of a table's columns: columns that come and go, types, meaning, words, null, restriction.

import type { SchemaChange } from './change.ts';
import type { OriginSurface, Words } from './origin.ts';
import type { ColumnSurface, TableSurface } from './surface.ts';

/** `shapes`: which shape of before each shape of after is. */
export function compareColumns(
  before: TableSurface,
  after: TableSurface,
  shapes: ReadonlyMap<string, string>,
): SchemaChange[] {
  const named = (table: TableSurface, name: string): ColumnSurface | undefined =>
    table.columns.find((column) => column.name === name);
  const added = after.columns.filter((column) => named(before, column.name) === undefined);
  const stood = after.columns.flatMap((column) => {
    const was = named(before, column.name);
    return was === undefined ? [] : compareColumn({ before, after, was, is: column, shapes });
  });
  const removed = before.columns.filter((column) => named(after, column.name) === undefined);
  return [
    ...stood,
    ...added.map((column) => addedColumn(after, column)),
    ...removed.map((column) => removedColumn(after, column, added)),
  ];
}

const addedColumn = (table: TableSurface, { name, type, restricted }: ColumnSurface): SchemaChange => ({
  table: table.name,
  column: name,
  change: 'added',
  breaks: false,
  detail: `a new ${restricted ? 'restricted ' : ''}column of type ${type}`,
});

function removedColumn(table: TableSurface, column: ColumnSurface, added: readonly ColumnSurface[]): SchemaChange {
  const meaning = meaningText(column);
  const renamed = added.find((one) => one.type === column.type && meaningText(one) === meaning);
  const detail = renamed === undefined ? 'not declared any more' : `renamed: ${renamed.name} has the same values`;
  return { table: table.name, column: column.name, change: 'removed', breaks: true, detail };
}

const meaningText = ({ origins }: ColumnSurface): string =>
  JSON.stringify(Object.entries(origins).map(([shape, origin]) => [shape, origin.means, origin.words]));

interface Pair {
  readonly before: TableSurface;
  readonly after: TableSurface;
  readonly was: ColumnSurface;
  readonly is: ColumnSurface;
  readonly shapes: ReadonlyMap<string, string>;
}

function compareColumn(pair: Pair): SchemaChange[] {
  const { was, is, after } = pair;
  const change = (kind: SchemaChange['change'], breaks: boolean, detail: string): SchemaChange => ({
    table: after.name,
    column: is.name,
    change: kind,
    breaks,
    detail,
  });
  const found: SchemaChange[] = [];
  if (was.type !== is.type) found.push(change('type', true, `was ${was.type}, is ${is.type}`));
  if (!was.restricted && is.restricted)
    found.push(change('restricted', true, 'restricted now: its values are kept from readers'));
  if (was.restricted && !is.restricted)
    found.push(change('restricted', false, 'not restricted any more: whoever reads the table sees its values'));
  const meaning = meaningChanges(pair);
  if (meaning.length > 0) found.push(change('meaning', true, meaning.join('; ')));
  found.push(...wordChanges(pair).map(([breaks, detail]) => change('values', breaks, detail)));
  const [wasNull, isNull] = [mayBeNull(pair.before, was), mayBeNull(after, is)];
  if (wasNull.length === 0 && isNull.length > 0)
    found.push(change('nullable', true, `may be null now, in rows of ${isNull.join(', ')}`));
  if (wasNull.length > 0 && isNull.length === 0 && isSure(is))
    found.push(change('nullable', false, 'is never null any more'));
  if (was.about !== is.about)
    found.push(change('about', false, `said “${was.about}”, says “${is.about}”: look whether it means the same`));
  return found;
}

/** Shapes whose rows may have no value, as far as that is declared. */
const mayBeNull = (table: TableSurface, { origins }: ColumnSurface): string[] =>
  table.shapes.filter((shape) => origins[shape] === undefined || origins[shape].nullable === true);

const isSure = ({ origins }: ColumnSurface): boolean =>
  Object.values(origins).every((origin) => origin.nullable === false);

/** The shapes that fill the table on both sides, with the column's origins. */
function origins({
  before,
  after,
  was,
  is,
  shapes,
}: Pair): [shape: string, from: OriginSurface | undefined, to: OriginSurface | undefined][] {
  return after.shapes.flatMap((shape) => {
    const stood = shapes.get(shape);
    if (stood === undefined || !before.shapes.includes(stood)) return [];
    return [[shape, was.origins[stood], is.origins[shape]]];
  });
}

function meaningChanges(pair: Pair): string[] {
  const details = new Map<string, string[]>();
  for (const [shape, from, to] of origins(pair)) {
    const detail = meaningChange(from, to);
    if (detail !== undefined) details.set(detail, [...(details.get(detail) ?? []), shape]);
  }
  return [...details].map(([detail, shapes]) => `${shapes.join(', ')}: ${detail}`);
}

function meaningChange(from: OriginSurface | undefined, to: OriginSurface | undefined): string | undefined {
  if (from === undefined || to === undefined) {
    if (from === to) return undefined;
    return from === undefined ? `was null, is ${to?.says}` : `was ${from.says}, is null`;
  }
  if (from.means !== to.means) {
    if (from.masked && !to.masked) return `was masked (${from.says}), is ${to.says}`;
    if (from.masked || to.masked) return `the masking changed: was ${from.says}, is ${to.says}`;
    if (from.says !== to.says) return `was ${from.says}, is ${to.says}`;
    return to.nullable === undefined ? `another computation: ${to.says}` : `${to.says} is read in another form`;
  }
  const turned = turnedWords(from.words, to.words);
  return turned.length === 0 ? undefined : `words mean something else: ${turned.join(', ')}`;
}

/** Words that gave another value before. Plain text gives each word as it is sent. */
function turnedWords(from: Words | undefined, to: Words | undefined): string[] {
  if (from === undefined && to === undefined) return [];
  const sent = Object.keys({ ...from, ...to });
  const meant = (words: Words | undefined, word: string): string | undefined =>
    words === undefined ? word : words[word];
  return sent.flatMap((word) => {
    const [was, is] = [meant(from, word), meant(to, word)];
    // A constant is no word that is sent: its change is one of the values.
    return was === undefined || is === undefined || was === is || word === '' ? [] : [`${word} was ${was}, is ${is}`];
  });
}

/** Over all shapes: a value that no shape gives any more is gone. */
function wordChanges(pair: Pair): [breaks: boolean, detail: string][] {
  const [from, to] = [valuesOf(pair.was), valuesOf(pair.is)];
  if (from === undefined && to === undefined) return [];
  if (to === undefined) return [[false, 'any text now, not only listed words']];
  if (from === undefined) return [[false, `only listed words now: ${[...to].join(', ')}`]];
  const [more, fewer] = [[...to].filter((word) => !from.has(word)), [...from].filter((word) => !to.has(word))];
  return [
    ...(more.length > 0 ? [[false, `also ${more.join(', ')}`] as [boolean, string]] : []),
    ...(fewer.length > 0 ? [[true, `never ${fewer.join(', ')} any more`] as [boolean, string]] : []),
  ];
}

/** All values a column can have; undefined when they are not listed. */
function valuesOf({ origins }: ColumnSurface): ReadonlySet<string> | undefined {
  const all = Object.values(origins);
  if (all.length === 0 || all.some((origin) => origin.words === undefined)) return undefined;
  return new Set(all.flatMap((origin) => Object.values(origin.words ?? {})));
}
