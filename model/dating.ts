// Which event a delivery tells of and when it occurred, read as leniently as possible: a delivery that is rejected for
// another field still belongs to its event's date. The catalog is made with these rules alone.

import type { CompiledIdentity, CompiledPipeline, CompiledShape, CompiledSource } from './compile.ts';
import { joinIdentity } from './identity.ts';
import { type Json, readJson } from './json.ts';
import { LIMITS } from './limits.ts';
import { scalarAt } from './paths.ts';
import type { RawRow } from './raw-row.ts';
import { dateOfMicros } from './time.ts';
import { versionOf } from './version.ts';

export interface Dating {
  readonly eventId: string | undefined;
  readonly occurredAtMicros: bigint | undefined;
}

/** The shape a body has by its listed words; a text says which field tells none of them. */
export function dispatch(source: CompiledSource, version: string, root: Json): CompiledShape | string {
  const shapes = source.shapes.filter((shape) => String(shape.version) === version);
  let fault = 'no shape has this version';
  for (const shape of shapes) {
    const wrong = shape.whenPlaces.find(({ place, words }) => {
      const node = place.node(root);
      return node?.kind !== 'string' || !Object.hasOwn(words, node.value);
    });
    if (wrong === undefined) return shape;
    fault = `${wrong.path}: not one of the listed words`;
  }
  return fault;
}

/** Identity and time of a body of that shape, each undefined when it cannot be read. */
export function datingOf(shape: CompiledShape, source: string, root: Json): Dating {
  const at = scalarAt(shape.occurredAtPlace.field, shape.occurredAtPlace.node(root));
  return {
    eventId: identityAt(shape.compiledIdentity, source, root, root),
    occurredAtMicros: typeof at === 'bigint' ? at : undefined,
  };
}

/** The identity as text; undefined when a part is absent or not of its type. */
export function identityAt(identity: CompiledIdentity, source: string, element: Json, root: Json): string | undefined {
  const parts: string[] = [];
  for (const place of identity.places) {
    if (place === '$source') {
      parts.push(source);
      continue;
    }
    const value = scalarAt(place.field, place.node(place.relative ? element : root));
    if (value === undefined || value === null) return undefined;
    parts.push(String(value));
  }
  return identity.bare ? parts[0] : joinIdentity(identity.prefix, parts);
}

/** A row that a delivery may give: its key, the event that gives it, its UTC day number. */
export interface KeyedDay {
  readonly key: string;
  readonly eventKey: string;
  readonly day: number;
}

/** What the catalog keeps of a delivery: the day it belongs to, and every key it may give a row to. */
export function datesOf(
  pipeline: CompiledPipeline,
  raw: RawRow,
): { readonly day: number; readonly keys: readonly KeyedDay[] } {
  const receivedDay = dateOfMicros(raw.receivedAtMicros);
  const none = { day: receivedDay, keys: [] };
  const source = pipeline.sources.get(raw.source ?? '');
  if (source === undefined || raw.body === undefined || raw.bodyBytes > LIMITS.bodyBytesMax) return none;
  const read = readJson(raw.body, LIMITS.depthMax);
  if (!read.ok || read.value.kind !== 'object') return none;
  const version = versionOf(read.value, source.compiledVersions);
  if ('fault' in version) return none;
  const shape = dispatch(source, version.name, read.value);
  if (typeof shape === 'string') return none;
  const { eventId, occurredAtMicros } = datingOf(shape, source.name, read.value);
  const day = occurredAtMicros === undefined ? receivedDay : dateOfMicros(occurredAtMicros);
  if (eventId === undefined) return { day, keys: [] };
  return {
    day,
    keys: [{ key: eventId, eventKey: eventId, day }, ...offeredKeys(shape, source.name, read.value, eventId)],
  };
}

function offeredKeys(shape: CompiledShape, source: string, root: Json, eventKey: string): KeyedDay[] {
  const keys: KeyedDay[] = [];
  for (const { rowsOf, offered } of shape.gives) {
    const list = rowsOf?.node(root);
    if (offered === undefined || list?.kind !== 'array') continue;
    for (const element of list.items) {
      const key = identityAt(offered.identity, source, element, root);
      const at = scalarAt(
        offered.occurredAt.field,
        offered.occurredAt.node(offered.occurredAt.relative ? element : root),
      );
      if (key !== undefined && typeof at === 'bigint') keys.push({ key, eventKey, day: dateOfMicros(at) });
    }
  }
  return keys;
}
