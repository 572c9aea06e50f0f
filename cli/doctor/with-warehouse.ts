// Opens the warehouse for a check that asks it something, and only when nobody holds it.

import { join } from 'node:path';
import { isRepriseError } from '../../model/errors.ts';
import { type DuckWarehouse, type Home, warehouseBytes } from '../../profiles/embedded/examination.ts';
import { openWarehouse } from '../../profiles/embedded/open-warehouse.ts';
import { type Finding, faultOf } from './finding.ts';

/** Undefined for a file that is not there: opening would make it. Throws WarehouseHeld. */
export async function withWarehouse<T>(
  home: Home,
  work: (warehouse: DuckWarehouse | undefined) => Promise<T>,
): Promise<T> {
  if ((await warehouseBytes(home.path)) === undefined) return work(undefined);
  const spill = join(home.scratch, 'doctor-spill');
  const { warehouse, lock } = await openWarehouse({ home, command: 'doctor', waitMs: 0, spill, say: () => {} });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
    await lock.release();
  }
}

/** What a check says of an error: that the warehouse is held is nothing wrong. */
export const heldOrFault = (error: unknown): Finding =>
  isRepriseError(error) && error.code === 'WarehouseHeld'
    ? { state: 'note', says: 'not looked at while the warehouse is held', fix: 'again when it is free' }
    : faultOf(error);
