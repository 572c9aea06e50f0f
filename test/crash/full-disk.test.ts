// A disk that fills up while a run works, once; full-disk.night.test.ts does so in every phase of every command.

import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import { copyHome } from '../copy-home.ts';
import { mountSmallDisk, WHY_SKIPPED } from '../tmpfs.ts';
import { digests, landInFewObjects, reprise } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-full-'));
const KEY = new Uint8Array(32);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Fills the disk but for so many kilobytes; gives what takes it away again. */
function fill(path: string, kilobytes: number): () => void {
  const { bfree, bsize } = statfsSync(path);
  writeFileSync(join(path, 'filler'), Buffer.alloc(bfree * bsize - kilobytes * 1024));
  return () => rmSync(join(path, 'filler'));
}

describe('a full disk', () => {
  it('leaves no half of a new warehouse file', async (context) => {
    const disk = mountSmallDisk(folder, 'file', 4);
    if (disk === undefined) return context.skip(WHY_SKIPPED);
    try {
      const path = join(disk.path, 'warehouse.duckdb');
      for (const kilobytes of [0, 4, 8, 16]) {
        const free = fill(disk.path, kilobytes);
        const opened = openDuckWarehouse(path, join(folder, 'spill'), KEY);
        await expect(opened).rejects.toMatchObject({ code: 'DiskFull' });
        free();
        expect(readdirSync(disk.path)).toEqual([]);
      }
      await (await openDuckWarehouse(path, join(folder, 'spill'), KEY)).close();
    } finally {
      disk.unmount();
    }
  });

  it('ends a run in DiskFull, by its name, and resume goes on from there', async (context) => {
    const disk = mountSmallDisk(folder, 'run', 48);
    if (disk === undefined) return context.skip(WHY_SKIPPED);
    try {
      const landed = join(folder, 'landed');
      await landInFewObjects(landed, 7, 60, 1);
      const home = join(disk.path, 'home');
      copyHome(landed, home);
      // Room for a new warehouse, so that the run begins, and not for what it stages and publishes.
      const free = fill(disk.path, 1800);
      const first = await reprise(['backfill', 'pulsecart', '--all', '--home', home]);
      expect(first.stdout + first.stderr).toMatch(/DiskFull|the disk is full/);
      expect(first.stdout + first.stderr).not.toMatch(/^\s+at |internal error/m);
      expect(first.stdout + first.stderr).toMatch(/reprise resume [0-9a-f]{12}-1/);
      expect(first.code).toBe(1);
      free();
      const again = await reprise(['resume', '--home', home]);
      expect(again.code, again.stderr).toBe(0);
      const clean = await reprise(['backfill', 'pulsecart', '--all', '--home', landed]);
      expect(clean.code, clean.stderr).toBe(0);
      expect(await digests(home)).toEqual(await digests(landed));
    } finally {
      disk.unmount();
    }
  });
});
