// A store that may only be read, with what is written kept in another one above it: for commands that note down what
// they find on the way, on a home that cannot be written.

import type { ObjectInfo, ObjectStore, WriteCondition } from '../../ports/object-store.ts';

/** No object has this version. */
const NEVER: WriteCondition = { if: 'version', version: '' };

/** `upper` holds what is written; what it has covers what `base` has. Only what was written can be removed. */
export function openOverlayStore(base: ObjectStore, upper: ObjectStore): ObjectStore {
  const storeOf = async (key: string): Promise<ObjectStore> => ((await upper.head(key)) === undefined ? base : upper);
  /** What has to be true of the upper store alone, so that one of several writers at once wins; undefined when the write is lost. */
  const conditionAbove = async (key: string, condition: WriteCondition): Promise<WriteCondition | undefined> => {
    if (condition.if === 'always' || (await upper.head(key)) !== undefined) return condition;
    const below = await base.head(key);
    const holds = condition.if === 'absent' ? below === undefined : below?.version === condition.version;
    return holds ? { if: 'absent' } : undefined;
  };
  return {
    list: async function* (prefix, onSkipped) {
      const found = new Map<string, ObjectInfo>();
      for await (const info of base.list(prefix, onSkipped)) found.set(info.key, info);
      for await (const info of upper.list(prefix)) found.set(info.key, info);
      yield* [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    head: async (key) => (await upper.head(key)) ?? base.head(key),
    read: async (key) => (await upper.read(key)) ?? base.read(key),
    range: async (key, from, length) => (await storeOf(key)).range(key, from, length),
    writeNamed: (pieces, keyOf) => upper.writeNamed(pieces, keyOf),
    write: async (key, content, condition) => {
      const above = await conditionAbove(key, condition);
      return above === undefined ? 'lost' : upper.write(key, content, above);
    },
    writeFile: async (key, localPath, condition) => {
      // A file that is lost is removed, which is for the upper store to do.
      const above = (await conditionAbove(key, condition)) ?? NEVER;
      return upper.writeFile(key, localPath, above);
    },
    fetch: async (key) => (await storeOf(key)).fetch(key),
    digest: async (key) => (await storeOf(key)).digest(key),
    remove: (key) => upper.remove(key),
  };
}
