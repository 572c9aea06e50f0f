// What is in a folder of a file store: objects, folders below it, and what can be neither, with the reason. Links are
// followed for reading, and never written through.

import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { RepriseError } from '../../model/errors.ts';
import type { StoreSkip } from '../../ports/object-store.ts';
import { codeOf } from '../system/file-errors.ts';

const KEY_BYTES_MAX = 1024;

/** A folder to be listed, and the folders that lead to it through links, as they really are. */
export interface Folder {
  /** The beginning of its keys: empty, or ending in a slash. */
  readonly key: string;
  readonly path: string;
  readonly through: readonly string[];
}

export type FolderEntry =
  | { readonly is: 'object'; readonly key: string; readonly path: string }
  | { readonly is: 'folder'; readonly folder: Folder }
  | { readonly is: 'skipped'; readonly key: string; readonly why: StoreSkip };

/** Whether a segment of a key may be so: anything that is not hidden, and that a terminal and a path show as it is. */
const isSegment = (name: string): boolean => name !== '' && !name.startsWith('.') && !/[\p{Cc}\\]/u.test(name);

/** Whether the text is a key: a relative path of named segments, of bounded length. */
export const isKey = (key: string): boolean =>
  Buffer.byteLength(key) <= KEY_BYTES_MAX && key.split('/').every(isSegment);

/**
 * The entries whose names begin with `namePrefix`, ascending by key; hidden ones are left out. Synchronous: awaiting each
 * of many small calls takes many times as long.
 */
export function entriesOf(folder: Folder, namePrefix: string): FolderEntry[] {
  return readdirSync(folder.path, { withFileTypes: true })
    .filter(({ name }) => name.startsWith(namePrefix) && !name.startsWith('.'))
    .map((entry) => entryOf(folder, entry))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

/** A folder stands for keys that all go on with a slash. */
const sortKey = (entry: FolderEntry): string => (entry.is === 'folder' ? entry.folder.key : entry.key);

function entryOf(folder: Folder, entry: Dirent): FolderEntry {
  const { name } = entry;
  const key = folder.key + name;
  const path = join(folder.path, name);
  const skip = (why: StoreSkip): FolderEntry => ({ is: 'skipped', key, why });
  // Node reads bytes that are not UTF-8 as U+FFFD; a name may also hold that character.
  if (name.includes('\ufffd') && statOf(path, lstatSync) === undefined) return skip('name_not_utf8');
  // The folder's own key was looked at when it was listed above it.
  if (!isSegment(name) || Buffer.byteLength(key) > KEY_BYTES_MAX) return skip('refused_name');
  if (entry.isDirectory()) return { is: 'folder', folder: { ...folder, key: `${key}/`, path } };
  if (entry.isFile()) return { is: 'object', key, path };
  if (!entry.isSymbolicLink()) return skip('special_file');
  const target = statOf(path, statSync);
  if (target === undefined) return skip('dangling_link');
  if (target.isFile()) return { is: 'object', key, path };
  if (!target.isDirectory()) return skip('special_file');
  const real = realpathSync(path);
  const through = [...folder.through, realpathSync(folder.path)];
  const leadsBack = through.some((one) => one === real || one.startsWith(`${real}/`));
  return leadsBack
    ? skip('link_loop')
    : { is: 'folder', folder: { key: `${key}/`, path, through: [...through, real] } };
}

/** Undefined when nothing is there, or a chain of links leads nowhere. */
function statOf(path: string, look: (path: string) => Stats): Stats | undefined {
  try {
    return look(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

/** Throws Configuration when a folder of the key, or what is at the key itself, is a link: it may lead anywhere. */
export function refuseLinks(root: string, key: string): void {
  const segments = key.split('/');
  for (let count = 1; count <= segments.length; count++) {
    const part = segments.slice(0, count).join('/');
    const found = statOf(join(root, part), lstatSync);
    if (found === undefined) return;
    if (!found.isSymbolicLink()) continue;
    throw new RepriseError(
      'Configuration',
      `${part} is a link, and nothing is written through links: ${key} was not written`,
      'put a folder in its place and move there what it leads to, then run this again',
    );
  }
}
