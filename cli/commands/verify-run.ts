// What became of the rows of a run, also of an old one: which are as it wrote them, which later runs replaced, whether it was
// undone. Where raw and transforms are still those of the run, its rows are derived again too.

import { readEntries } from '../../engine/ledger/inspect.ts';
import { refuseDrift } from '../../engine/plan/drift.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import { type AuditFault, auditFaults } from '../../engine/publish/audit.ts';
import { SETTLED, type Settled } from '../../engine/publish/settle.ts';
import { areAsStaged, fetchStaged } from '../../engine/replay/staged-files.ts';
import { checkedRun } from '../../engine/run/recorded.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { standingUndo } from '../../engine/run/undone.ts';
import { isRepriseError } from '../../model/errors.ts';
import type { TableAudit } from '../../ports/audit.ts';
import { declarationKey } from '../../profiles/embedded/declarations.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { auditOf } from '../../profiles/embedded/readers.ts';

export interface RunAudit {
  readonly run: RunRecord;
  readonly tables: readonly TableAudit[];
  readonly faults: readonly AuditFault[];
  readonly undoneBy: string | undefined;
  /** The code that ran, and where what the pipeline declared is kept. */
  readonly code: string | undefined;
  readonly declaration: string | undefined;
  /** Why its rows cannot be derived again here; undefined when they can. */
  readonly notDerivable: { readonly because: string; readonly next?: string } | undefined;
}

/** Throws NotAsRecorded when the record of the run is not what the ledger says. */
export async function auditRun(engine: Engine, found: RunRecord, plan: Plan): Promise<RunAudit> {
  const { run } = await checkedRun(engine.controlDeps, found.runId);
  const { runId } = run;
  const entries = await readEntries(engine.home.control, run.pipeline);
  const pipeline = await engine.pipelines.compiled(run.pipeline);
  const sameColumns = plan.body.schemaDigest === pipeline.schemaDigest;
  const settled = await engine.runs.document<Settled>(runId, SETTLED);
  const files = settled !== undefined && (await areAsStaged(engine.home.stage, settled.files)) ? settled.files : [];
  const staged = await fetchStaged(engine.home.stage, runId, files);
  const undo = await standingUndo(engine.runs, runId);
  try {
    const tables = await engine.withWarehouse((warehouse) =>
      auditOf(warehouse, {
        schema: run.pipeline,
        runId,
        tables: [...plan.body.tables, 'quarantine'],
        changesFolder: engine.taskContext(() => {}).changesFolder(runId),
        staged: run.undoes === undefined ? staged.files : [],
        pipeline: sameColumns ? pipeline : undefined,
      }),
    );
    // An undo puts rows back as other runs wrote them.
    const faults = undo === undefined && run.undoes === undefined ? auditFaults(tables, entries, runId) : [];
    const started = entries.findLast((entry) => entry.kind === 'run_started' && entry.runId === runId);
    const made = entries.findLast((entry) => entry.kind === 'plan_made' && entry.planId === plan.id);
    const declaration = made?.kind === 'plan_made' ? made.declaration : undefined;
    const notDerivable = await whyNot(engine, run, plan, tables, undo?.runId);
    return { run, tables, faults, undoneBy: undo?.runId, code: started?.code, declaration, notDerivable };
  } finally {
    await staged.release();
  }
}

async function whyNot(
  engine: Engine,
  run: RunRecord,
  plan: Plan,
  tables: readonly TableAudit[],
  undo: string | undefined,
): Promise<RunAudit['notDerivable']> {
  if (run.undoes !== undefined)
    return { because: `it is the undo of run ${run.undoes}, and put back rows of other runs` };
  if (undo !== undefined) return { because: `it was undone by run ${undo}` };
  const pipeline = await engine.pipelines.compiled(run.pipeline);
  if (pipeline.transformDigest !== plan.body.transformDigest || pipeline.schemaDigest !== plan.body.schemaDigest) {
    const was = `${plan.body.transformDigest.slice(0, 12)}, here they are ${pipeline.transformDigest.slice(0, 12)}`;
    return {
      because: `the transforms or columns changed since: they were ${was}`,
      next: `with the pipelines that it ran with: reprise verify ${run.runId} --pipelines FOLDER`,
    };
  }
  for (const runId of new Set(tables.flatMap(({ replaced }) => replaced.map((one) => one.runId)))) {
    const other = await transformsOf(engine, runId);
    if (other !== plan.body.transformDigest)
      return {
        because: `rows of run ${runId}, by other transforms, are in their place`,
        next: `reprise verify ${runId}`,
      };
  }
  try {
    await refuseDrift(engine.home, plan, pipeline);
    return undefined;
  } catch (error) {
    if (!isRepriseError(error) || error.code !== 'PlanDrifted') throw error;
    return { because: error.message, next: error.fix };
  }
}

async function transformsOf(engine: Engine, runId: string): Promise<string | undefined> {
  try {
    return (await engine.runs.plan((await engine.runs.run(runId)).planId)).body.transformDigest;
  } catch (error) {
    if (isRepriseError(error)) return undefined;
    throw error;
  }
}

export const declarationPath = (digest: string): string => `control/${declarationKey(digest)}`;
