// Which deliveries a shape takes and which it rejects, before and after: more of them is compatible, fewer breaks.
// What is asked of a field that was not looked at before is no change as long as the field may be absent.

import type { Field, Fields } from '../../model/fields.ts';
import type { ShapeSurface } from './surface.ts';

export interface AcceptanceChange {
  readonly breaks: boolean;
  readonly detail: string;
}

/** At most one that breaks and one that does not, each with all places. */
export function acceptanceChanges(from: ShapeSurface, to: ShapeSurface): AcceptanceChange[] {
  const found = [...dispatchChanges(from, to), ...fieldsChanges(from.fields, to.fields, '')];
  return [true, false].flatMap((breaks) => {
    const details = found.filter((one) => one.breaks === breaks).map((one) => one.detail);
    return details.length === 0
      ? []
      : [{ breaks, detail: `${breaks ? 'rejects' : 'accepts'} more: ${details.join('; ')}` }];
  });
}

const more = (detail: string): AcceptanceChange => ({ breaks: false, detail });
const fewer = (detail: string): AcceptanceChange => ({ breaks: true, detail });

function dispatchChanges(from: ShapeSurface, to: ShapeSurface): AcceptanceChange[] {
  const found: AcceptanceChange[] = [];
  const names = (shape: ShapeSurface): string[] => shape.sources.map((source) => source.name);
  found.push(...listChanges('source', names(from), names(to)));
  if (from.version !== to.version) found.push(fewer(`the version was ${from.version}, is ${to.version}`));
  for (const path of Object.keys({ ...from.when, ...to.when })) {
    const [was, is] = [from.when[path], to.when[path]];
    if (was === undefined) found.push(fewer(`${path} is looked at`));
    else if (is === undefined) found.push(more(`${path} is not looked at`));
    else found.push(...listChanges(path, Object.keys(was), Object.keys(is)));
  }
  return found;
}

function listChanges(what: string, from: readonly string[], to: readonly string[]): AcceptanceChange[] {
  const [added, gone] = [to.filter((one) => !from.includes(one)), from.filter((one) => !to.includes(one))];
  return [
    ...(added.length > 0 ? [more(`${what} ${added.join(', ')}`)] : []),
    ...(gone.length > 0 ? [fewer(`${what} ${gone.join(', ')}`)] : []),
  ];
}

function fieldsChanges(from: Fields, to: Fields, prefix: string): AcceptanceChange[] {
  return Object.keys({ ...from, ...to }).flatMap((name) => {
    const [was, is] = [from[name], to[name]];
    const path = `${prefix}${name}`;
    if (was !== undefined && is !== undefined) return fieldChanges(was, is, path);
    if (is !== undefined) return mustBeThere(is) ? [fewer(`without ${path}`)] : [];
    return was !== undefined && mustBeThere(was) ? [more(`without ${path}`)] : [];
  });
}

const mustBeThere = (field: Field): boolean => field.optional !== true;

function fieldChanges(was: Field, is: Field, path: string): AcceptanceChange[] {
  const found: AcceptanceChange[] = [];
  if (mustBeThere(was) !== mustBeThere(is)) found.push((mustBeThere(is) ? fewer : more)(`without ${path}`));
  else if (mayBeNull(was) !== mayBeNull(is)) found.push((mayBeNull(is) ? more : fewer)(`${path} that is null`));
  return [...found, ...kindChanges(was, is, path)];
}

const mayBeNull = (field: Field): boolean => field.optional === true || field.nullable === true;

function kindChanges(was: Field, is: Field, path: string): AcceptanceChange[] {
  if (was.kind === 'oneOf' && is.kind === 'oneOf')
    return listChanges(path, Object.keys(was.spellings), Object.keys(is.spellings));
  if (was.kind === 'object' && is.kind === 'object') return fieldsChanges(was.fields, is.fields, `${path}.`);
  if (was.kind === 'array' && is.kind === 'array') return fieldChanges(was.of, is.of, `${path}[]`);
  if (was.kind === 'tuple' && is.kind === 'tuple' && was.of.length === is.of.length)
    return was.of.flatMap((one, place) => fieldChanges(one, is.of[place] as Field, `${path}[${place}]`));
  const [from, to] = [formOf(was), formOf(is)];
  if (from === to) return [];
  const widens = (was.kind === 'oneOf' && is.kind === 'text') || (was.kind === 'integer' && is.kind === 'number');
  return [(widens ? more : fewer)(`${path} was ${from}, is ${to}`)];
}

const formOf = (field: Field): string =>
  field.kind === 'tuple'
    ? `tuple of ${field.of.length}`
    : 'form' in field
      ? `${field.kind} (${field.form})`
      : field.kind;
