// How one column gets its value from one shape: a path, a constant, an exact slice, or a function of declared inputs.

import { RepriseError } from './errors.ts';
import type { Field } from './fields.ts';
import { type Json, rawSlice } from './json.ts';
import type { Column, Derivation, Input, Origin, Path, Refusal, Shape, Value } from './language.ts';
import { type Place, resolvePath, scalarAt } from './paths.ts';

/** What a derivation may look at: the body, the element the row stands for, and what is known of the event. */
export interface DerivationContext {
  readonly text: string;
  readonly root: Json;
  readonly element: Json | undefined;
  readonly source: string;
  readonly eventType: string;
  readonly schemaVersion: string;
}

/** How a value is made, and by what, as messages name it: `path order.id`, `function orderTotal`. */
export interface CompiledDerivation {
  readonly derive: (context: DerivationContext) => Value | Refusal;
  readonly by: string;
  /** Made by a function, which may give anything; all else is of the column's type by construction. */
  readonly isComputed: boolean;
}

export interface DerivationPlace {
  readonly shape: Shape;
  readonly shapeName: string;
  readonly element: Field | undefined;
}

/** The derivation of a column for one shape; undefined when the column says nothing of that shape. */
export function originFor(origin: Origin, shapeName: string): Path | Derivation | undefined {
  return typeof origin === 'object' && 'byShape' in origin ? origin.byShape[shapeName] : origin;
}

/** Compiles a column that check.ts has found sound. */
export function compileDerivation(column: Column, place: DerivationPlace): CompiledDerivation {
  const origin = originFor(column.origin, place.shapeName);
  const derive = origin === undefined ? () => null : deriverOf(origin, column, place);
  return { derive, by: nameOf(origin), isComputed: typeof origin === 'object' && origin.from === 'compute' };
}

function nameOf(origin: Path | Derivation | undefined): string {
  if (origin === undefined) return 'nothing';
  if (typeof origin === 'string') return `path ${origin}`;
  if (origin.from === 'path' || origin.from === 'raw') return `path ${origin.path}`;
  if (origin.from === 'constant') return 'constant';
  if (origin.from === 'rawObject') return 'raw object';
  const paths = Object.values(origin.inputs).map(({ path }) => path);
  return `function${origin.compute.name === '' ? '' : ` ${origin.compute.name}`} of (${paths.join(', ')})`;
}

function deriverOf(origin: Path | Derivation, column: Column, place: DerivationPlace): CompiledDerivation['derive'] {
  if (typeof origin === 'string') return compilePath(origin, column, place);
  switch (origin.from) {
    case 'path':
      return compilePath(origin.path, column, place);
    case 'constant':
      return () => origin.value;
    case 'raw':
      return rawAt(sound(origin.path, place));
    case 'rawObject': {
      const members = Object.entries(origin.members).map(
        ([name, path]) => [JSON.stringify(name), rawAt(sound(path, place))] as const,
      );
      return (context) => {
        const held = members.map(([name, read]) => [name, read(context)] as const).filter(([, raw]) => raw !== null);
        return `{${held.map(([name, raw]) => `${name}:${raw}`).join(',')}}`;
      };
    }
    case 'compute': {
      const reads = Object.entries(origin.inputs).map(([name, input]) => [name, readInput(input, place)] as const);
      return (context) => {
        const inputs: Record<string, unknown> = {};
        for (const [name, read] of reads) inputs[name] = read(context);
        return origin.compute(inputs as Readonly<Record<string, never>>);
      };
    }
  }
}

function compilePath(path: Path, column: Column, place: DerivationPlace): CompiledDerivation['derive'] {
  if (path === '$event_type') return (context) => context.eventType;
  if (path === '$source') return (context) => context.source;
  if (path === '$schema_version') return (context) => context.schemaVersion;
  const at = sound(path, place);
  const read = scalarReader(at);
  if (column.type === 'text' && at.field.kind === 'integer') {
    return (context) => {
      const digits = read(context);
      return digits === null ? null : String(digits);
    };
  }
  return read;
}

const base = (place: Place, context: DerivationContext): Json =>
  place.relative ? (context.element as Json) : context.root;

function scalarReader(place: Place): (context: DerivationContext) => Value {
  return (context) => scalarAt(place.field, place.node(base(place, context))) ?? null;
}

function rawAt(place: Place): (context: DerivationContext) => string | null {
  return (context) => {
    const node = place.node(base(place, context));
    return node === undefined || node.kind === 'null' ? null : rawSlice(context.text, node);
  };
}

function readInput(input: Input<unknown>, derivation: DerivationPlace): (context: DerivationContext) => unknown {
  const place = sound(input.path, derivation);
  switch (input.as) {
    case 'raw':
      return rawAt(place);
    case 'texts':
    case 'integers':
    case 'decimals':
      return (context) => place.nodes(base(place, context)).map((node) => scalarAt(place.field, node) ?? null);
    default:
      return scalarReader(place);
  }
}

function sound(path: Path, { shape, element }: DerivationPlace): Place {
  const place = resolvePath(shape, path, element);
  if (typeof place === 'string') throw new RepriseError('Internal', place, 'report this: a path was not checked');
  return place;
}
