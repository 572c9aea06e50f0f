// Files in the stage, held against the digests that they were staged with before anything is made of them. A digest is made
// anew whenever the file has another version than when it was last looked at.

import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { StagedFile } from '../../ports/stage.ts';

/** As manifests name a file. */
export interface StageFile extends Pick<StagedFile, 'table' | 'rows' | 'longestText'> {
  readonly key: string;
  /** sha256 of the file; absent in manifests that older versions wrote. */
  readonly digest?: string;
}

const SEEN = new WeakMap<ObjectStore, Map<string, { readonly version: string; readonly digest: string }>>();

/** Undefined when there is no such file. */
export async function fileDigest(stage: ObjectStore, key: string): Promise<string | undefined> {
  const seen = SEEN.get(stage) ?? new Map<string, { version: string; digest: string }>();
  SEEN.set(stage, seen);
  const version = (await stage.head(key))?.version;
  if (version === undefined) return undefined;
  const known = seen.get(key);
  if (known?.version === version) return known.digest;
  const digest = await stage.digest(key);
  if (digest !== undefined) seen.set(key, { version, digest });
  return digest;
}

/** The file that is in the stage under `key`, as a manifest names it. */
export async function asStaged(stage: ObjectStore, key: string, file: StagedFile): Promise<StageFile> {
  const { table, rows, longestText } = file;
  return { table, key, rows, longestText, digest: (await fileDigest(stage, key)) ?? '' };
}

/** Whether all files are there, as they were staged. */
export async function areAsStaged(stage: ObjectStore, files: readonly StageFile[]): Promise<boolean> {
  for (const { key, digest } of files)
    if (digest === undefined || (await fileDigest(stage, key)) !== digest) return false;
  return true;
}

/** Local files to read them through, until `release`. Throws NotAsRecorded for one that is not as it was staged. */
export async function fetchStaged(
  stage: ObjectStore,
  runId: string,
  files: readonly StageFile[],
): Promise<{ files: StagedFile[]; release(): Promise<void> }> {
  const held: { release(): Promise<void> }[] = [];
  const fetched: StagedFile[] = [];
  const release = async (): Promise<void> => {
    for (const one of held) await one.release();
  };
  try {
    for (const file of files) {
      if (!(await areAsStaged(stage, [file]))) throw notAsStaged(runId, file.key);
      const local = await stage.fetch(file.key);
      held.push(local);
      fetched.push({ table: file.table, path: local.path, rows: file.rows, longestText: file.longestText });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { files: fetched, release };
}

function notAsStaged(runId: string, key: string): RepriseError {
  return new RepriseError(
    'NotAsRecorded',
    `the staged file ${key} is not as it was staged: it was changed or removed since`,
    `stage it again: reprise resume ${runId}`,
  );
}
