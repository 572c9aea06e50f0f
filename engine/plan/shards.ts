// What a plan is about beside its root: lists that grow with the lake, as documents of JSON lines that are named by their
// digest. The root names them, so that its hash covers them; whoever reads one holds it against its name.

import { createHash } from 'node:crypto';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { encodedLines, readLines, readLinesBackwards } from '../ledger/lines.ts';
import type { LinePlace, PinnedObject, Plan, Shard, Slice } from './plan-document.ts';

export const shardKey = (sha256: string): string => `plan-shards/${sha256}.jsonl`;

/** Writes the items as a shard. */
export async function writeShard(
  control: ObjectStore,
  items: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<Shard> {
  let count = 0;
  const counted = async function* (): AsyncGenerator<unknown, void, undefined> {
    for await (const item of items) {
      count++;
      yield item;
    }
  };
  const { sha256 } = await control.writeNamed(encodedLines(counted()), shardKey);
  return { count, sha256 };
}

/** Every raw object of a plan that is being made, and the line that has it. */
export async function* pinnedObjects(
  control: ObjectStore,
  shard: Shard,
): AsyncGenerator<{ readonly object: PinnedObject; readonly line: LinePlace }, void, undefined> {
  let at = 0;
  for await (const text of shardLines(control, 'a plan in the making', shard, 'objects')) {
    const bytes = Buffer.byteLength(text);
    yield { object: JSON.parse(text) as PinnedObject, line: { at, bytes, sha256: lineDigest(text) } };
    at += bytes + 1;
  }
}

/** The object that a line of the plan's objects has. Throws NotAsRecorded when the line is not the one that was named. */
export async function objectAt(
  control: ObjectStore,
  objectsSha256: string,
  { at, bytes, sha256 }: LinePlace,
): Promise<PinnedObject> {
  const key = shardKey(objectsSha256);
  const text = Buffer.from((await control.range(key, at, bytes)) ?? []).toString('utf8');
  if (lineDigest(text) !== sha256) throw notAsRecorded('the plan', key, 'objects');
  return JSON.parse(text) as PinnedObject;
}

const LINE_DIGITS = 32;
const lineDigest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, LINE_DIGITS);

/** Every raw object of the plan, ascending by key. Throws NotAsRecorded, at the latest at its end. */
export async function* objectsOf(control: ObjectStore, plan: Plan): AsyncGenerator<PinnedObject, void, undefined> {
  if (plan.former !== undefined) yield* plan.former.objects;
  else yield* readShard<PinnedObject>(control, nameOf(plan), plan.body.objects, 'objects');
}

/** Every slice of the plan, ascending by number. Throws NotAsRecorded, at the latest at its end. */
export async function* slicesOf(control: ObjectStore, plan: Plan): AsyncGenerator<Slice, void, undefined> {
  if (plan.former !== undefined) yield* plan.former.slices;
  else yield* readShard<Slice>(control, nameOf(plan), plan.body.slices, 'slices');
}

/** Every slice of the plan, descending by number. Throws NotAsRecorded before it gives any. */
export async function* slicesBackwards(control: ObjectStore, plan: Plan): AsyncGenerator<Slice, void, undefined> {
  if (plan.former !== undefined) {
    yield* plan.former.slices.toReversed();
    return;
  }
  for await (const _ of slicesOf(control, plan));
  for await (const line of readLinesBackwards(control, shardKey(plan.body.slices.sha256))) yield JSON.parse(line);
}

/** Raw objects that the plan knew to be unreadable, ascending by key. */
export async function unreadableOf(
  control: ObjectStore,
  plan: Plan,
): Promise<{ readonly key: string; readonly detail: string }[]> {
  const found: { key: string; detail: string }[] = [];
  if (plan.body.objects.unreadable === 0) return found;
  for await (const { key, unreadable } of objectsOf(control, plan))
    if (unreadable !== undefined) found.push({ key, detail: unreadable });
  return found;
}

/** Keys of objects that gave rows of the plan's window and are not in the lake any more. */
export async function goneObjectsOf(control: ObjectStore, plan: Plan): Promise<readonly string[]> {
  if (plan.former !== undefined) return plan.former.goneObjects;
  const shard = plan.body.goneObjects;
  const keys: string[] = [];
  if (shard === undefined) return keys;
  for await (const key of readShard<string>(control, nameOf(plan), shard, 'objects that are gone')) keys.push(key);
  return keys;
}

/** Reads all of the plan's shards. Throws NotAsRecorded when one of them is not what the root names. */
export async function checkShards(control: ObjectStore, plan: Plan): Promise<void> {
  for await (const _ of objectsOf(control, plan));
  for await (const _ of slicesOf(control, plan));
  await goneObjectsOf(control, plan);
}

async function* readShard<T>(
  control: ObjectStore,
  plan: string,
  shard: Shard,
  what: string,
): AsyncGenerator<T, void, undefined> {
  try {
    for await (const line of shardLines(control, plan, shard, what)) yield JSON.parse(line) as T;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw notAsRecorded(plan, shardKey(shard.sha256), what);
  }
}

async function* shardLines(
  control: ObjectStore,
  plan: string,
  { count, sha256 }: Shard,
  what: string,
): AsyncGenerator<string, void, undefined> {
  const key = shardKey(sha256);
  const hash = createHash('sha256');
  let lines = 0;
  for await (const line of readLines(control, key, (piece) => hash.update(piece))) {
    lines++;
    yield line;
  }
  if (lines !== count || hash.digest('hex') !== sha256) throw notAsRecorded(plan, key, what);
}

const nameOf = ({ id }: Plan): string => `plan ${id.slice(0, 12)}`;

const notAsRecorded = (plan: string, key: string, what: string): RepriseError =>
  new RepriseError(
    'NotAsRecorded',
    `the ${what} of ${plan}, control/${key}, are not what the plan names: the document was changed, cut or removed`,
    `plan again, which writes it again when nothing else has changed; or restore control/${key} from a backup`,
  );
