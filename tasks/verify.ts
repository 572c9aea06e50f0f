// Task Verify: derives again from raw and compares. A difference is recorded, not thrown: Finish names it.
import { recordVerification, verifyPlan } from '../engine/publish/verify.ts';
import { runOf, type Task } from './context.ts';

export const verifyTask: Task = async (context, payload) => {
  const { runs, run, plan, pipeline } = await runOf(context, payload);
  if (!run.options.verify) return { skipped: true };
  const deps = { ...context, stager: (slice: number) => context.stager(`verify-${slice}`) };
  const verification = await verifyPlan(deps, pipeline, plan, run, context.onRows);
  await recordVerification({ ...context, runs }, run, verification);
  return { checked: verification.checked, differences: verification.differencesTotal };
};
