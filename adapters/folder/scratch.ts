// Scratch files in a new folder of their own.

import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scratch } from '../../ports/scratch.ts';
import { classifyFileError, codeOf } from '../system/file-errors.ts';
import { makeFolder } from '../system/open-homes.ts';

const PIECE_BYTES = 1024 * 1024;

/** Makes a folder below `parent`; `close` removes it. */
export async function openScratch(parent: string): Promise<Scratch> {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw classifyFileError(error, 'writing to scratch');
    }
  };
  const folder = await guarded(async () => {
    await makeFolder(parent);
    return mkdtemp(join(parent, 'work-'));
  });
  return {
    append: (name, bytes) => guarded(() => appendFile(join(folder, name), bytes)),
    read: async function* (name) {
      try {
        for await (const piece of createReadStream(join(folder, name), { highWaterMark: PIECE_BYTES })) {
          yield piece as Uint8Array;
        }
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw classifyFileError(error, 'reading scratch');
      }
    },
    path: (name) => join(folder, name),
    remove: (name) => guarded(() => rm(join(folder, name), { force: true })),
    close: () => guarded(() => rm(folder, { recursive: true, force: true })),
  };
}
