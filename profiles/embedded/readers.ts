// What commands ask of the warehouse beside the engine: each reader over the warehouse that the engine has open.

import { auditRows } from '../../adapters/duckdb-warehouse/audit.ts';
import { createChangeReader } from '../../adapters/duckdb-warehouse/changes.ts';
import { createDuckInspector, createDuckQuarantine } from '../../adapters/duckdb-warehouse/inspect.ts';
import { createDuckLatenessReader } from '../../adapters/duckdb-warehouse/lateness.ts';
import { createDuckOfferReader } from '../../adapters/duckdb-warehouse/offers.ts';
import type { DuckWarehouse } from '../../adapters/duckdb-warehouse/warehouse.ts';
import type { AuditRequest, TableAudit } from '../../ports/audit.ts';
import type { ChangeReader } from '../../ports/changes.ts';
import type { Inspector, Quarantine } from '../../ports/inspector.ts';
import type { LatenessReader } from '../../ports/lateness.ts';
import type { OfferReader } from '../../ports/offers.ts';
import type { Engine } from './engine.ts';

export { readParquet } from '../../adapters/duckdb/parquet-path.ts';

export const inspectorOf = ({ duck }: DuckWarehouse): Inspector => createDuckInspector(duck);
export const quarantineOf = ({ duck }: DuckWarehouse): Quarantine => createDuckQuarantine(duck);
export const latenessOf = ({ duck }: DuckWarehouse): LatenessReader => createDuckLatenessReader(duck);
export const offersOf = ({ duck }: DuckWarehouse): OfferReader => createDuckOfferReader(duck);
export const auditOf = ({ duck }: DuckWarehouse, request: AuditRequest): Promise<TableAudit[]> =>
  auditRows(duck, request);

/** Reads what a run changed; needs no warehouse. */
export const changeReaderOf = async (engine: Engine): Promise<ChangeReader> =>
  createChangeReader({ spill: await engine.scratch('diff-spill') });
