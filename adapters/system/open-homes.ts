// The homes that this process has open, so that nothing makes a folder in one that somebody has removed meanwhile:
// writing on would leave a part of a home that looks like one of its own.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';

/** Home → how often it is open. */
const open = new Map<string, number>();

export function homeOpened(home: string): void {
  open.set(home, (open.get(home) ?? 0) + 1);
}

export function homeClosed(home: string): void {
  const left = (open.get(home) ?? 1) - 1;
  if (left > 0) open.set(home, left);
  else open.delete(home);
}

/**
 * Makes a folder and those above it; gives the first that was made. Throws HomeGone for a folder in a home that is open
 * and was removed.
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  for (const home of open.keys()) if (`${folder}/`.startsWith(`${home}/`)) refuseGone(home);
  return mkdir(folder, { recursive: true });
}

/** Throws HomeGone when the home was removed. */
function refuseGone(home: string): void {
  if (existsSync(join(home, 'control', 'home.json'))) return;
  throw new RepriseError(
    'HomeGone',
    `the home ${home} was removed while this command worked in it`,
    'bring it back, then run this again; what was not written to it is lost',
  );
}
