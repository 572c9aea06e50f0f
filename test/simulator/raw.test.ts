// The readers of raw objects in memory keep the promises of every reader.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakObject, landObject, SimRawReader } from '../../simulator/raw.ts';
import { type Disk, SimStore } from '../../simulator/store.ts';
import { MemoryLake, MemoryRawReader } from '../adapters/memory-raw.ts';
import { describeRawReader } from '../contracts/raw-reader.ts';

const ROW_GROUP_ROWS = 2;

describeRawReader('simulated', async () => {
  const disk: Disk = new Map();
  const lake = new SimStore('lake', disk);
  let objects = 0;
  const landed = async (land: (key: string) => void): Promise<string> => {
    const key = `raw/tiny/${objects++}.parquet`;
    land(key);
    return (await lake.fetch(key)).path;
  };
  return {
    reader: new SimRawReader(disk),
    land: (deliveries) => landed((key) => landObject(lake, key, deliveries, new Set())),
    landBroken: () => landed((key) => breakObject(lake, key)),
    close: async () => {},
  };
});

describeRawReader('memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-memory-raw-'));
  const lake = new MemoryLake(folder);
  let objects = 0;
  const landed = async (land: (key: string) => Promise<void>): Promise<string> => {
    const key = `raw/tiny/${objects++}.parquet`;
    await land(key);
    return (await lake.fetch(key)).path;
  };
  return {
    reader: new MemoryRawReader(lake, ROW_GROUP_ROWS),
    land: (deliveries) => landed((key) => lake.land(key, deliveries)),
    landBroken: () => landed((key) => lake.breakObject(key)),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
});
