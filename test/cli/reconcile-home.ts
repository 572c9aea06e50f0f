// Homes on which land, backfill and reconcile are called as the command line calls them, without a process for each, and
// what stands in their warehouse.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../adapters/system/clock.ts';
import { drive } from '../../cli/commands/execution.ts';
import { planAndSave } from '../../cli/commands/planning.ts';
import { reconcileOn } from '../../cli/commands/reconcile.ts';
import { Terminal } from '../../cli/render/terminal.ts';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import type { Window } from '../../engine/plan/window.ts';
import type { Reconciliation } from '../../engine/reconcile/reconcile.ts';
import { createRun } from '../../engine/run/begin.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { type Delivery, toNdjson } from '../../generator/sample.ts';
import { Engine } from '../../profiles/embedded/engine.ts';
import { landChunks } from '../../profiles/embedded/landing.ts';

const quiet = new Terminal({ json: true, verbose: false, clock: systemClock });
quiet.progress = () => {};

/** A new home for as long as the work takes. All have one key, so that secret deliveries have one order. */
export async function inHome(work: (engine: Engine) => Promise<void>): Promise<void> {
  const home = await newHome();
  await onHome(home, work);
  await rm(home, { recursive: true, force: true });
}

export async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'reprise-reconcile-'));
  await onHome(home, async () => {});
  await writeFile(join(home, 'control', 'delivery.key'), Buffer.alloc(32, 7));
  return home;
}

/** What one command does on a home: it is opened for it, and closed. */
export async function onHome<T>(home: string, work: (engine: Engine) => Promise<T>, pipelines?: string): Promise<T> {
  const engine = await Engine.open({
    home,
    create: true,
    pipelinesFolder: pipelines,
    command: 'test',
    waitMs: 0,
    say: () => {},
  });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

export async function land(engine: Engine, pipeline: string, deliveries: readonly Delivery[]): Promise<void> {
  const chunks = async function* () {
    yield Buffer.from(toNdjson(deliveries as Parameters<typeof toNdjson>[0]));
  };
  await landChunks(engine, pipeline, chunks());
}

/** Without a window: all there is. */
export async function backfill(engine: Engine, pipeline: string, window?: Window): Promise<RunRecord> {
  const request = { window, reason: 'test', sliceBytes: PLAN_LIMITS.sliceBytes, onlyObjects: [], repair: false };
  const plan = await planAndSave(engine, pipeline, request, quiet);
  const run = await createRun(engine.controlDeps, plan, {
    stageOnly: false,
    approved: true,
    maxChange: undefined,
    maxActive: 1,
    newestFirst: false,
    verify: false,
  });
  return drive(engine, plan, run, quiet);
}

export const reconcile = (engine: Engine, pipeline: string, rebuild = false): Promise<Reconciliation> =>
  reconcileOn(engine, pipeline, quiet, { dryRun: false, rebuild, reason: 'reconcile', maxActive: 1 });

/** A row as it stands, without where and when it was published from. */
export interface Standing {
  readonly date: string;
  readonly content: string;
}

/** Every row of every table of the pipeline and of its quarantine, by table and key; of equal keys, one after the other. */
export async function standing(engine: Engine, name: string): Promise<ReadonlyMap<string, Standing>> {
  const pipeline = await engine.pipelines.compiled(name);
  return engine.withWarehouse(async ({ duck }) => {
    const rows = new Map<string, Standing>();
    const add = (key: string, date: unknown, content: unknown): void => {
      let place = 0;
      while (rows.has(`${key} ${place}`)) place++;
      rows.set(`${key} ${place}`, { date: String(date), content: String(content) });
    };
    for (const table of pipeline.tables) {
      const found = await duck.rows(`SELECT concat_ws(' ', ${table.key.join(', ')}) AS key,
        CAST(event_date AS VARCHAR) AS date, concat_ws(' ', _row_hash, _delivery, source) AS content
        FROM ${name}.${table.name} ORDER BY ALL`);
      for (const { key, date, content } of found) add(`${table.name} ${String(key)}`, date, content);
    }
    const rejected = await duck.rows(`SELECT concat_ws(' ', received_at, source, reason, detail) AS key,
      CAST(event_date AS VARCHAR) AS date, schema_version AS content FROM ${name}.quarantine ORDER BY ALL`);
    for (const { key, date, content } of rejected) add(`quarantine ${String(key)}`, date, content);
    return rows;
  });
}
