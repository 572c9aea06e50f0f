// Says what the warehouse lacks of what was published, and notes it, so that planning brings it back.

import { Coverage } from '../../engine/reconcile/coverage.ts';
import { findLost, hasLastPublished, type Lost, NOTHING_LOST, noteLost } from '../../engine/reconcile/lost.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { lostPublicationLines } from '../render/losses.ts';
import type { Terminal } from '../render/terminal.ts';

type WithWarehouse = <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;

/** Compares the ledger with the warehouse. Throws WarehouseNotOurs. */
export async function noteLosses(engine: Engine, name: string, terminal: Terminal): Promise<Lost> {
  return note(engine, name, terminal, (work) => engine.withWarehouse(work));
}

/** As noteLosses, for whoever comes often: one look-up where nothing is missing, and none while somebody has the warehouse. */
export async function noteLossesIfFree(engine: Engine, name: string, terminal: Terminal): Promise<Lost> {
  const free = await engine.ifFree(async (warehouse) => {
    const withIt: WithWarehouse = (work) => work(warehouse);
    const root = await new Coverage(engine.home.control, name).root();
    if (await hasLastPublished(root, withIt)) return NOTHING_LOST;
    return note(engine, name, terminal, withIt);
  });
  return free?.found ?? NOTHING_LOST;
}

async function note(engine: Engine, name: string, terminal: Terminal, withIt: WithWarehouse): Promise<Lost> {
  const pipeline = await engine.pipelines.compiled(name);
  const deps = { control: engine.home.control, runs: engine.runs };
  const lost = await findLost(deps, pipeline, withIt);
  if (!engine.home.isReadOnly) await noteLost(deps, pipeline, lost);
  for (const line of lostPublicationLines(name, lost)) terminal.say(line);
  return lost;
}
