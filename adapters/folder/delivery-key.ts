// The key under which everything that is derived from a secret delivery is hashed. Made once with the home, never shown.
// It is a truth: with another key every delivery that holds a card looks like one that was never seen.

import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import { unlessMissing } from '../system/file-errors.ts';
import { identityName, ownIdentity } from '../system/process-identity.ts';
import { openFileStore } from './files.ts';

export const KEY_FILE = 'delivery.key';
const KEY_BYTES = 32;

type RandomBytes = (count: number) => Uint8Array;
let made = 0;

/** Throws Configuration when it is missing or damaged. */
export async function readDeliveryKey(home: string): Promise<Uint8Array> {
  const path = join(home, 'control', KEY_FILE);
  const key = await unlessMissing(() => readFile(path));
  if (key?.length === KEY_BYTES) return new Uint8Array(key);
  throw new RepriseError(
    'Configuration',
    key === undefined ? `${path} is missing` : `${path} has ${key.length} bytes instead of ${KEY_BYTES}`,
    'restore it from a copy of the home. If there is none: `reprise init --new-delivery-key` makes another one; every delivery that holds a card is then new to reprise, and the next plan replaces its rows',
  );
}

/** Makes the key of a new home: whoever is first wins, and all get the same. */
export async function makeDeliveryKey(home: string, randomBytes: RandomBytes): Promise<void> {
  const temporary = await written(home, randomBytes);
  try {
    await openFileStore(join(home, 'control')).writeFile(KEY_FILE, temporary, { if: 'absent' });
    await chmod(join(home, 'control', KEY_FILE), 0o600);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes another key where the old one is lost. Throws Usage while it is there and sound. */
export async function replaceDeliveryKey(home: string, randomBytes: RandomBytes): Promise<void> {
  const path = join(home, 'control', KEY_FILE);
  if ((await unlessMissing(() => readFile(path)))?.length === KEY_BYTES) {
    throw new RepriseError(
      'Usage',
      `${path} is there and sound: another key would make every delivery that holds a card look new`,
      'leave it as it is',
    );
  }
  await rename(await written(home, randomBytes), path);
}

/** A new key under a temporary name, safe on the disk. */
async function written(home: string, randomBytes: RandomBytes): Promise<string> {
  const folder = join(home, 'control', '.tmp');
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `${identityName(ownIdentity())}.key.${made++}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(KEY_BYTES));
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}
