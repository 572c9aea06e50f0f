import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { describeObjectStore } from '../contracts/object-store.ts';
import { MemoryStore } from './memory-store.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeObjectStore('memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-memory-'));
  folders.push(folder);
  return new MemoryStore(folder);
});
