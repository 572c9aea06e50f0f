// What a run has committed, from what is recorded of it: for the coverage, when the run ends and when coverage is derived
// again.

import type { GroupOutcome } from '../../ports/warehouse.ts';
import { lastPossibleDate } from '../plan/pins.ts';
import { isComplete, type Plan, type PlannedDate } from '../plan/plan-document.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import type { Publication } from './coverage-changes.ts';
import type { PublishedObject } from './covered-day.ts';

/** Undefined when it has committed nothing. `offers`: the pipeline has rows that events offer. */
export async function publicationOf(
  runs: Runs,
  plan: Plan,
  run: RunRecord,
  offers: boolean,
): Promise<Publication | undefined> {
  const outcomes = await outcomesOf(runs, run);
  if (outcomes.length === 0) return undefined;
  const { body } = plan;
  // Plans of the first versions do not say which dates their objects hold.
  if (plan.former?.objects.some((object) => object.dates === undefined)) return undefined;
  const settled = await runs.document<{ unreadable: readonly { key: string; detail: string }[] }>(run.runId, 'settled');
  const found = new Map((settled?.unreadable ?? []).map(({ key, detail }) => [key, detail]));
  const groups = new Set(outcomes.map(({ group }) => group));
  const held = new Set(outcomes.flatMap(({ heldDates }) => heldDates));
  const reached = body.dates.filter(({ date, group }) => groups.has(group) && !held.has(date));
  const gapUntil = [...found.keys()].map(lastPossibleDate).sort().at(-1) ?? '';
  // What is gone for good is not waited for.
  const isWhole = (one: PlannedDate): boolean => isComplete(one) && !body.partial && one.date > gapUntil;
  return {
    epoch: run.epoch,
    partial: body.partial,
    offers,
    dates: new Set(reached.map(({ date }) => date)),
    whole: new Set(reached.filter(isWhole).map(({ date }) => date)),
    objects: () => publishedObjects(runs, plan, found),
  };
}

/** `found`: what turned out to be unreadable when it was staged. */
async function* publishedObjects(
  runs: Runs,
  plan: Plan,
  found: ReadonlyMap<string, string>,
): AsyncGenerator<PublishedObject, void, undefined> {
  for await (const { key, version, dates, unreadable } of runs.objectsOf(plan)) {
    const fault = unreadable ?? found.get(key);
    yield { key, version, dates, ...(fault === undefined ? {} : { unreadable: fault }) };
  }
}

/** Groups that are committed; of a run that found nothing to change, all that it looked at. */
async function outcomesOf(runs: Runs, run: RunRecord): Promise<readonly GroupOutcome[]> {
  if (run.state !== 'nothing_to_do' || run.undoes !== undefined) return runs.groups(run.runId);
  return (await runs.document<{ outcomes: readonly GroupOutcome[] }>(run.runId, 'preview'))?.outcomes ?? [];
}
