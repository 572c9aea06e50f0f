// Where the values of a column come from for one shape, in two forms: in words for people, and as a text that is equal
// exactly when the values are.

import type { ColumnDescription, ColumnOrigin, RawPath, TableDescription } from '../../model/describe.ts';
import { canonicalJson, type MeaningOf } from '../../model/digest.ts';
import type { Field } from '../../model/fields.ts';
import type { Column, Derivation, Path, Pipeline, Shape } from '../../model/language.ts';
import { type Place, resolvePath } from '../../model/paths.ts';

/** Words as they are sent and what they mean. */
export type Words = Readonly<Record<string, string>>;

export interface OriginSurface {
  /** For people. */
  readonly says: string;
  /** For comparison; listed words are compared apart. */
  readonly means: string;
  /** A secret place is read through a function. */
  readonly masked: boolean;
  /** Undefined when a function decides. */
  readonly nullable?: boolean;
  /** The listed words, where there are only these. */
  readonly words?: Words;
}

export interface OriginOf {
  readonly declaration: Pipeline;
  readonly meaningOf: MeaningOf;
  readonly table: TableDescription;
  readonly column: ColumnDescription;
  readonly shape: string;
  readonly origin: ColumnOrigin;
}

export function originSurface(of: OriginOf): OriginSurface {
  const { origin } = of;
  const shape = of.declaration.shapes[of.shape] as Shape;
  switch (origin.how) {
    case 'path': {
      const place = placeOf(of, shape, origin.path);
      const words = wordsAt(shape, origin.path, place?.field);
      return {
        says: origin.path,
        means: canonicalJson(['path', origin.path, kindOf(place?.field)]),
        masked: false,
        nullable: place?.optional ?? true,
        ...(words && { words }),
      };
    }
    case 'raw':
      return known(`the exact text of ${origin.path}`, origin, placeOf(of, shape, origin.path)?.optional ?? true);
    case 'object':
      return known(`an object of ${origin.members.map((one) => one.path).join(', ')}`, origin, false);
    case 'event':
      return origin.what === 'event_type' ? eventType(shape) : known(`the event’s ${origin.what}`, origin, false);
    case 'words':
      return eventType(shape);
    case 'constant':
      return of.column.name === 'event_type' && of.table.name === 'events'
        ? eventType(shape)
        : known(`always ${origin.value ?? 'null'}`, origin, origin.value === null);
    case 'position':
      return known(`the place in the list, from ${origin.from}`, origin, false);
    case 'function':
      return functionSurface(of, origin.inputs);
  }
}

const known = (says: string, origin: ColumnOrigin, nullable: boolean): OriginSurface => ({
  says,
  means: canonicalJson(origin),
  masked: false,
  nullable,
});

function functionSurface(of: OriginOf, inputs: readonly (RawPath & { name: string; as: string })[]): OriginSurface {
  const column = of.declaration.tables[of.table.name]?.columns[of.column.name] as Column;
  const { origin } = column;
  const one = typeof origin === 'object' && 'byShape' in origin ? origin.byShape[of.shape] : origin;
  const { compute } = one as Extract<Derivation, { from: 'compute' }>;
  const meaning = of.meaningOf(compute, { table: of.table.name, column: of.column.name });
  const read = inputs.map(({ name, path, as }) => [name, path, as]).sort();
  return {
    says: `a function of ${inputs.map((input) => input.path).join(', ')}`,
    means: canonicalJson(['function', read, meaning]),
    masked: inputs.some((input) => input.secret),
  };
}

/** Listed words and plain text are the same kind of value; of the rest the form counts. */
function kindOf(field: Field | undefined): string {
  if (field === undefined || field.kind === 'oneOf' || field.kind === 'text') return 'text';
  return 'form' in field ? `${field.kind} ${field.form}` : field.kind;
}

function eventType(shape: Shape): OriginSurface {
  const { eventType: type } = shape;
  if (typeof type === 'string') {
    return { says: `always ${type}`, means: '"event type"', masked: false, nullable: false, words: { '': type } };
  }
  const { of, prefix = '' } = type;
  const place = resolvePath(shape, of, undefined);
  const listed =
    shape.when[of] ?? (typeof place !== 'string' && place.field.kind === 'oneOf' ? place.field.spellings : {});
  const words = Object.fromEntries(Object.entries(listed).map(([sent, meant]) => [sent, `${prefix}${meant}`]));
  return { says: `the words of ${of}`, means: '"event type"', masked: false, nullable: false, words };
}

function wordsAt(shape: Shape, path: Path, field: Field | undefined): Words | undefined {
  if (field?.kind === 'oneOf') return field.spellings;
  const listed = shape.when[path];
  return listed && Object.fromEntries(Object.keys(listed).map((word) => [word, word]));
}

/** The place, seen from the element that the row stands for: the list itself is there when the row is. */
function placeOf({ table, shape: name }: OriginOf, shape: Shape, path: Path): Place | undefined {
  const list = table.rowsOf[name];
  const array = list === undefined ? undefined : resolvePath(shape, list, undefined);
  const isWithin = list !== undefined && path.startsWith(`${list}[].`);
  const element = typeof array === 'object' && array.field.kind === 'array' ? array.field.of : undefined;
  const place = isWithin
    ? resolvePath(shape, `./${path.slice(list.length + 3)}`, element)
    : resolvePath(shape, path, undefined);
  return typeof place === 'string' ? undefined : place;
}
