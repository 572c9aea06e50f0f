// What makes a folder a home: control/home.json, written last, when everything else that a home cannot do without is
// there. Says what is wrong with a folder that is none, or no longer one.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import { unlessMissing } from '../system/file-errors.ts';
import { KEY_FILE } from './delivery-key.ts';
import { openFileStore } from './files.ts';

/** 1: plans, coverage and pages of the catalog in one document each. */
export const HOME_FORMAT = 2;
const MARKER = 'home.json';
const CONTENT = `${JSON.stringify({ format: HOME_FORMAT, createdBy: 'reprise' })}\n`;

/**
 * What the folder is: a home, or one that may be made there, when it is absent, empty, was not finished, or holds
 * nothing but a raw lake.
 * @throws NotFound when it is absent and not to be made, HomeNotOurs when something else is there, HomeNewer when a later
 *   version made it, HomeOlder when an earlier one did and it is not to be upgraded, Configuration when it is a home whose
 *   marker was lost or damaged
 */
export async function lookAtHome(
  home: string,
  { create, upgrades = false }: { readonly create: boolean; readonly upgrades?: boolean },
): Promise<'home' | 'to be made'> {
  if (await isMarked(home, upgrades)) return 'home';
  const names = await unlessMissing(() => readdir(home));
  if (!create && (names ?? []).length === 0) {
    throw new RepriseError('NotFound', `there is no home at ${home}`, 'run `reprise init`, or name another by --home');
  }
  const others = (names ?? []).filter((name) => name !== 'control');
  const adopts = others.length > 0 && (await isLakeAlone(home, others));
  const isFree = (others.length === 0 || adopts) && (await isUnfinished(join(home, 'control')));
  if (isFree && (create || adopts)) return 'to be made';
  // Another process may just have made it: the marker is there before anything else is.
  if (await isMarked(home, upgrades)) return 'home';
  const wasHome = await unlessMissing(() => stat(join(home, 'control', KEY_FILE)));
  throw wasHome !== undefined && others.length > 0 ? damaged(home, 'is missing') : notOurs(home);
}

/** Lost means that another process wrote it just now, with the same content. */
export async function markHome(home: string): Promise<void> {
  await openFileStore(join(home, 'control')).write(MARKER, Buffer.from(CONTENT), { if: 'absent' });
}

/** The format of a home that is open. */
export async function formatOf(home: string): Promise<number> {
  const marker = await openFileStore(join(home, 'control')).read(MARKER);
  return Number(parsed(home, marker ?? new Uint8Array()).format);
}

/** From now on it is a home of this format. */
export async function markUpgraded(home: string): Promise<void> {
  await openFileStore(join(home, 'control')).write(MARKER, Buffer.from(CONTENT), { if: 'always' });
}

async function isMarked(home: string, upgrades: boolean): Promise<boolean> {
  const marker = await openFileStore(join(home, 'control')).read(MARKER);
  if (marker === undefined) return false;
  const { format, createdBy } = parsed(home, marker);
  if (createdBy !== 'reprise' || !Number.isSafeInteger(format)) throw notOurs(home);
  if ((format as number) > HOME_FORMAT) {
    throw new RepriseError(
      'HomeNewer',
      `the home ${home} has format ${format}; this program knows up to ${HOME_FORMAT}`,
      'use the newer version of reprise that made it, or another --home',
    );
  }
  if ((format as number) < HOME_FORMAT && !upgrades) {
    throw new RepriseError(
      'HomeOlder',
      `the home ${home} has format ${format}, of an earlier release; this one works on format ${HOME_FORMAT}`,
      `bring it to this format: reprise upgrade --home ${home}. Runs, ledger and warehouse are kept`,
    );
  }
  return true;
}

function parsed(home: string, marker: Uint8Array): { readonly format?: unknown; readonly createdBy?: unknown } {
  try {
    return (JSON.parse(Buffer.from(marker).toString('utf8')) ?? {}) as object;
  } catch {
    throw damaged(home, `cannot be read (${marker.length} bytes)`);
  }
}

/** Raw objects at lake/raw and nothing else: written by Firehose, Spark or anyone, to be replayed from here on. */
async function isLakeAlone(home: string, names: readonly string[]): Promise<boolean> {
  if (names.length !== 1 || names[0] !== 'lake') return false;
  const inside = (await unlessMissing(() => readdir(join(home, 'lake')))) ?? [];
  return inside.length === 1 && inside[0] === 'raw';
}

/** What a first opening leaves that stopped before the marker was written. */
async function isUnfinished(control: string): Promise<boolean> {
  const names = (await unlessMissing(() => readdir(control))) ?? [];
  return names.every((name) => name === '.tmp' || name === KEY_FILE);
}

function damaged(home: string, how: string): RepriseError {
  return new RepriseError(
    'Configuration',
    `${join(home, 'control', MARKER)} ${how}`,
    `restore it from a copy of the home; of this version it holds exactly ${CONTENT.trim()}`,
  );
}

function notOurs(home: string): RepriseError {
  return new RepriseError(
    'HomeNotOurs',
    `${home} holds something that reprise did not make`,
    'name an empty or a new folder by --home',
  );
}
