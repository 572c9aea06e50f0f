// Who imports whom, room by room, types among it: printed by `npm run rooms`, which fails on an import that goes upwards
// and on files that import one another in a circle. test/tidy.test.ts holds the house to the same rules. Imports are read by
// pattern: the house style writes them one way.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the files of a room may import beside their own room: other rooms by how their paths begin, libraries by name,
 * and `node:`. A file belongs to the first room that its path begins with.
 * @type {readonly { readonly room: string, readonly may: readonly string[] }[]}
 */
export const ROOMS = [
  { room: 'lib/asl/', may: ['node:', 'jsonata'] },
  { room: 'lib/parquet/', may: ['node:'] },
  { room: 'lib/typescript/', may: ['node:', 'acorn'] },
  { room: 'lib/', may: ['node:'] },
  { room: 'model/', may: ['node:crypto'] },
  { room: 'ports/', may: ['model/'] },
  { room: 'engine/', may: ['ports/', 'model/', 'node:crypto'] },
  { room: 'tasks/', may: ['engine/', 'ports/', 'model/'] },
  { room: 'adapters/system/', may: ['ports/', 'model/', 'lib/', 'node:'] },
  { room: 'adapters/folder/', may: ['adapters/system/', 'ports/', 'model/', 'lib/', 'node:'] },
  {
    room: 'adapters/declaration/',
    may: ['adapters/system/', 'ports/', 'model/', 'lib/', 'node:', '@swc/wasm-typescript'],
  },
  { room: 'adapters/duckdb/', may: ['adapters/system/', 'ports/', 'model/', 'lib/', 'node:', '@duckdb/node-api'] },
  {
    room: 'adapters/duckdb-warehouse/',
    may: ['adapters/duckdb/', 'adapters/system/', 'ports/', 'model/', 'lib/', 'node:', '@duckdb/node-api'],
  },
  { room: 'profiles/', may: ['adapters/', 'tasks/', 'engine/', 'ports/', 'model/', 'lib/', 'node:', 'tinypool'] },
  { room: 'cli/demo/', may: ['pipelines/', 'model/'] },
  { room: 'cli/', may: ['profiles/', 'engine/', 'ports/', 'model/', 'lib/', 'generator/', 'node:', 'yargs'] },
  { room: 'generator/', may: ['node:crypto'] },
  { room: 'pipelines/', may: ['model/'] },
  { room: 'simulator/', may: ['tasks/', 'engine/', 'ports/', 'model/', 'lib/', 'generator/', 'node:'] },
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @typedef {{ readonly target: string, readonly typeOnly: boolean }} Import
 * @typedef {{ readonly file: string, readonly imports: readonly Import[] }} Importer
 */

/** The sources of the house. @returns {Importer[]} */
export function readHouse() {
  const folders = [...new Set(ROOMS.map(({ room }) => room.split('/')[0]))];
  return folders.flatMap(sourcesBelow).map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return { file, imports: importsOf(file, withoutComments(text)) };
  });
}

/** @param {string} text */
export const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|[\s;{}(,])\/\/.*$/gm, '$1');

/** Targets below the root for relative imports, names for the others. @param {string} file @param {string} code @returns {Import[]} */
export function importsOf(file, code) {
  /** @type {Import[]} */
  const found = [];
  const add = (/** @type {string} */ target, /** @type {boolean} */ typeOnly) => {
    found.push({ target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target, typeOnly });
  };
  for (const match of code.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w*${}\s,]*?\sfrom\s+)'([^']+)'/gm))
    add(match[2], match[1] !== undefined);
  for (const match of code.matchAll(/^import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm))
    add(match[1] ?? match[2], false);
  return found;
}

/** @param {string} file */
export const roomOf = (file) => ROOMS.find(({ room }) => file.startsWith(room));

/** Imports that no rule allows. @param {readonly Importer[]} sources @returns {string[]} */
export const forbidden = (sources) =>
  sources.flatMap(({ file, imports }) => {
    const room = roomOf(file);
    if (room === undefined) return [`${file} is in no room`];
    const own = room.room === 'pipelines/' ? `${file.split('/').slice(0, 2).join('/')}/` : room.room;
    const may = file.endsWith('/samples.ts') ? [...room.may, 'generator/'] : room.may;
    return imports
      .filter(({ target }) => !target.startsWith(own) && !may.some((one) => isWithin(target, one)))
      .map(({ target }) => `${file} imports ${target}`);
  });

/** @param {string} target @param {string} one */
const isWithin = (target, one) => (/[/:]$/.test(one) ? target.startsWith(one) : target === one);

/** Each circle of files that import one another, types among it. @param {readonly Importer[]} sources @returns {string[][]} */
export function circles(sources) {
  const next = new Map(sources.map(({ file, imports }) => [file, imports.map(({ target }) => target)]));
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  const walk = (/** @type {string} */ file, /** @type {readonly string[]} */ path) => {
    const at = path.indexOf(file);
    if (at !== -1) found.push([...path.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    for (const target of next.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const { file } of sources) walk(file, []);
  return found;
}

/** @param {string} folder @returns {string[]} */
function sourcesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function print() {
  const sources = readHouse();
  for (const { room } of ROOMS) {
    const files = sources.filter(({ file }) => roomOf(file)?.room === room);
    if (files.length === 0) continue;
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { imports } of files)
      for (const { target } of imports) {
        const other = roomOf(target)?.room ?? (target.startsWith('node:') ? 'node:' : target);
        if (other !== room) counts.set(other, (counts.get(other) ?? 0) + 1);
      }
    const to = [...counts].sort(([, a], [, b]) => b - a).map(([name, times]) => `${name.replace(/\/$/, '')} ${times}`);
    console.log(`${room.padEnd(28)} ${String(files.length).padStart(3)} files   → ${to.join(', ') || 'nothing'}`);
  }
  const wrong = [...forbidden(sources), ...circles(sources).map((circle) => `circle: ${circle.join(' → ')}`)];
  for (const one of wrong) console.error(one);
  console.log(wrong.length === 0 ? 'no import goes upwards, and none in a circle' : `${wrong.length} wrong`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) print();
