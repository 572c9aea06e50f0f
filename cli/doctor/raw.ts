// Whether the raw of rows that stand is still there. Raw expires, so that this is a note: how many events, at which dates.

import { goneRaw } from '../../engine/plan/gone-raw.ts';
import { absentOf } from '../../engine/plan/survey.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { GoneRows } from '../../ports/warehouse.ts';
import {
  type Home,
  lockOf,
  warehouseBytes,
  warehouseHolder,
  withUntouched,
} from '../../profiles/embedded/examination.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { goneText } from '../render/raw-gone.ts';
import type { Finding, HomeCheck } from './finding.ts';

const ALL_DATES = { from: '0001-01-01', to: '9999-12-31' } as const;

export const rawCheck: HomeCheck = {
  name: 'raw',
  run: async (home, args) => {
    const holder = await warehouseHolder(home.path);
    if (holder !== undefined && holder.liveness !== 'dead')
      return [{ state: 'note', says: 'not looked at while the warehouse is held' }];
    if ((await warehouseBytes(home.path)) === undefined) return [{ state: 'ok', says: 'no rows yet' }];
    const lock = await lockOf(home);
    try {
      const findings: Finding[] = [];
      for (const [name, gone] of await goneByPipeline(home, args.pipelines))
        if (gone.length > 0)
          findings.push({
            state: 'note',
            says: `${name}: raw is gone of ${goneText(gone)}; expired, or taken away. Replays leave them as they are`,
            fix: `nothing to do where it expired; put back below lake/raw/${name} what was taken away`,
          });
      return findings.length > 0 ? findings : [{ state: 'ok', says: 'the raw of all rows is in the lake' }];
    } finally {
      await lock.release();
    }
  },
};

/** Which ones is what the check of the tables says. */
function unlessTablesAreMissing(error: unknown): readonly string[] {
  if (isRepriseError(error) && error.code === 'Configuration') return [];
  throw error;
}

async function goneByPipeline(home: Home, folder: string | undefined): Promise<[string, GoneRows[]][]> {
  return withUntouched(home, async (warehouse) => {
    const pipelines = new Pipelines(folder);
    const found: [string, GoneRows[]][] = [];
    for (const name of pipelines.names()) {
      // One that does not load is another check's finding.
      const pipeline = await pipelines.compiled(name).catch(() => undefined);
      if (pipeline === undefined) continue;
      const keys = await warehouse.objectsWithRows(pipeline, ALL_DATES).catch(unlessTablesAreMissing);
      const gave = new Set(keys);
      if (gave.size === 0) continue;
      const absent = await absentOf(home.lake, name, gave);
      const deps = { control: home.control, clock: systemClock, warehouse };
      const { eventsByDate } = await goneRaw(deps, pipeline, ALL_DATES, absent);
      const rows = [...eventsByDate].sort(([a], [b]) => (a < b ? -1 : 1));
      found.push([name, rows.map(([date, count]) => ({ date, rows: count }))]);
    }
    return found;
  });
}
