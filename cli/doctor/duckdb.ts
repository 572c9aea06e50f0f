// Whether DuckDB is installed and answers.

import { isRepriseError } from '../../model/errors.ts';
import { duckVersion } from '../../profiles/embedded/examination.ts';
import { type Check, faultOf } from './finding.ts';

export const duckdbCheck: Check = {
  name: 'duckdb',
  run: async () => {
    try {
      return [{ state: 'ok', says: `DuckDB ${await duckVersion()} answers` }];
    } catch (error) {
      if (isRepriseError(error)) return [{ ...faultOf(error), fix: 'install again: npm install' }];
      throw error;
    }
  },
};
