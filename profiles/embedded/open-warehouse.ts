// Opens the warehouse for a command: waits for another reprise, and for any other program, that has the file open.

import { type DuckWarehouse, openDuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import type { Home } from '../../adapters/folder/home.ts';
import { acquireWarehouse, type HeldWarehouse } from '../../adapters/folder/warehouse-lock.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';

const POLL_MS = 250;

export interface OpenWarehouseOptions {
  readonly home: Home;
  readonly command: string;
  readonly waitMs: number;
  readonly spill: string;
  readonly say: (line: string) => void;
}

export interface OpenedWarehouse {
  readonly lock: HeldWarehouse;
  readonly warehouse: DuckWarehouse;
}

/** Throws WarehouseHeld when it is not free after `waitMs`, whoever has it. A home that is only read needs no lock. */
export async function openWarehouse(options: OpenWarehouseOptions): Promise<OpenedWarehouse> {
  const { home, command, waitMs, spill, say } = options;
  const clock = systemClock;
  const deadlineMs = clock.nowMs() + waitMs;
  const leftMs = (): number => Math.max(0, deadlineMs - clock.nowMs());
  for (let announced = false; ; announced = true) {
    const lock = home.isReadOnly
      ? { release: async () => {} }
      : await acquireWarehouse({ home: home.path, command, waitMs: leftMs(), clock, onWait: say });
    try {
      const { warehousePath, deliveryKey, isReadOnly } = home;
      return { lock, warehouse: await openDuckWarehouse(warehousePath, spill, deliveryKey, { isReadOnly }) };
    } catch (error) {
      await lock.release();
      if (!isRepriseError(error) || error.code !== 'WarehouseHeld') throw error;
      if (leftMs() === 0)
        throw new RepriseError('WarehouseHeld', `${error.message}; waited ${waitMs / 1000} s`, error.fix);
      if (!announced) say(`waiting for the warehouse: ${error.message}`);
      await clock.sleep(Math.min(POLL_MS, leftMs()));
    }
  }
}
