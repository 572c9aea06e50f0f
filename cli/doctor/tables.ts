// Whether the tables of pipelines that have published have what the declarations say.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { SchemaEvolution } from '../../ports/warehouse.ts';
import type { Home } from '../../profiles/embedded/examination.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import { havePublished } from '../commands/schema-apply.ts';
import type { Finding, HomeCheck } from './finding.ts';
import { pipelineNames } from './pipelines.ts';
import { hasPublished } from './published.ts';
import { heldOrFault, withWarehouse } from './with-warehouse.ts';

export const tablesCheck: HomeCheck = {
  name: 'tables',
  run: async (home, args) => {
    const every = new Pipelines(args.pipelines);
    const findings: Finding[] = [];
    for (const name of pipelineNames(args)) {
      // One that does not load is another check's finding.
      const pipeline = await every.compiled(name).catch(() => undefined);
      if (pipeline === undefined || !(await hasPublished(home, name))) continue;
      try {
        const evolution = await withWarehouse(home, async (warehouse) => warehouse?.evolve(pipeline, false));
        if (evolution !== undefined) findings.push(...(await findingsIn(home, pipeline, evolution)));
      } catch (error) {
        findings.push(heldOrFault(error));
      }
    }
    return findings.length > 0 ? findings : [{ state: 'ok', says: 'every table has the columns of its declaration' }];
  },
};

async function findingsIn(
  home: Home,
  pipeline: CompiledPipeline,
  { added, refused }: SchemaEvolution,
): Promise<Finding[]> {
  const { name } = pipeline;
  const lacking = added.map(({ table, column }) =>
    column === undefined ? `the table ${name}.${table}` : `the column ${column} of ${name}.${table}`,
  );
  const findings: Finding[] = [];
  const wasThere = await havePublished(home.control, pipeline);
  if (lacking.length > 0) {
    findings.push({
      state: wasThere ? 'wrong' : 'note',
      says: `the warehouse lacks ${lacking.join(', ')}${wasThere ? ', which was there and was removed' : ', which is new in the declaration'}`,
      fix: `reprise schema apply ${name}, then reprise backfill ${name} --all${wasThere ? ' --repair' : ''}`,
    });
  }
  if (refused.length > 0)
    findings.push({
      state: wasThere ? 'wrong' : 'note',
      says: `declared otherwise: ${refused.map(({ table, column, has, wants }) => `${name}.${table}.${column} is ${has}, declared as ${wants}`).join('; ')}`,
      fix: `reprise schema apply ${name} --dry-run`,
    });
  return findings;
}
