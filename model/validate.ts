// Checks a body against the declared fields: required and present, of its type, form and list. Names the first place
// that is wrong by its declared path, never by a value.

import type { Field, Fields } from './fields.ts';
import type { Json } from './json.ts';
import { scalarAt } from './paths.ts';

/** The first fault, as `path: what it should be`; undefined when the node fits. */
export function faultOf(field: Field, node: Json | undefined, path: string): string | undefined {
  if (node === undefined) return field.optional ? undefined : `${path}: missing`;
  if (node.kind === 'null') return field.optional || field.nullable ? undefined : `${path}: null`;
  switch (field.kind) {
    case 'object':
      if (node.kind !== 'object') return `${path}: ${article(node)}, not an object`;
      return faultOfMembers(field.fields, node.members, path);
    case 'array':
      if (node.kind !== 'array') return `${path}: ${article(node)}, not an array`;
      for (const item of node.items) {
        const fault = faultOf(field.of, item, `${path}[]`);
        if (fault !== undefined) return fault;
      }
      return undefined;
    case 'tuple':
      if (node.kind !== 'array') return `${path}: ${article(node)}, not an array`;
      if (node.items.length !== field.of.length) return `${path}: ${node.items.length} items, not ${field.of.length}`;
      for (const [place, of] of field.of.entries()) {
        const fault = faultOf(of, node.items[place], `${path}[${place}]`);
        if (fault !== undefined) return fault;
      }
      return undefined;
    default:
      return scalarAt(field, node) === undefined ? `${path}: ${article(node)}, not ${wanted(field)}` : undefined;
  }
}

/** The first fault among the members of an object, in the order of the declaration. */
export function faultOfMembers(fields: Fields, members: ReadonlyMap<string, Json>, path: string): string | undefined {
  for (const name in fields) {
    const fault = faultOf(fields[name] as Field, members.get(name), path === '' ? name : `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const article = (node: Json): string => (/^[aeiou]/.test(node.kind) ? `an ${node.kind}` : `a ${node.kind}`);

function wanted(field: Field): string {
  switch (field.kind) {
    case 'text':
      return 'text';
    case 'integer':
      return 'a 64-bit integer';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'a boolean';
    case 'time':
      return { text: 'a time', epoch_ms: 'epoch milliseconds', seconds_micros: 'seconds.micros' }[field.form];
    case 'decimal':
      return field.form === 'text' ? 'a decimal text that fits 20.18 digits' : 'a number that fits 20.18 digits';
    case 'oneOf':
      return 'one of the listed words';
    default:
      return `an ${field.kind}`;
  }
}
