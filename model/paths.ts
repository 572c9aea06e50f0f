// Finds the place that a path of the declaration names, and reads it from bodies. Paths are resolved once, against
// the declared fields; a path that leads nowhere is a fault of the declaration, not of a body.

import { parseDecimalNumber, parseDecimalText } from './decimal.ts';
import type { Field, Fields } from './fields.ts';
import { parseInt64 } from './integer.ts';
import type { Json } from './json.ts';
import type { Shape, Value } from './language.ts';
import { parseEpochMillis, parseSecondsMicros, parseTimeText } from './time.ts';

/** A resolved path: its field, whether it gives a list, whether an optional step is on the way. */
export interface Place {
  readonly field: Field;
  readonly many: boolean;
  readonly optional: boolean;
  readonly relative: boolean;
  /** The nodes there; a single path gives at most one. */
  nodes(base: Json): (Json | undefined)[];
  node(base: Json): Json | undefined;
}

/** The member of an object node; undefined for anything else. */
export function member(node: Json | undefined, name: string): Json | undefined {
  return node?.kind === 'object' ? node.members.get(name) : undefined;
}

/** Follows plain member names, for paths that are known to have no `[]`. */
export function follow(base: Json | undefined, names: readonly string[]): Json | undefined {
  let node = base;
  for (const name of names) node = member(node, name);
  return node;
}

/**
 * Resolves `path` in the shape; `element` are the fields of the array element that `./` paths start at.
 * Gives the fault as text when it leads nowhere.
 */
export function resolvePath(shape: Shape, path: string, element: Field | undefined): Place | string {
  const relative = path.startsWith('./');
  if (relative && element === undefined) return `path ${path} starts at an element, but the table has no rows`;
  const steps = (relative ? path.slice(2) : path).split('.');
  let field: Field = relative ? (element as Field) : { kind: 'object', fields: fieldsWithWhen(shape) };
  let many = false;
  let optional = false;
  const walk: { name: string; each: boolean }[] = [];
  for (const step of steps) {
    const each = step.endsWith('[]');
    const name = each ? step.slice(0, -2) : step;
    if (field.kind !== 'object') return `path ${path}: ${name} is inside a ${field.kind}`;
    const next: Field | undefined = Object.hasOwn(field.fields, name) ? field.fields[name] : undefined;
    if (next === undefined) return `path ${path}: no field ${name}`;
    optional ||= next.optional === true || next.nullable === true;
    field = next;
    if (each) {
      if (field.kind !== 'array') return `path ${path}: ${name} is a ${field.kind}, not an array`;
      field = field.of;
      many = true;
    }
    walk.push({ name, each });
  }
  const names = walk.map((step) => step.name);
  const nodes = (base: Json): (Json | undefined)[] => {
    let found: (Json | undefined)[] = [base];
    for (const { name, each } of walk) {
      found = found.map((node) => member(node, name));
      if (each) found = found.flatMap((node) => (node?.kind === 'array' ? node.items : []));
    }
    return found;
  };
  return { field, many, optional, relative, nodes, node: (base) => follow(base, names) };
}

/** The declared fields, with each `when` path as a text field where the fields do not name it. */
function fieldsWithWhen(shape: Shape): Fields {
  const extra: Record<string, Field> = {};
  for (const path of Object.keys(shape.when))
    if (!path.includes('.') && !Object.hasOwn(shape.fields, path)) extra[path] = { kind: 'text' };
  return { ...extra, ...shape.fields };
}

/**
 * The value of a scalar at a node: text and listed words as string, integers, decimals (unscaled) and times
 * (microseconds) as bigint, JSON numbers as their text. Absent and null are null; undefined when the node is not of
 * the field's type or form.
 */
export function scalarAt(field: Field, node: Json | undefined): Value | undefined {
  if (node === undefined || node.kind === 'null') return null;
  switch (field.kind) {
    case 'text':
      return node.kind === 'string' ? node.value : undefined;
    case 'integer':
      return node.kind === 'number' ? parseInt64(node.text) : undefined;
    case 'number':
      return node.kind === 'number' ? node.text : undefined;
    case 'boolean':
      return node.kind === 'boolean' ? node.value : undefined;
    case 'time':
      if (field.form === 'epoch_ms') return node.kind === 'number' ? parseEpochMillis(node.text) : undefined;
      if (node.kind !== 'string') return undefined;
      return field.form === 'text' ? parseTimeText(node.value) : parseSecondsMicros(node.value);
    case 'decimal': {
      if (node.kind !== (field.form === 'text' ? 'string' : 'number')) return undefined;
      const read =
        node.kind === 'string'
          ? parseDecimalText(node.value)
          : node.kind === 'number'
            ? parseDecimalNumber(node.text)
            : undefined;
      return typeof read === 'bigint' ? read : undefined;
    }
    case 'oneOf':
      return node.kind === 'string' && Object.hasOwn(field.spellings, node.value)
        ? field.spellings[node.value]
        : undefined;
    case 'object':
    case 'array':
    case 'tuple':
      return undefined;
  }
}
