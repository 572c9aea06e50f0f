// A disk that is full at any moment of a command: it ends with DiskFull and an exit code, never a stack trace, and when
// there is room again the same command, or resume, ends in the same tables as if there had always been. The disk is a
// small tmpfs that is filled but for so many kilobytes; how many there are decides in which phase it is full. FULL_STEPS
// makes more of them.

import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { copyHome } from '../copy-home.ts';
import { mountSmallDisk, type SmallDisk, WHY_SKIPPED } from '../tmpfs.ts';
import { digests, type Ended, landInFewObjects, reprise } from './processes.ts';

const STEPS = Number(process.env.FULL_STEPS ?? 1);
const KB = 1024;
const BACKFILL = ['backfill', 'pulsecart', '--all', '--slice-size', '20KB', '--max-active', '1'];
const folder = mkdtempSync(join(tmpdir(), 'reprise-full-'));
const landed = join(folder, 'landed');
const published = join(folder, 'published');
let disk: SmallDisk | undefined;
let expected: unknown;
let undone: unknown;
let runId: string;
let needed: { readonly backfill: number; readonly undo: number; readonly verify: number };

const usedBytes = (path: string): number => {
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
};

/** The bytes that the work needs on the disk, as it is after it. */
async function bytesOf(from: string, command: readonly string[]): Promise<number> {
  const { path } = disk as SmallDisk;
  const home = join(path, 'home');
  copyHome(from, home);
  const before = usedBytes(path);
  const ended = await reprise([...command, '--home', home]);
  expect(ended.code, ended.stderr).toBe(0);
  const bytes = usedBytes(path) - before;
  rmSync(home, { recursive: true });
  return bytes;
}

beforeAll(async () => {
  disk = mountSmallDisk(folder, 'disk', 64);
  if (disk === undefined) return;
  await landInFewObjects(landed, 7, 120, 1);
  copyHome(landed, published);
  const ran = await reprise([...BACKFILL, '--json', '--home', published]);
  expect(ran.code, ran.stderr).toBe(0);
  runId = (JSON.parse(ran.stdout) as { runId: string }).runId;
  expected = await digests(published);
  const taken = join(folder, 'taken');
  copyHome(published, taken);
  expect((await reprise(['undo', runId, '--yes', '--home', taken])).code).toBe(0);
  undone = await digests(taken);
  needed = {
    backfill: await bytesOf(landed, BACKFILL),
    undo: await bytesOf(published, ['undo', runId, '--yes']),
    verify: 400 * KB,
  };
}, 240_000);

afterAll(() => {
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of the home on the disk, of which so much is left; `free` gives the rest back. */
function onFullDisk(from: string, leftBytes: number): { readonly home: string; free(): void; remove(): void } {
  const { path } = disk as SmallDisk;
  const home = join(path, 'home');
  const filler = join(path, 'filler');
  // What a test left that failed.
  for (const one of [filler, home]) rmSync(one, { recursive: true, force: true });
  if (from !== '') copyHome(from, home);
  const { bfree, bsize } = statfsSync(path);
  const file = openSync(filler, 'w');
  const piece = Buffer.alloc(64 * KB);
  for (let left = Math.round(bfree * bsize - leftBytes); left > 0; left -= piece.length)
    writeSync(file, piece, 0, Math.min(piece.length, left));
  closeSync(file);
  return {
    home,
    free: () => rmSync(filler),
    remove: () => {
      for (const one of [filler, home]) rmSync(one, { recursive: true, force: true });
    },
  };
}

/** Ended well, or in words of its own that name the full disk. */
function expectHonest(ended: Ended, what: string): void {
  const said = `${ended.stdout}${ended.stderr}`;
  expect(said, what).not.toMatch(/^\s+at .*:\d+:\d+/m);
  expect(said, what).not.toContain('internal error');
  if (ended.code === 0) return;
  expect(ended.code, `${what}: ${said}`).toBe(1);
  expect(said, what).toMatch(/DiskFull|the disk is full/);
}

/** Shares of what is needed that are left, from none on. */
const shares = (count: number): number[] =>
  Array.from({ length: count * STEPS }, (_, place) => place / (count * STEPS));

describe('a full disk', () => {
  it('during a backfill: catalog, control, staging, settling, deciding, publishing', async (context) => {
    if (disk === undefined) context.skip(WHY_SKIPPED);
    let full = 0;
    for (const share of shares(9)) {
      const { home, free, remove } = onFullDisk(landed, needed.backfill * share);
      const what = `backfill with ${Math.round(share * 100)} %`;
      const first = await reprise([...BACKFILL, '--json', '--home', home]);
      expectHonest(first, what);
      if (first.code !== 0) full++;
      free();
      let again = await reprise(['resume', '--home', home]);
      // Full before the run was recorded: the command is given again.
      if (again.code === 2) again = await reprise([...BACKFILL, '--home', home]);
      expect(again.code, `${what}: ${again.stderr}`).toBe(0);
      expect(await digests(home), what).toEqual(expected);
      remove();
    }
    expect(full).toBeGreaterThanOrEqual(6 * STEPS);
  }, 600_000);

  it('during an undo', async (context) => {
    if (disk === undefined) context.skip(WHY_SKIPPED);
    for (const share of shares(3)) {
      const { home, free, remove } = onFullDisk(published, needed.undo * share);
      const what = `undo with ${Math.round(share * 100)} %`;
      const first = await reprise(['undo', runId, '--yes', '--home', home]);
      expectHonest(first, what);
      free();
      let again = await reprise(['resume', '--home', home]);
      if (again.code === 2) again = await reprise(['undo', runId, '--yes', '--home', home]);
      expect(again.code, `${what}: ${again.stderr}`).toBe(0);
      expect(await digests(home), what).toEqual(undone);
      remove();
    }
  }, 300_000);

  it('during a verification, and a landing', async (context) => {
    if (disk === undefined) context.skip(WHY_SKIPPED);
    for (const share of [0, 0.3]) {
      const { home, free, remove } = onFullDisk(published, needed.verify * share);
      expectHonest(await reprise(['verify', 'pulsecart', '--home', home]), 'verify');
      free();
      const again = await reprise(['verify', 'pulsecart', '--home', home]);
      expect(again.code, again.stderr).toBe(0);
      remove();
    }
    const file = join(folder, 'events.ndjson');
    await writeFile(file, toNdjson(samples.generate({ seed: 7, events: 120, from: '2026-06-01', days: 1 })));
    const clean = join(folder, 'clean');
    const whole = await reprise(['land', 'pulsecart', file, '--json', '--home', clean]);
    for (const kilobytes of [0, 8, 24, 60]) {
      const { home, free, remove } = onFullDisk('', kilobytes * KB);
      expectHonest(await reprise(['land', 'pulsecart', file, '--home', home]), `land with ${kilobytes} kB`);
      free();
      const again = await reprise(['land', 'pulsecart', file, '--json', '--home', home]);
      expect(again.code, again.stderr).toBe(0);
      const { landed: now, alreadyThere } = JSON.parse(again.stdout) as { landed: number; alreadyThere: number };
      expect(now + alreadyThere).toBe((JSON.parse(whole.stdout) as { landed: number }).landed);
      remove();
    }
  }, 300_000);
});
