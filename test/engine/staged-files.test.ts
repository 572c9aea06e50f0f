// What is staged is only published as it was staged: files by their digests, manifests by their seals.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { areAsStaged, fetchStaged, fileDigest } from '../../engine/replay/staged-files.ts';
import { isSealed, sealed } from '../../engine/run/manifests.ts';
import { newFolder, STORES } from './control-world.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.entries(STORES))('files staged in %s', (_, open) => {
  it('are read as they were staged, and refused once they were changed or removed', async () => {
    const folder = newFolder();
    folders.push(folder);
    const stage = open(join(folder, 'stage'));
    const key = 'run-1/slices/000000/events.parquet';
    const put = async (text: string): Promise<void> => {
      const path = join(folder, 'file');
      writeFileSync(path, text);
      await stage.writeFile(key, path, { if: 'always' });
    };
    await put('rows');
    const file = { table: 'events', key, rows: 1, digest: (await fileDigest(stage, key)) ?? '' };
    expect(file.digest).toMatch(/^[0-9a-f]{64}$/);
    const fetched = await fetchStaged(stage, 'run-1', [file]);
    expect(fetched.files).toMatchObject([{ table: 'events', rows: 1 }]);
    await put('swap');
    await expect(fetchStaged(stage, 'run-1', [file])).rejects.toMatchObject({
      code: 'NotAsRecorded',
      fix: expect.stringContaining('reprise resume run-1'),
    });
    await put('rows');
    expect(await areAsStaged(stage, [file])).toBe(true);
    await stage.remove(key);
    await expect(fetchStaged(stage, 'run-1', [file])).rejects.toMatchObject({ code: 'NotAsRecorded' });
    const { digest: _, ...older } = file;
    expect(await areAsStaged(stage, [older])).toBe(false);
  });
});

describe('the manifest of a slice', () => {
  const key = Buffer.alloc(32, 7);
  const manifest = { slice: 3, deliveries: 5, rejected: 1, files: [], unreadable: [] };

  it('counts with its seal, for its run, however it is laid out', () => {
    const whole = sealed(key, 'run-1', manifest);
    expect(isSealed(key, 'run-1', JSON.parse(JSON.stringify({ seal: whole.seal, ...manifest })))).toBe(true);
    expect(isSealed(key, 'run-2', whole)).toBe(false);
    expect(isSealed(key, 'run-1', { ...whole, deliveries: 6 })).toBe(false);
    expect(isSealed(Buffer.alloc(32, 8), 'run-1', whole)).toBe(false);
    expect(isSealed(key, 'run-1', manifest)).toBe(false);
  });
});
