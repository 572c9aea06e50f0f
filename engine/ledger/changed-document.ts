// Changes a document of the control store that several processes change: read, change, write over what was read, and begin
// anew when somebody else was faster.

import { isRepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/** How often a write whose outcome is unknown is looked up before giving up. */
const LOOKS_MAX = 5;

/** A document with the version by which it is written over; without one it is not there yet. */
export interface Versioned<D> {
  readonly document: D;
  readonly version: string | undefined;
}

/** The content of a key. The version is read first: content that is newer makes the write lose, never win wrongly. */
export async function readVersioned(control: ObjectStore, key: string): Promise<Versioned<Uint8Array | undefined>> {
  const info = await control.head(key);
  return { document: info && (await control.read(key)), version: info?.version };
}

/**
 * `work` gives what to write, nothing when nothing changes, and what to give back. It is called again whenever another
 * process was faster, and when nobody knows whether the write succeeded: to change what was changed must change nothing.
 * @throws what `work` throws; the store's error after five writes of unknown outcome
 */
export async function changeDocument<D, T>(
  control: ObjectStore,
  key: string,
  read: () => Promise<Versioned<D>>,
  work: (document: D) => Promise<{ readonly next?: object | undefined; readonly done: T }>,
): Promise<T> {
  for (let looks = 0; ; ) {
    const { document, version } = await read();
    const { next, done } = await work(document);
    if (next === undefined) return done;
    const condition = version === undefined ? ({ if: 'absent' } as const) : ({ if: 'version', version } as const);
    try {
      if ((await control.write(key, Buffer.from(`${JSON.stringify(next)}\n`), condition)) === 'written') return done;
    } catch (error) {
      if (!isRepriseError(error) || error.retry === 'terminal' || ++looks > LOOKS_MAX) throw error;
    }
  }
}
