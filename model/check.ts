// Finds what contradicts itself in a declaration: every fault, each with its place. Knows nothing of events.

import { originFor } from './derive.ts';
import type { Field, Fields } from './fields.ts';
import { faultOfComputed } from './fit.ts';
import type { Column, Identity, Input, Path, Pipeline, Shape, Table } from './language.ts';
import { type Place, resolvePath } from './paths.ts';
import { LEADING_COLUMNS, LINEAGE_COLUMNS, OFFER_COLUMNS, PUBLISH_COLUMNS } from './tables.ts';
import { reservedBecause } from './words.ts';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const COMMON = new Set(
  [...LEADING_COLUMNS, ...LINEAGE_COLUMNS, ...OFFER_COLUMNS, ...PUBLISH_COLUMNS].map((c) => c.name),
);
const RESERVED_TABLES = new Set(['events', 'quarantine']);

/** Every fault as `place: what is wrong`; empty when the declaration is sound. */
export function faultsOfPipeline(pipeline: Pipeline): string[] {
  const faults: string[] = [];
  const say = (where: string, what: string): void => void faults.push(`${where}: ${what}`);
  if (!NAME.test(pipeline.name)) say('name', `${pipeline.name} is not a lower-case name`);
  sayReserved('schema', pipeline.name, 'name', say);
  for (const [name, source] of Object.entries(pipeline.sources)) {
    if (source.versions.length === 0) say(`sources.${name}`, 'lists no version');
    for (const version of source.versions) {
      const called = versionName(version);
      const told = Object.values(pipeline.shapes).some((s) => isOf(s, name) && String(s.version) === called);
      if (!told) say(`sources.${name}`, `version ${called} has no shape`);
    }
  }
  for (const [name, shape] of Object.entries(pipeline.shapes)) checkShape(pipeline, name, shape, say);
  checkOverlap(pipeline, say);
  for (const [name, table] of Object.entries(pipeline.tables)) checkTable(pipeline, name, table, say);
  return faults;
}

type Say = (where: string, what: string) => void;

function sayReserved(what: 'schema' | 'table' | 'column', name: string, where: string, say: Say): void {
  const because = reservedBecause(what, name);
  if (because !== undefined) say(where, because);
}

const versionName = (version: Pipeline['sources'][string]['versions'][number]): string =>
  typeof version === 'object' ? version.name : String(version);
const isOf = (shape: Shape, source: string): boolean =>
  typeof shape.source === 'string' ? shape.source === source : shape.source.includes(source);

function checkShape(pipeline: Pipeline, name: string, shape: Shape, say: Say): void {
  const where = `shapes.${name}`;
  for (const source of typeof shape.source === 'string' ? [shape.source] : shape.source) {
    const versions = pipeline.sources[source]?.versions;
    if (versions === undefined) say(where, `source ${source} is not listed in sources`);
    else if (!versions.some((v) => versionName(v) === String(shape.version)))
      say(where, `version ${shape.version} is not listed for source ${source}`);
  }
  checkFields(shape.fields, where, say);
  for (const [path, words] of Object.entries(shape.when)) {
    const place = resolved(shape, path, undefined, where, say);
    if (place && place.field.kind !== 'text')
      say(where, `when.${path} is a ${place.field.kind}; only text tells shapes apart`);
    if (Object.keys(words).length === 0) say(where, `when.${path} lists no words`);
  }
  checkIdentity(shape, shape.identity, undefined, where, say);
  checkTime(shape, shape.occurredAt, undefined, where, say);
  if (typeof shape.eventType === 'object') {
    const place = resolved(shape, shape.eventType.of, undefined, where, say);
    if (place && place.field.kind !== 'oneOf' && !(shape.eventType.of in shape.when)) {
      say(where, `eventType: ${shape.eventType.of} is no listed field`);
    }
  }
  for (const path of Object.values(shape.subjectThrough ?? {})) resolved(shape, path, undefined, where, say);
}

function checkFields(fields: Fields, where: string, say: Say): void {
  for (const [name, field] of Object.entries(fields)) {
    if (field.optional && field.nullable) say(`${where}.${name}`, 'optional already allows null');
    if (name.includes('.') || name.includes('['))
      say(`${where}.${name}`, 'a field name cannot hold a dot or a bracket');
    if (field.kind === 'oneOf' && Object.keys(field.spellings).length === 0) say(`${where}.${name}`, 'lists no words');
    if (field.kind === 'object') checkFields(field.fields, `${where}.${name}`, say);
    if (field.kind === 'array' && field.of.kind === 'object') checkFields(field.of.fields, `${where}.${name}[]`, say);
  }
}

function checkIdentity(shape: Shape, identity: Identity, element: Field | undefined, where: string, say: Say): void {
  if (identity.parts.length === 0) say(where, 'identity has no parts');
  if (identity.bare && (identity.parts.length !== 1 || identity.prefix !== undefined)) {
    say(where, 'a bare identity has one part and no prefix');
  }
  for (const part of identity.parts) {
    if (part === '$source') continue;
    const place = resolved(shape, part, element, where, say);
    if (!place) continue;
    if (!['text', 'integer', 'oneOf'].includes(place.field.kind) || place.many)
      say(where, `identity part ${part} is no single text, integer or listed word`);
    if (place.optional) say(where, `identity part ${part} is optional, so events would share an identity`);
  }
}

function checkTime(shape: Shape, path: Path, element: Field | undefined, where: string, say: Say): void {
  const place = resolved(shape, path, element, where, say);
  if (place && (place.field.kind !== 'time' || place.many || place.optional))
    say(where, `occurredAt ${path} is no required time`);
}

function checkOverlap(pipeline: Pipeline, say: Say): void {
  const shapes = Object.entries(pipeline.shapes);
  for (const [i, [nameA, a]] of shapes.entries()) {
    for (const [nameB, b] of shapes.slice(i + 1)) {
      const sources = typeof a.source === 'string' ? [a.source] : a.source;
      if (String(a.version) !== String(b.version) || !sources.some((source) => isOf(b, source))) continue;
      const apart = Object.entries(a.when).some(
        ([path, words]) => b.when[path] && !Object.keys(words).some((word) => Object.hasOwn(b.when[path] ?? {}, word)),
      );
      if (!apart)
        say(`shapes.${nameA}`, `a body could have both this shape and ${nameB}: no field of \`when\` tells them apart`);
    }
  }
}

function checkTable(pipeline: Pipeline, name: string, table: Table, say: Say): void {
  const where = `tables.${name}`;
  if (!NAME.test(name) || RESERVED_TABLES.has(name)) say(where, 'the name is reserved or not lower-case');
  sayReserved('table', name, where, say);
  if (table.shapes.length === 0) say(where, 'takes no shape');
  const index = table.rows?.index?.column;
  for (const column of [...Object.keys(table.columns), ...(index ? [index] : [])]) {
    if (!NAME.test(column) || COMMON.has(column))
      say(`${where}.${column}`, 'the column name is reserved or not lower-case');
    sayReserved('column', column, `${where}.${column}`, say);
  }
  if (index && Object.hasOwn(table.columns, index))
    say(`${where}.${index}`, 'is both a column and the index of the rows');
  if (table.offered && !table.rows) say(where, 'rows that are offered need `rows`');
  if (table.rows && !index && !table.offered) say(where, 'rows of an event need an index, or nothing tells them apart');
  for (const shapeName of table.shapes) {
    const shape = pipeline.shapes[shapeName];
    if (shape === undefined) {
      say(where, `there is no shape ${shapeName}`);
      continue;
    }
    const rowsPath = table.rows?.of[shapeName];
    if (table.rows && rowsPath === undefined) say(where, `rows.of says nothing of shape ${shapeName}`);
    const rows = rowsPath === undefined ? undefined : resolved(shape, rowsPath, undefined, where, say);
    if (rows && (rows.field.kind !== 'array' || rows.many))
      say(where, `rows.of.${shapeName} ${rowsPath} is no single array`);
    const element = rows?.field.kind === 'array' ? rows.field.of : undefined;
    if (table.offered) {
      checkIdentity(shape, table.offered.identity, element, where, say);
      checkTime(shape, table.offered.occurredAt, element, where, say);
    }
    for (const [columnName, column] of Object.entries(table.columns)) {
      checkColumn(column, shape, shapeName, element, `${where}.${columnName}`, say);
    }
  }
  for (const [columnName, column] of Object.entries(table.columns)) {
    if (typeof column.origin !== 'object' || !('byShape' in column.origin)) continue;
    for (const shapeName of Object.keys(column.origin.byShape)) {
      if (!table.shapes.includes(shapeName))
        say(`${where}.${columnName}`, `names shape ${shapeName}, which the table does not take`);
    }
  }
}

const FITS: Readonly<Record<Column['type'], readonly string[]>> = {
  text: ['text', 'oneOf', 'integer', 'number'],
  integer: ['integer'],
  decimal: ['decimal'],
  boolean: ['boolean'],
  json: [],
};

function checkColumn(
  column: Column,
  shape: Shape,
  shapeName: string,
  element: Field | undefined,
  where: string,
  say: Say,
): void {
  const origin = originFor(column.origin, shapeName);
  if (origin === undefined) return;
  const at = `${where} (${shapeName})`;
  if (typeof origin === 'string' || origin.from === 'path') {
    const path = typeof origin === 'string' ? origin : origin.path;
    if (path.startsWith('$')) {
      if (!['$source', '$event_type', '$schema_version'].includes(path)) say(at, `${path} is not known`);
      else if (column.type !== 'text') say(at, `${path} is text, the column is ${column.type}`);
      return;
    }
    const place = resolved(shape, path, element, at, say);
    if (!place) return;
    if (place.many) say(at, `path ${path} gives a list`);
    if (!FITS[column.type].includes(place.field.kind))
      say(at, `field ${path} is ${place.field.kind}, the column is ${column.type}`);
    checkSecrecy(place.field, path, column, at, say);
    return;
  }
  switch (origin.from) {
    case 'constant': {
      const fault = faultOfComputed(origin.value, column.type);
      if (fault !== undefined) say(at, `the constant ${fault}`);
      return;
    }
    case 'raw':
    case 'rawObject': {
      if (column.type !== 'json') say(at, `an exact JSON text needs a json column, not ${column.type}`);
      for (const path of origin.from === 'raw' ? [origin.path] : Object.values(origin.members)) {
        const place = resolved(shape, path, element, at, say);
        if (place?.many) say(at, `path ${path} gives a list`);
        if (place) checkSecrecy(place.field, path, column, at, say);
      }
      return;
    }
    case 'compute':
      for (const input of Object.values(origin.inputs)) checkInput(input, shape, element, column, at, say);
  }
}

const READS: Readonly<Record<Input<unknown>['as'], readonly string[] | undefined>> = {
  text: ['text', 'oneOf', 'number'],
  integer: ['integer'],
  decimal: ['decimal'],
  boolean: ['boolean'],
  time: ['time'],
  raw: undefined,
  texts: ['text', 'oneOf', 'number'],
  integers: ['integer'],
  decimals: ['decimal'],
};

function checkInput(
  input: Input<unknown>,
  shape: Shape,
  element: Field | undefined,
  column: Column,
  at: string,
  say: Say,
): void {
  const place = resolved(shape, input.path, element, at, say);
  if (!place) return;
  const kinds = READS[input.as];
  if (kinds && !kinds.includes(place.field.kind))
    say(at, `input ${input.path} is ${place.field.kind}, read as ${input.as}`);
  if (place.many !== input.as.endsWith('s'))
    say(at, `input ${input.path} ${place.many ? 'gives a list' : 'gives no list'}, read as ${input.as}`);
  if (place.field.restricted && !column.restricted)
    say(at, `takes restricted field ${input.path}, but is not restricted`);
}

/** Secret fields pass only through a function, restricted ones only into restricted columns; also inside a slice. */
function checkSecrecy(field: Field, path: Path, column: Column, at: string, say: Say): void {
  if (field.secret) say(at, `takes secret field ${path} as it is`);
  if (field.restricted && !column.restricted) say(at, `takes restricted field ${path}, but is not restricted`);
  if (field.kind === 'object') {
    for (const [name, inner] of Object.entries(field.fields)) checkSecrecy(inner, `${path}.${name}`, column, at, say);
  }
  if (field.kind === 'array') checkSecrecy(field.of, `${path}[]`, column, at, say);
}

function resolved(shape: Shape, path: Path, element: Field | undefined, where: string, say: Say): Place | undefined {
  const place = resolvePath(shape, path, element);
  if (typeof place !== 'string') return place;
  say(where, place);
  return undefined;
}
