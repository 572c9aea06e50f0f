// What a declaration says, as data for people and for documentation: sources, shapes, and for every column where its
// values come from. Derived from the declaration alone; how it is shown is for others to say.

import { type CompiledPipeline, type CompiledTable, sourcesOf } from './compile.ts';
import { originFor } from './derive.ts';
import type { Field, Fields } from './fields.ts';
import type { Derivation, Identity, Input, Path, Pipeline, Shape, Table, Version } from './language.ts';
import { resolvePath } from './paths.ts';
import { LEADING_COLUMNS, LINEAGE_COLUMNS, PUBLISH_COLUMNS, type SqlType } from './tables.ts';

/** A place in the body. `secret`: only a function may read it. `restricted`: it may only reach restricted columns. */
export interface RawPath {
  /** From the root, `[]` for every element: `order.lines[].sku`. */
  readonly path: Path;
  readonly secret: boolean;
  readonly restricted: boolean;
}

export type ColumnOrigin =
  | ({ readonly how: 'path' } & RawPath)
  /** The exact JSON text. */
  | ({ readonly how: 'raw' } & RawPath)
  /** Known of the event: `$source`, `$event_type`, `$schema_version`. */
  | { readonly how: 'event'; readonly what: string }
  | { readonly how: 'constant'; readonly value: string | null }
  | { readonly how: 'object'; readonly members: readonly (RawPath & { readonly name: string })[] }
  | {
      readonly how: 'function';
      readonly inputs: readonly (RawPath & { readonly name: string; readonly as: string })[];
    }
  /** A listed word and what it means, perhaps behind a prefix. */
  | {
      readonly how: 'words';
      readonly path: Path;
      readonly prefix: string;
      readonly words: Readonly<Record<string, string>>;
    }
  /** The place of the element in its list. */
  | { readonly how: 'position'; readonly from: number };

export interface ColumnDescription {
  readonly name: string;
  readonly type: SqlType;
  readonly restricted: boolean;
  /** It reads a secret place through a function, which must not give it away. */
  readonly masked: boolean;
  readonly about: string | undefined;
  /** Shapes that fill the column alike stand together; a shape that is not named leaves it null. */
  readonly origins: readonly { readonly shapes: readonly string[]; readonly origin: ColumnOrigin }[];
}

export interface TableDescription {
  readonly name: string;
  readonly about: string | undefined;
  readonly key: readonly string[];
  readonly shapes: readonly string[];
  /** What one row stands for. */
  readonly rows: 'one for each event' | 'one for each element' | 'one for each element, by a key of its own';
  /** The list whose elements become rows, for each shape. */
  readonly rowsOf: Readonly<Record<string, Path>>;
  /** The key of the rows' own, and when they occurred. */
  readonly offered: { readonly identity: string; readonly occurredAt: Path } | undefined;
  readonly columns: readonly ColumnDescription[];
}

export interface ShapeDescription {
  readonly name: string;
  readonly sources: readonly string[];
  readonly version: string;
  readonly when: Readonly<Record<Path, Readonly<Record<string, string>>>>;
  readonly eventType: string;
  /** `message:<source>:<msg.id>`. */
  readonly identity: string;
  readonly occurredAt: { readonly path: Path; readonly form: string };
  readonly tables: readonly string[];
}

export interface SubjectDescription {
  readonly kind: string;
  readonly shape: string;
  readonly path: Path;
  /** The subject is the one of another event, which this path leads to. */
  readonly throughEvent: boolean;
}

export interface PipelineDescription {
  readonly name: string;
  readonly title: string;
  readonly sources: readonly {
    readonly name: string;
    readonly versions: readonly string[];
    readonly precedence: number;
    readonly secret: boolean;
  }[];
  readonly shapes: readonly ShapeDescription[];
  /** Columns that every table begins and ends with. */
  readonly common: readonly { readonly name: string; readonly type: SqlType; readonly about: string }[];
  readonly lineage: readonly { readonly name: string; readonly type: SqlType; readonly about: string }[];
  readonly tables: readonly TableDescription[];
  readonly subjects: readonly SubjectDescription[];
}

const ABOUT: Readonly<Record<string, string>> = {
  event_id: 'the identity, as text',
  event_date: 'UTC date of occurred_at',
  occurred_at: 'UTC, floored to microseconds',
  received_at: 'when the winning copy was received',
  source: 'of the winning copy',
  schema_version: 'of the winning copy, as sent',
  _delivery: 'sha256 of the body; of secret sources encrypted with the home’s key',
  _raw_object: 'the raw object the row came from',
  _raw_row: 'its row in that object, from 0',
  _transform_version: 'digest of the transforms that made the row',
  _row_hash: 'sha256 over the row’s columns',
  _run_id: 'the run that wrote the row',
  _published_at: 'when that was',
};

export function describePipeline(pipeline: CompiledPipeline): PipelineDescription {
  const { declaration } = pipeline;
  const about = ({ name, type }: { name: string; type: SqlType }) => ({ name, type, about: ABOUT[name] ?? '' });
  return {
    name: pipeline.name,
    title: pipeline.title,
    sources: Object.entries(declaration.sources).map(([name, source]) => ({
      name,
      versions: source.versions.map(versionText),
      precedence: source.precedence ?? 0,
      secret: source.secret === true,
    })),
    shapes: Object.entries(declaration.shapes).map(([name, shape]) => describeShape(declaration, name, shape)),
    common: LEADING_COLUMNS.map(about),
    lineage: [...LINEAGE_COLUMNS, ...PUBLISH_COLUMNS].map(about),
    tables: pipeline.tables.map((table) => describeTable(declaration, table)),
    subjects: Object.entries(declaration.shapes).flatMap(([name, shape]) => subjectsOf(name, shape)),
  };
}

const versionText = (version: Version): string =>
  typeof version === 'object' ? `${version.name} (${version.pattern})` : String(version);

function describeShape(declaration: Pipeline, name: string, shape: Shape): ShapeDescription {
  const place = resolvePath(shape, shape.occurredAt, undefined);
  const form = typeof place !== 'string' && place.field.kind === 'time' ? place.field.form : 'unknown';
  const { eventType } = shape;
  return {
    name,
    sources: sourcesOf(shape),
    version: String(shape.version),
    when: shape.when,
    eventType: typeof eventType === 'string' ? eventType : `${eventType.prefix ?? ''}<${eventType.of}>`,
    identity: identityTemplate(shape.identity, undefined),
    occurredAt: { path: shape.occurredAt, form },
    tables: ['events', ...Object.keys(declaration.tables).filter((table) => declaresShape(declaration, table, name))],
  };
}

const declaresShape = (declaration: Pipeline, table: string, shape: string): boolean =>
  declaration.tables[table]?.shapes.includes(shape) === true;

/** `rowsOf` is the list that `./` paths start in. */
function identityTemplate({ prefix, parts }: Identity, rowsOf: Path | undefined): string {
  const templates = parts.map((part) => (part === '$source' ? '<source>' : `<${fromRoot(part, rowsOf)}>`));
  return [...(prefix === undefined ? [] : [prefix]), ...templates].join(':');
}

const fromRoot = (path: Path, rowsOf: Path | undefined): Path =>
  path.startsWith('./') ? `${rowsOf ?? ''}[].${path.slice(2)}` : path;

function describeTable(declaration: Pipeline, table: CompiledTable): TableDescription {
  const declared = declaration.tables[table.name];
  if (declared === undefined) return describeEvents(declaration, table);
  const { rows, offered } = declared;
  const firstRows = Object.values(rows?.of ?? {})[0];
  return {
    name: table.name,
    about: declared.about,
    key: table.key,
    shapes: declared.shapes,
    rows:
      rows === undefined
        ? 'one for each event'
        : offered === undefined
          ? 'one for each element'
          : 'one for each element, by a key of its own',
    rowsOf: rows?.of ?? {},
    offered: offered && {
      identity: identityTemplate(offered.identity, firstRows),
      occurredAt: fromRoot(offered.occurredAt, firstRows),
    },
    columns: table.own.map((column) => {
      const origins =
        column.name === rows?.index?.column
          ? declared.shapes.map((shape) => [shape, { how: 'position', from: rows.index?.from ?? 0 }] as const)
          : declared.shapes.map((shape) => [shape, originOf(declaration, declared, shape, column.name)] as const);
      return {
        name: column.name,
        type: column.type,
        restricted: column.restricted,
        masked: origins.some(([, origin]) => origin?.how === 'function' && origin.inputs.some((one) => one.secret)),
        about: declared.columns[column.name]?.about,
        origins: together(origins),
      };
    }),
  };
}

function describeEvents(declaration: Pipeline, table: CompiledTable): TableDescription {
  const origins = Object.entries(declaration.shapes).map(([name, shape]): [string, ColumnOrigin] => {
    const { eventType } = shape;
    if (typeof eventType === 'string') return [name, { how: 'constant', value: eventType }];
    const { of, prefix = '' } = eventType;
    const place = resolvePath(shape, of, undefined);
    const spellings = typeof place !== 'string' && place.field.kind === 'oneOf' ? place.field.spellings : {};
    return [name, { how: 'words', path: of, prefix, words: shape.when[of] ?? spellings }];
  });
  return {
    name: table.name,
    about: 'one row for every event',
    key: table.key,
    shapes: Object.keys(declaration.shapes),
    rows: 'one for each event',
    rowsOf: {},
    offered: undefined,
    columns: [
      {
        name: 'event_type',
        type: 'text',
        restricted: false,
        masked: false,
        about: undefined,
        origins: together(origins),
      },
    ],
  };
}

/** The origins of a column, those that are the same named once. */
function together(origins: readonly (readonly [shape: string, origin: ColumnOrigin | undefined])[]) {
  const groups = new Map<string, { shapes: string[]; origin: ColumnOrigin }>();
  for (const [shape, origin] of origins) {
    if (origin === undefined) continue;
    const text = JSON.stringify(origin);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { shapes: [shape], origin });
    else group.shapes.push(shape);
  }
  return [...groups.values()];
}

function originOf(
  declaration: Pipeline,
  table: Table,
  shapeName: string,
  columnName: string,
): ColumnOrigin | undefined {
  const shape = declaration.shapes[shapeName];
  const column = table.columns[columnName];
  if (shape === undefined || column === undefined) return undefined;
  const origin = originFor(column.origin, shapeName);
  if (origin === undefined) return undefined;
  const at = (path: Path): RawPath => rawPathOf(shape, path, table.rows?.of[shapeName]);
  return typeof origin === 'string' ? pathOrigin(origin, at) : derivationOrigin(origin, at);
}

const pathOrigin = (path: Path, at: (path: Path) => RawPath): ColumnOrigin =>
  path.startsWith('$') ? { how: 'event', what: path.slice(1) } : { how: 'path', ...at(path) };

function derivationOrigin(origin: Derivation, at: (path: Path) => RawPath): ColumnOrigin {
  switch (origin.from) {
    case 'path':
      return pathOrigin(origin.path, at);
    case 'constant':
      return { how: 'constant', value: origin.value === null ? null : String(origin.value) };
    case 'raw':
      return { how: 'raw', ...at(origin.path) };
    case 'rawObject':
      return {
        how: 'object',
        members: Object.entries(origin.members).map(([name, path]) => ({ name, ...at(path) })),
      };
    case 'compute':
      return {
        how: 'function',
        inputs: Object.entries(origin.inputs).map(([name, { path, as }]: [string, Input<unknown>]) => ({
          name,
          as,
          ...at(path),
        })),
      };
  }
}

/** A field inside a secret or restricted one is so, too. */
function rawPathOf(shape: Shape, path: Path, rowsOf: Path | undefined): RawPath {
  const whole = fromRoot(path, rowsOf);
  const steps = whole.split('.');
  let secret = false;
  let restricted = false;
  for (let length = 1; length <= steps.length; length++) {
    const place = resolvePath(shape, steps.slice(0, length).join('.'), undefined);
    if (typeof place === 'string') break;
    secret ||= place.field.secret === true;
    restricted ||= place.field.restricted === true;
  }
  return { path: whole, secret, restricted };
}

function subjectsOf(shapeName: string, shape: Shape): SubjectDescription[] {
  const own = subjectFields(shape.fields, '').map(({ kind, path }) => ({
    kind,
    shape: shapeName,
    path,
    throughEvent: false,
  }));
  const through = Object.entries(shape.subjectThrough ?? {}).map(([kind, path]) => ({
    kind,
    shape: shapeName,
    path,
    throughEvent: true,
  }));
  return [...own, ...through];
}

function subjectFields(fields: Fields, prefix: string): { kind: string; path: Path }[] {
  return Object.entries(fields).flatMap(([name, field]) => subjectsAt(field, `${prefix}${name}`));
}

function subjectsAt(field: Field, path: Path): { kind: string; path: Path }[] {
  const here = field.subject === undefined ? [] : [{ kind: field.subject, path }];
  switch (field.kind) {
    case 'object':
      return [...here, ...subjectFields(field.fields, `${path}.`)];
    case 'array':
      return [...here, ...subjectsAt(field.of, `${path}[]`)];
    case 'tuple':
      return [...here, ...field.of.flatMap((of, place) => subjectsAt(of, `${path}[${place}]`))];
    default:
      return here;
  }
}

/** Where a column's values come from for one shape; undefined when the shape leaves it null. */
export const originForShape = (column: ColumnDescription, shape: string): ColumnOrigin | undefined =>
  column.origins.find(({ shapes }) => shapes.includes(shape))?.origin;
