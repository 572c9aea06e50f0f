// What a person calls on a lake of more raw objects than files that a process may open.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { fillLake } from '../local/small-objects.ts';
import type { Ended } from './reprise.ts';

/** A home with so many objects of one row, and each command on it with so few open files. */
export function describeFewFiles(objects: number, openFiles: number): void {
  describe(`${objects} objects, ${openFiles} open files`, () => {
    let home: string;
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'reprise-open-files-'));
      await fillLake(home, objects, 3);
    });
    afterAll(() => rm(home, { recursive: true, force: true }));

    it.each([
      ['catalog', 'build', 'pulsecart'],
      ['plan', 'pulsecart', '--all'],
      ['backfill', 'pulsecart', '--all', '--yes'],
      ['verify', 'pulsecart'],
      ['reconcile', 'pulsecart'],
      ['why', 'inventory-service:sc-7'],
    ])('%s %s', async (...args) => {
      const { exit, err } = await limited(openFiles, home, ...args);
      expect(exit, err).toBe(0);
    });

    it.each([64, 20])('with %i open files a command says that they are too few', async (tooFew) => {
      const { exit, err } = await limited(tooFew, home, 'plan', 'pulsecart', '--all');
      expect(exit).toBe(1);
      expect(err).toMatch(/may not open enough files|too many open files/);
      expect(err).toMatch(/ulimit -n \d+/);
      expect(err).not.toMatch(/^\s+at /m);
    });
  });
}

function limited(openFiles: number, home: string, ...args: readonly string[]): Promise<Ended> {
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
