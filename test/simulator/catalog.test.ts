// The catalog of the simulator keeps the promises of every catalog.

import { SimCatalog, type StandingKey } from '../../simulator/catalog.ts';
import { describeCatalog } from '../contracts/catalog.ts';

const STATES = 100;

describeCatalog('simulated', STATES, async () => {
  const exported: (readonly StandingKey[])[] = [];
  const catalog = new SimCatalog(async (path) => exported[Number(path)] ?? []);
  return {
    catalog,
    exportKeys: async (rows) => String(exported.push(rows) - 1),
    hashOf: catalog.hashOf,
    close: async () => {},
  };
});
