// What `doctor` looks at in a home, and in the installation that works on it.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Duck, openDuck } from '../../adapters/duckdb/instance.ts';
import { MEMORY } from '../../adapters/duckdb/memory.ts';
import { DuckWarehouse, openDuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import type { Home } from '../../adapters/folder/home.ts';
import { acquireWarehouse, type HeldWarehouse } from '../../adapters/folder/warehouse-lock.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { openTemporaryFolder } from '../../adapters/system/outside-home.ts';

export { parsePage } from '../../adapters/duckdb/catalog-pages.ts';
export type { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
export {
  foreignScratch,
  freeDisk,
  isWholeParquet,
  staleScratch,
  warehouseBytes,
  warehouseHolder,
} from '../../adapters/folder/health.ts';
export { type Home, openHome } from '../../adapters/folder/home.ts';
export { exposures, sharedMode } from '../../adapters/folder/private-files.ts';
export { SILENT_SCRATCH_MS } from '../../adapters/system/heartbeat.ts';

/** The version of DuckDB, asked of DuckDB itself. */
export async function duckVersion(): Promise<string> {
  const tempFolder = await openTemporaryFolder('doctor');
  try {
    const duck = await openDuck({ memoryMb: MEMORY.catalogMb, threads: 1, tempFolder });
    try {
      const rows = await duck.rows('SELECT version() AS version');
      const version = String(rows[0]?.version);
      return version;
    } finally {
      await duck.close();
    }
  } finally {
    await rm(tempFolder, { recursive: true, force: true });
  }
}

/** The lock of the warehouse, without waiting. A home that cannot be written is read without one. */
export const lockOf = (home: Home): Promise<HeldWarehouse> =>
  home.isReadOnly
    ? Promise.resolve({ release: async () => {} })
    : acquireWarehouse({ home: home.path, command: 'doctor', waitMs: 0, clock: systemClock, onWait: () => {} });

/** The warehouse file as it is, even one that Reprise did not make; the caller holds the lock. */
async function openFile(home: Home, spill: string): Promise<Duck> {
  return openDuck({
    path: home.warehousePath,
    isReadOnly: home.isReadOnly,
    memoryMb: MEMORY.warehouseMb,
    threads: 1,
    tempFolder: join(home.scratch, spill),
  });
}

/** How many tables the warehouse file has; the caller holds the lock. */
export async function countTables(home: Home): Promise<number> {
  const duck = await openFile(home, 'doctor-spill');
  try {
    const rows = await duck.rows("SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name <> 'reprise'");
    const tables = Number(rows[0]?.n);
    return tables;
  } finally {
    await duck.close();
  }
}

/** The warehouse without what opening it for a run would make in it; the caller holds the lock. */
export async function withUntouched<T>(home: Home, work: (warehouse: DuckWarehouse) => Promise<T>): Promise<T> {
  const duck = await openFile(home, 'doctor-raw');
  try {
    return await work(new DuckWarehouse(duck, join(home.scratch, 'doctor-raw')));
  } finally {
    await duck.close();
  }
}

/** The warehouse that runs publish into; the caller holds the lock. */
export async function withPublished<T>(home: Home, work: (warehouse: DuckWarehouse) => Promise<T>): Promise<T> {
  const spill = join(home.scratch, 'doctor-ledger-spill');
  const options = { isReadOnly: home.isReadOnly };
  const warehouse = await openDuckWarehouse(home.warehousePath, spill, home.deliveryKey, options);
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}
