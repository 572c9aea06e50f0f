// The home folder of the embedded profile: the raw lake, the control store, the stage, scratch and the warehouse file.

import { chmod, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { RepriseError } from '../../ports/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { classifyFileError, unlessMissing } from './file-errors.ts';
import { cleanFileStore, openFileStore } from './files.ts';
import { beatIn, fileSystemNowMs, isAbandoned } from './heartbeat.ts';
import { identityName, ownIdentity } from './process-identity.ts';

const FORMAT = 1;
const MARKER = 'home.json';
const KEY_FILE = 'delivery.key';
const KEY_BYTES = 32;

export interface Home {
  /** Absolute. */
  readonly path: string;
  readonly lake: ObjectStore;
  readonly control: ObjectStore;
  readonly stage: ObjectStore;
  /** A folder of this opening of the home alone; gone when it is closed. */
  readonly scratch: string;
  readonly warehousePath: string;
  /** Keys the hash of deliveries that hold cards. Made once, never shown. */
  readonly deliveryKey: Uint8Array;
  /** Removes the scratch folder. */
  close(): Promise<void>;
}

export interface OpenHomeOptions {
  /** Makes the home when the folder is absent or empty. */
  readonly create: boolean;
  readonly randomBytes: (count: number) => Uint8Array;
}

let openings = 0;

/**
 * Opens a home folder, or makes one.
 * @throws NotFound when it is absent and not to be made, HomeNotOurs when something else is there, HomeNewer when a later
 *   version made it
 */
export async function openHome(path: string, options: OpenHomeOptions): Promise<Home> {
  const home = resolve(path);
  checkPath(home);
  try {
    await checkOrCreate(home, options);
    const deliveryKey = await readKey(home, options.randomBytes);
    const scratch = await openScratch(join(home, 'scratch'));
    const beat = beatIn(scratch);
    await clean(home, await fileSystemNowMs(scratch));
    return {
      path: home,
      lake: openFileStore(join(home, 'lake'), { contentVersions: join(home, 'control', 'versions') }),
      control: openFileStore(join(home, 'control')),
      stage: openFileStore(join(home, 'stage')),
      scratch,
      warehousePath: join(home, 'warehouse.duckdb'),
      deliveryKey,
      close: async () => {
        beat.stop();
        await rm(scratch, { recursive: true, force: true });
      },
    };
  } catch (error) {
    throw classifyFileError(error, `opening the home ${home}`);
  }
}

/** DuckDB puts a database's log elsewhere where its path has a `?`, and splits patterns at backslashes. */
function checkPath(home: string): void {
  const odd = /[?\\]/.exec(home)?.[0];
  if (odd === undefined) return;
  throw new RepriseError(
    'Usage',
    `DuckDB cannot keep its files below a path with ? or \\ in it; the home ${home} has a ${odd}`,
    'name a folder without them by --home',
  );
}

async function checkOrCreate(home: string, { create }: OpenHomeOptions): Promise<void> {
  const control = openFileStore(join(home, 'control'));
  const marker = await control.read(MARKER);
  if (marker !== undefined) {
    checkMarker(home, marker);
    return;
  }
  const names = await unlessMissing(() => readdir(home));
  if (!create && (names ?? []).length === 0) {
    throw new RepriseError('NotFound', `there is no home at ${home}`, 'run `reprise init`, or name another by --home');
  }
  // What a first opening leaves that stopped before the marker was written; or a lake that others have filled.
  const others = (names ?? []).filter((name) => name !== 'control');
  const adopts = others.length > 0 && (await isLakeAlone(home, others));
  if ((others.length > 0 && !adopts) || !(await isUnfinished(join(home, 'control')))) throw notOurs(home);
  if (!create && !adopts) throw notOurs(home);
  await mkdir(home, { recursive: true });
  const content = Buffer.from(`${JSON.stringify({ format: FORMAT, createdBy: 'reprise' })}\n`);
  // Lost means that another process made it just now, with the same content.
  await control.write(MARKER, content, { if: 'absent' });
}

/** Raw objects at lake/raw and nothing else: written by Firehose, Spark or anyone, to be replayed from here on. */
async function isLakeAlone(home: string, names: readonly string[]): Promise<boolean> {
  if (names.length !== 1 || names[0] !== 'lake') return false;
  const inside = (await unlessMissing(() => readdir(join(home, 'lake')))) ?? [];
  return inside.length === 1 && inside[0] === 'raw';
}

async function isUnfinished(control: string): Promise<boolean> {
  const names = (await unlessMissing(() => readdir(control))) ?? [];
  return names.every((name) => name === '.tmp' || name === MARKER);
}

function checkMarker(home: string, marker: Uint8Array): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(marker).toString('utf8'));
  } catch {
    throw notOurs(home);
  }
  const { format, createdBy } = (parsed ?? {}) as { format?: unknown; createdBy?: unknown };
  if (createdBy !== 'reprise' || !Number.isSafeInteger(format)) throw notOurs(home);
  if ((format as number) > FORMAT) {
    throw new RepriseError(
      'HomeNewer',
      `the home ${home} has format ${format}; this program knows up to ${FORMAT}`,
      'use the newer version of reprise that made it, or another --home',
    );
  }
}

function notOurs(home: string): RepriseError {
  return new RepriseError(
    'HomeNotOurs',
    `${home} holds something that reprise did not make`,
    'name an empty or a new folder by --home',
  );
}

/** The key, made by the first that gets here: it is created under another name and linked, so that one wins. */
async function readKey(home: string, randomBytes: OpenHomeOptions['randomBytes']): Promise<Uint8Array> {
  const path = join(home, 'control', KEY_FILE);
  const found = await unlessMissing(() => readFile(path));
  if (found !== undefined) return checkedKey(found, path);
  const temporary = join(home, 'control', '.tmp', `${identityName(ownIdentity())}.key.${openings++}`);
  await mkdir(join(home, 'control', '.tmp'), { recursive: true });
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(randomBytes(KEY_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
    await openFileStore(join(home, 'control')).writeFile(KEY_FILE, temporary, { if: 'absent' });
    await chmod(path, 0o600);
  } finally {
    await rm(temporary, { force: true });
  }
  return checkedKey(await readFile(path), path);
}

function checkedKey(key: Uint8Array, path: string): Uint8Array {
  if (key.length === KEY_BYTES) return new Uint8Array(key);
  throw new RepriseError(
    'Configuration',
    `${path} has ${key.length} bytes instead of ${KEY_BYTES}`,
    'restore it from a copy of the home; with another key, deliveries that hold cards would look new',
  );
}

/** A folder for this opening, of this thread. */
async function openScratch(folder: string): Promise<string> {
  const own = join(folder, `${identityName(ownIdentity())}.${threadId}.${openings++}`);
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { recursive: true });
  return own;
}

/** Removes what processes left that have ended, or are not heard of any more. */
async function clean(home: string, nowMs: number): Promise<void> {
  await Promise.all(['lake', 'control', 'stage'].map((name) => cleanFileStore(home, join(home, name), nowMs)));
  const folder = join(home, 'scratch');
  for (const name of (await unlessMissing(() => readdir(folder))) ?? []) {
    const path = join(folder, name);
    if (await isAbandoned(home, path, name, nowMs)) await rm(path, { recursive: true, force: true });
  }
}
