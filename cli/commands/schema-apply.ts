// `schema apply`: the warehouse's tables follow the declaration, before anything is published by it. What was applied
// last is kept in the control store, so that the ledger can say what each application changed for readers.

import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { epochsOf } from '../../engine/ledger/ledger.ts';
import type { SchemaChange } from '../../engine/schema/change.ts';
import { compareDeclarations } from '../../engine/schema/compare.ts';
import { columnCount, surfaceOf } from '../../engine/schema/surface.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { sha256Hex } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { SchemaEvolution } from '../../ports/warehouse.ts';
import { appliedKey, readApplied } from '../../profiles/embedded/applied-schema.ts';
import { meaningsOf } from '../../profiles/embedded/schema.ts';
import type { Arguments } from '../command.ts';
import { renderApply } from '../render/schema.ts';
import type { Terminal } from '../render/terminal.ts';
import { withEngine } from './session.ts';

const REFUSED = 3;

export function applySchema(args: Arguments, name: string, terminal: Terminal): Promise<number> {
  return withEngine(args, terminal, 'schema apply', false, async (engine) => {
    const dryRun = args['dry-run'] === true;
    const pipeline = await engine.pipelines.compiled(name);
    const surface = surfaceOf(pipeline, meaningsOf(engine.pipelines.fileOf(name)));
    const evolution = await engine.withWarehouse((warehouse) => warehouse.evolve(pipeline, !dryRun));
    const refused = evolution.refused.length > 0;
    const { surface: before, fault } = await readApplied(engine.home.control, name);
    if (fault !== undefined) terminal.say(`${fault}; it is written again, and only tables and columns are compared`);
    const changes = before === undefined ? additions(evolution) : compareDeclarations(before, surface);
    const isNews = changes.length > 0 || before === undefined;
    if (isNews && !dryRun && !refused) {
      const columns = columnCount(surface);
      const text = JSON.stringify(surface);
      await engine.ledger(name).append({ kind: 'schema_applied', columns, changes, applied: sha256Hex(text) });
      await engine.home.control.write(appliedKey(name), Buffer.from(text), { if: 'always' });
    }
    const repair = evolution.added.length > 0 && (await havePublished(engine.home.control, pipeline));
    const applied = { pipeline: name, dryRun, repair, applied: !dryRun && !refused, ...evolution, changes };
    terminal.result(applied, renderApply(applied));
    return refused ? REFUSED : 0;
  });
}

/** Whether these transforms have published already: what the tables lack of theirs was there, and was removed. */
export async function havePublished(
  control: ObjectStore,
  { name, transformDigest }: Pick<CompiledPipeline, 'name' | 'transformDigest'>,
): Promise<boolean> {
  return epochsOf((await inspectLedger(control, name)).entries, transformDigest).length > 0;
}

/** At the first application there is no declaration to compare with: what the tables lacked is what changed. */
const additions = ({ added }: SchemaEvolution): SchemaChange[] =>
  added.map(({ table, column, type, columns }) =>
    column === undefined
      ? { table, change: 'added', breaks: false, detail: 'a new table', columns }
      : { table, column, change: 'added', breaks: false, detail: `a new column of type ${type}` },
  );
