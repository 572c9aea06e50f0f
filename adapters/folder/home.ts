// The home folder of the embedded profile: the raw lake, the control store, the stage, scratch and the warehouse file.

import { access, constants, mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { classifyFileError, codeOf, unlessMissing } from '../system/file-errors.ts';
import { beatIn, fileSystemNowMs, isAbandoned } from '../system/heartbeat.ts';
import { homeClosed, homeOpened, makeFolder } from '../system/open-homes.ts';
import { openMemoryScratch, removeAbandoned } from '../system/outside-home.ts';
import { identityName, ownIdentity } from '../system/process-identity.ts';
import { makeDeliveryKey, readDeliveryKey, replaceDeliveryKey } from './delivery-key.ts';
import { cleanFileStore, openFileStore } from './files.ts';
import { lookAtHome, markHome } from './home-marker.ts';
import { openOverlayStore } from './overlay-store.ts';
import { createPrivately, sharedMode, tightenHome } from './private-files.ts';

export interface Home {
  /** Absolute. */
  readonly path: string;
  readonly lake: ObjectStore;
  readonly control: ObjectStore;
  readonly stage: ObjectStore;
  /** A folder of this opening of the home alone; gone when it is closed. */
  readonly scratch: string;
  /** What is written to control and stage is gone when it is closed, nothing else can be written, and scratch lies in memory. */
  readonly isReadOnly: boolean;
  readonly warehousePath: string;
  /** Keys the hash of deliveries that hold cards. Made once, never shown. */
  readonly deliveryKey: Uint8Array;
  /** Removes the scratch folder. */
  close(): Promise<void>;
}

export interface OpenHomeOptions {
  /** Makes the home when the folder is absent or empty. */
  readonly create: boolean;
  /** Makes another delivery key where the old one is lost. */
  readonly newDeliveryKey?: boolean;
  /** A home of an earlier release will do: it is upgraded. */
  readonly upgrades?: boolean;
  /** Nothing that lasts is written: a home that cannot be written will do. */
  readonly onlyReads?: boolean;
  readonly randomBytes: (count: number) => Uint8Array;
}

let openings = 0;

/**
 * Opens a home folder, or makes one.
 * @throws what lookAtHome and readDeliveryKey throw
 */
export async function openHome(path: string, options: OpenHomeOptions): Promise<Home> {
  const home = resolve(path);
  checkPath(home);
  createPrivately();
  try {
    await makeWhereNone(home, options);
    if (options.newDeliveryKey === true) await replaceDeliveryKey(home, options.randomBytes);
    const deliveryKey = await readDeliveryKey(home);
    if (isMainThread) await removeAbandoned();
    if (!(await mayWrite(home))) return await openReadOnly(home, deliveryKey, options);
    await tightenHome(home);
    const scratch = await openScratch(join(home, 'scratch'));
    await clean(home, await fileSystemNowMs(scratch));
    const beat = beatIn(scratch);
    homeOpened(home);
    return {
      path: home,
      lake: await openLake(home, deliveryKey),
      control: openFileStore(join(home, 'control')),
      stage: openFileStore(join(home, 'stage')),
      scratch,
      isReadOnly: false,
      warehousePath: join(home, 'warehouse.duckdb'),
      deliveryKey,
      close: async () => {
        beat.stop();
        homeClosed(home);
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

async function makeWhereNone(home: string, { create, upgrades = false, randomBytes }: OpenHomeOptions): Promise<void> {
  if ((await lookAtHome(home, { create, upgrades })) === 'home') return;
  await mkdir(home, { recursive: true });
  // The marker comes last: a home that has it and has no key has lost it.
  await makeDeliveryKey(home, randomBytes);
  await markHome(home);
}

const UNWRITABLE = new Set(['EROFS', 'EACCES', 'EPERM']);

async function mayWrite(home: string): Promise<boolean> {
  try {
    for (const folder of [home, join(home, 'control')]) await access(folder, constants.W_OK);
    return true;
  } catch (error) {
    if (UNWRITABLE.has(codeOf(error))) return false;
    throw error;
  }
}

async function openReadOnly(home: string, deliveryKey: Uint8Array, { onlyReads }: OpenHomeOptions): Promise<Home> {
  if (onlyReads !== true) {
    throw new RepriseError(
      'HomeReadOnly',
      `the home ${home} cannot be written, and this command writes to it`,
      'make it writable; what only reads works as it is: status, runs, diff, why, verify, ledger, quarantine',
    );
  }
  const memory = await openMemoryScratch(home);
  const control = openFileStore(join(home, 'control'));
  return {
    path: home,
    lake: await openLake(home, deliveryKey),
    control: openOverlayStore(control, openFileStore(join(memory.folder, 'control'))),
    stage: openOverlayStore(openFileStore(join(home, 'stage')), openFileStore(join(memory.folder, 'stage'))),
    scratch: memory.folder,
    isReadOnly: true,
    warehousePath: join(home, 'warehouse.duckdb'),
    deliveryKey,
    close: memory.close,
  };
}

async function openLake(home: string, key: Uint8Array): Promise<ObjectStore> {
  return openFileStore(join(home, 'lake'), {
    contentVersions: { folder: join(home, 'control', 'versions'), key },
    sharedMode: await sharedMode(home),
  });
}

/** A folder for this opening, of this thread. */
async function openScratch(folder: string): Promise<string> {
  const own = join(folder, `${identityName(ownIdentity())}.${threadId}.${openings++}`);
  await rm(own, { recursive: true, force: true });
  await makeFolder(own);
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
