// More raw objects than files that a process may open: every command does its work, and one that has no room to begin
// says what to do.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../adapters/local/duckdb/sql.ts';
import { fillLake } from '../local/small-objects.ts';
import type { Ended } from './reprise.ts';

const OBJECTS = 300;
const OPEN_FILES = 128;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'reprise-open-files-'));
  await fillLake(home, OBJECTS, 3);
});
afterAll(() => rm(home, { recursive: true, force: true }));

function limited(openFiles: number, ...args: readonly string[]): Promise<Ended> {
  const program = [
    '-c',
    `ulimit -n ${openFiles}; exec "$0" "$@"`,
    process.execPath,
    join(packageRoot(), 'bin', 'reprise.js'),
  ];
  return new Promise((resolve) => {
    execFile('sh', [...program, ...args, '--home', home], { maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
      resolve({ exit: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}

it.each([
  ['catalog', 'build', 'pulsecart'],
  ['plan', 'pulsecart', '--all'],
  ['backfill', 'pulsecart', '--all', '--yes'],
  ['verify', 'pulsecart'],
  ['reconcile', 'pulsecart'],
  ['why', 'inventory-service:sc-7'],
])('with fewer files than objects: %s %s', async (...args) => {
  const { exit, err } = await limited(OPEN_FILES, ...args);
  expect(exit, err).toBe(0);
});

it.each([64, 20])('with %i open files a command says that they are too few', async (openFiles) => {
  const { exit, err } = await limited(openFiles, 'plan', 'pulsecart', '--all');
  expect(exit).toBe(1);
  expect(err).toMatch(/may not open enough files|too many open files/);
  expect(err).toMatch(/ulimit -n \d+/);
  expect(err).not.toMatch(/^\s+at /m);
});
