// Makes and keeps a plan, with progress while unknown raw objects are read.

import { makePlan, type PlanRequest } from '../../engine/plan/plan.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import type { UndeclaredColumn } from '../../ports/warehouse.ts';
import { keepDeclaration } from '../../profiles/embedded/declarations.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { cataloguing } from '../render/cataloguing.ts';
import type { Terminal } from '../render/terminal.ts';
import { noteLosses } from './losses.ts';

export async function planAndSave(
  engine: Engine,
  pipelineName: string,
  request: PlanRequest,
  terminal: Terminal,
): Promise<Plan> {
  const pipeline = await engine.pipelines.compiled(pipelineName);
  await noteLosses(engine, pipelineName, terminal);
  const deps = engine.planDeps(pipeline);
  const plan = await makePlan(deps, pipeline, request, (progress) => terminal.progress(cataloguing(progress)));
  terminal.clear();
  // What comes next needs the memory.
  await engine.closeReaders(pipeline);
  await engine.runs.savePlan(plan);
  const { control } = engine.home;
  await engine.ledger(pipelineName).append({
    kind: 'plan_made',
    planId: plan.id,
    reason: request.reason,
    declaration: await keepDeclaration(control, pipeline, engine.pipelines.fileOf(pipelineName)),
  });
  return plan;
}

/** Columns with values in the plan's window that the declaration does not have. */
export async function undeclaredIn(engine: Engine, plan: Plan): Promise<readonly UndeclaredColumn[]> {
  const pipeline = await engine.pipelines.compiled(plan.body.pipeline);
  const found = await engine.withWarehouse((warehouse) => warehouse.undeclared(pipeline, plan.body.window));
  return found.filter(({ values }) => values > 0);
}
