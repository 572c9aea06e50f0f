// Whether DuckDB is installed and answers.

import { rm } from 'node:fs/promises';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { MEMORY } from '../../adapters/duckdb/memory.ts';
import { openTemporaryFolder } from '../../adapters/system/outside-home.ts';
import { isRepriseError } from '../../model/errors.ts';
import { type Check, faultOf } from './finding.ts';

export const duckdbCheck: Check = {
  name: 'duckdb',
  run: async () => {
    const tempFolder = await openTemporaryFolder('doctor');
    try {
      const duck = await openDuck({ memoryMb: MEMORY.catalogMb, threads: 1, tempFolder });
      try {
        const rows = await duck.rows('SELECT version() AS version');
        return [{ state: 'ok', says: `DuckDB ${String(rows[0]?.version)} answers` }];
      } finally {
        await duck.close();
      }
    } catch (error) {
      if (isRepriseError(error)) return [{ ...faultOf(error), fix: 'install again: npm install' }];
      throw error;
    } finally {
      await rm(tempFolder, { recursive: true, force: true });
    }
  },
};
