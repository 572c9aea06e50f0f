// The language a pipeline is declared in. A declaration is data: validation, transform, tables, lineage and
// documentation all follow from it (compile.ts). The only code in it are pure functions of declared inputs.

import type { Fields } from './fields.ts';

/** A value of a column: text and json as string, integer and decimal (unscaled, scale 18) as bigint. */
export type Value = string | bigint | boolean | null;
export type ColumnType = 'text' | 'integer' | 'decimal' | 'boolean' | 'json';

/** `1`, `'pv/2'`, or a named pattern over text versions. */
export type Version = number | string | { readonly name: string; readonly pattern: string };

export interface Source {
  readonly versions: readonly Version[];
  /** The greater wins over any later copy from another source; 0 when not given. */
  readonly precedence?: number;
  /** Bodies of this source are never quoted, hashed plainly or previewed. */
  readonly secret?: true;
}

/**
 * Where a value comes from. A path is dotted (`order.lines`), `[]` steps into every element, `./` starts at the
 * element that the table's row stands for, `$source`, `$event_type` and `$schema_version` are the event's own.
 */
export type Path = string;

declare const carries: unique symbol;
/** A declared input of a function: a path read as `as`. `T` is what the function gets. */
export interface Input<T> {
  readonly path: Path;
  readonly as: 'text' | 'integer' | 'decimal' | 'boolean' | 'time' | 'raw' | 'texts' | 'integers' | 'decimals';
  readonly [carries]?: T;
}

export const input = {
  text: (path: Path): Input<string | null> => ({ path, as: 'text' }),
  integer: (path: Path): Input<bigint | null> => ({ path, as: 'integer' }),
  decimal: (path: Path): Input<bigint | null> => ({ path, as: 'decimal' }),
  boolean: (path: Path): Input<boolean | null> => ({ path, as: 'boolean' }),
  /** Microseconds since the epoch. */
  time: (path: Path): Input<bigint | null> => ({ path, as: 'time' }),
  /** The exact JSON text. */
  raw: (path: Path): Input<string | null> => ({ path, as: 'raw' }),
  texts: (path: Path): Input<readonly (string | null)[]> => ({ path, as: 'texts' }),
  integers: (path: Path): Input<readonly (bigint | null)[]> => ({ path, as: 'integers' }),
  decimals: (path: Path): Input<readonly (bigint | null)[]> => ({ path, as: 'decimals' }),
} as const;

/** Returned by a function when no row can hold the result: the delivery is rejected as a schema_violation. */
export class Refusal {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

export type Derivation =
  | { readonly from: 'path'; readonly path: Path }
  | { readonly from: 'constant'; readonly value: Value }
  | { readonly from: 'raw'; readonly path: Path }
  /** A JSON object put together from the exact texts of paths; absent ones are left out. */
  | { readonly from: 'rawObject'; readonly members: Readonly<Record<string, Path>> }
  | {
      readonly from: 'compute';
      readonly inputs: Readonly<Record<string, Input<unknown>>>;
      readonly compute: (inputs: Readonly<Record<string, never>>) => Value | Refusal;
    };

type Inputs = Readonly<Record<string, Input<unknown>>>;
type InputValues<I extends Inputs> = { readonly [K in keyof I]: I[K] extends Input<infer T> ? T : never };

export const constant = (value: Value): Derivation => ({ from: 'constant', value });
export const raw = (path: Path): Derivation => ({ from: 'raw', path });
export const rawObject = (members: Readonly<Record<string, Path>>): Derivation => ({ from: 'rawObject', members });
/** A pure function of declared inputs. It must depend on nothing else: no clock, no module state. */
export function compute<I extends Inputs>(inputs: I, fn: (inputs: InputValues<I>) => Value | Refusal): Derivation {
  return { from: 'compute', inputs, compute: fn as (inputs: Readonly<Record<string, never>>) => Value | Refusal };
}

/** One derivation for every shape, or one for each shape of the table (a missing shape gives null). */
export type Origin = Path | Derivation | { readonly byShape: Readonly<Record<string, Path | Derivation>> };

export interface Column {
  readonly type: ColumnType;
  readonly origin: Origin;
  readonly restricted?: true;
  readonly about?: string;
}

interface ColumnTraits {
  readonly restricted?: true;
  readonly about?: string;
}
type ByShape = Readonly<Record<string, Path | Derivation>>;
const originOf = (origin: Path | Derivation | ByShape): Origin =>
  typeof origin === 'string' || 'from' in origin ? (origin as Path | Derivation) : { byShape: origin as ByShape };
const columnOf =
  (type: ColumnType) =>
  (origin: Path | Derivation | ByShape, traits: ColumnTraits = {}): Column => ({
    type,
    origin: originOf(origin),
    ...traits,
  });

/** Columns of a table; `origin` is a path, a derivation, or one of these for each shape. */
export const column = {
  text: columnOf('text'),
  integer: columnOf('integer'),
  decimal: columnOf('decimal'),
  boolean: columnOf('boolean'),
  json: columnOf('json'),
} as const;

export interface Identity {
  /** Class prefix, put before the parts as it is. */
  readonly prefix?: string;
  /** `$source` or paths of text, integer or listed fields; joined by `:`, encoded. */
  readonly parts: readonly Path[];
  /** The one part as sent, neither prefixed nor encoded. */
  readonly bare?: true;
}

/** One kind of body: which deliveries have it, what it holds, which event it tells of. */
export interface Shape {
  readonly source: string | readonly string[];
  readonly version: number | string;
  /** The fields that tell the shapes of one source and version apart: path → what is sent → what it means. */
  readonly when: Readonly<Record<Path, Readonly<Record<string, string>>>>;
  /** A constant, or the meaning of a listed field, perhaps behind a prefix. */
  readonly eventType: string | { readonly of: Path; readonly prefix?: string };
  readonly fields: Fields;
  readonly identity: Identity;
  readonly occurredAt: Path;
  /** Paths through which the event belongs to a subject of another event: kind of link → path. */
  readonly subjectThrough?: Readonly<Record<string, Path>>;
}

/** One row for an event, a row for each element of `rows`, or rows that several events offer under one key. */
export interface Table {
  readonly about?: string;
  readonly shapes: readonly string[];
  readonly rows?: {
    /** Path of the array, for each shape. */
    readonly of: Readonly<Record<string, Path>>;
    /** The column that numbers the elements. */
    readonly index?: { readonly column: string; readonly from: number };
  };
  /** The row has an identity of its own: of several events that offer it the latest delivery wins. */
  readonly offered?: { readonly identity: Identity; readonly occurredAt: Path };
  readonly columns: Readonly<Record<string, Column>>;
}

export interface Pipeline {
  readonly name: string;
  readonly title: string;
  readonly sources: Readonly<Record<string, Source>>;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Beside `events`, which every pipeline has. */
  readonly tables: Readonly<Record<string, Table>>;
}

/** Declares a pipeline; nothing is checked before compilePipeline. */
export const definePipeline = (pipeline: Pipeline): Pipeline => pipeline;

/** `when` for a field whose listed words mean themselves. */
export function listed(...words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(words.map((word) => [word, word]));
}
