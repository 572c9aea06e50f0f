// Reads raw objects one after the other, small ones together. Where an object cannot be read it says so and goes on.

import { isRepriseError } from '../../model/errors.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { RawFooter, RawReader, RowRange } from '../../ports/raw-reader.ts';
import { PLAN_LIMITS } from './limits.ts';

export interface ReadDeps {
  readonly lake: ObjectStore;
  readonly reader: RawReader;
}

export interface RawPart {
  readonly key: string;
  readonly bytes: number;
  /** Absent: the whole object. */
  readonly rows?: RowRange;
}

/** What is found, part by part: its rows in ascending order, then its end, or that it cannot be read (any further). */
export type Found<Part extends RawPart> =
  | { readonly kind: 'rows'; readonly part: Part; readonly rows: readonly RawRow[] }
  | { readonly kind: 'end'; readonly part: Part; readonly footer: RawFooter }
  | { readonly kind: 'unreadable'; readonly part: Part; readonly detail: string };

/**
 * Reads the parts in their order, apart from small objects that turn out not to be readable together: these follow
 * the others of their group. `check` throws for an object that is not what was asked for; it is called before an object
 * is read and before its end is said.
 */
export async function* readRaw<Part extends RawPart>(
  deps: ReadDeps,
  parts: readonly Part[],
  check: (part: Part) => Promise<void>,
): AsyncGenerator<Found<Part>, void, undefined> {
  for (const group of groupsOf(parts)) {
    const read = new Set<Part>();
    if (group.length > 1) yield* readTogether(deps, group, check, read);
    for (const part of group) if (!read.has(part)) yield* readOne(deps, part, check);
  }
}

async function* readTogether<Part extends RawPart>(
  { lake, reader }: ReadDeps,
  group: readonly Part[],
  check: (part: Part) => Promise<void>,
  read: Set<Part>,
): AsyncGenerator<Found<Part>, void, undefined> {
  const held: { readonly path: string; release(): Promise<void> }[] = [];
  try {
    for (const part of group) {
      await check(part);
      held.push(await lake.fetch(part.key));
    }
    const paths = held.map(({ path }) => path);
    for await (const { place, footer, rows } of reader.readTogether(paths, LIMITS.bodyBytesMax)) {
      const part = group[place] as Part;
      await check(part);
      read.add(part);
      yield { kind: 'rows', part, rows };
      yield { kind: 'end', part, footer };
    }
  } finally {
    for (const one of held) await one.release();
  }
}

async function* readOne<Part extends RawPart>(
  { lake, reader }: ReadDeps,
  part: Part,
  check: (part: Part) => Promise<void>,
): AsyncGenerator<Found<Part>, void, undefined> {
  await check(part);
  const local = await lake.fetch(part.key);
  try {
    const footer = await reader.footer(local.path);
    for await (const rows of reader.read(local.path, part.rows, LIMITS.bodyBytesMax)) {
      yield { kind: 'rows', part, rows };
    }
    await check(part);
    yield { kind: 'end', part, footer };
  } catch (error) {
    if (!isRepriseError(error) || error.code !== 'UnreadableObject') throw error;
    yield { kind: 'unreadable', part, detail: error.message };
  } finally {
    await local.release();
  }
}

/** Small whole objects that follow each other form a group; any other part is one of its own. */
function* groupsOf<Part extends RawPart>(parts: readonly Part[]): Generator<readonly Part[], void, undefined> {
  let group: Part[] = [];
  let bytes = 0;
  for (const part of parts) {
    const isSmall = part.rows === undefined && part.bytes <= PLAN_LIMITS.smallObjectBytes;
    const hasRoom = group.length < PLAN_LIMITS.togetherObjectsMax && bytes + part.bytes <= PLAN_LIMITS.togetherBytesMax;
    if (group.length > 0 && !(isSmall && hasRoom)) {
      yield group;
      group = [];
      bytes = 0;
    }
    if (isSmall) {
      group.push(part);
      bytes += part.bytes;
    } else yield [part];
  }
  if (group.length > 0) yield group;
}
