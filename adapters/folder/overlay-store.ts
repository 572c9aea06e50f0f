// A store that may only be read, with what is written kept in another one above it: for commands that note down what
// they find on the way, on a home that cannot be written.

import type { ObjectInfo, ObjectStore, WriteCondition } from '../../ports/object-store.ts';

/** `upper` holds what is written; what it has covers what `base` has. Only what was written can be removed. */
export function openOverlayStore(base: ObjectStore, upper: ObjectStore): ObjectStore {
  const storeOf = async (key: string): Promise<ObjectStore> => ((await upper.head(key)) === undefined ? base : upper);
  const isLost = async (key: string, condition: WriteCondition): Promise<boolean> => {
    if (condition.if === 'always') return false;
    const found = await (await storeOf(key)).head(key);
    return condition.if === 'absent' ? found !== undefined : found?.version !== condition.version;
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
    write: async (key, content, condition) =>
      (await isLost(key, condition)) ? 'lost' : upper.write(key, content, { if: 'always' }),
    writeFile: async (key, localPath, condition) =>
      (await isLost(key, condition)) ? 'lost' : upper.writeFile(key, localPath, { if: 'always' }),
    fetch: async (key) => (await storeOf(key)).fetch(key),
    digest: async (key) => (await storeOf(key)).digest(key),
    remove: (key) => upper.remove(key),
  };
}
